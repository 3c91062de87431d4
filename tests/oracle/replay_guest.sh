# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# replay_guest.sh FAMILY OPTION... - plays a family's conversations in the guest, through its
# mounts, on a machine like the recorder's: 8 CPUs, 2 memory nodes. What it prints is held against
# the trace here.
family=$1
shift

sed -e '/^ /d; /^end$/d; s/\(.*\) = .*/\1/' "tests/oracle/traces/$family.trace" >"$scratch/script"
boot --smp 8 --numa 2 --config none --timeout 45 --add tests/oracle/treeoracle:/treeoracle \
	--add "$scratch/script:/script" "$@" -- /treeoracle /script
expect_sound
expect_status 0
tests/oracle/guest_compare "$family" "$output" >"$scratch/comparison" || {
	head -n 100 "$scratch/comparison"
	tail -n 1 "$scratch/comparison"
	exit 1
}
cat "$scratch/comparison"
