# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# cores_alike.sh - a kernel that knows no cores and no packages fails cores.c, in many of its scenes.

boot --smp 8 --packages 2 --threads 2 --config none --icount=0 --slice 1000 --append sabotage=cores \
	--add tests/guest/cores:/tests/cores --timeout 50 -- /tests/cores
expect_sound
expect_status 1
expect_output "1.."
missed=$(grep -c "^not ok" "$output")
((missed >= 5)) || fail "only $missed scenes miss it"
