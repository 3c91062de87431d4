# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# run_test.sh - what ./run promises about a command: its output and nothing else, its status,
# its input; and about a machine that does not end.

boot --config none -- /bin/sh -c 'echo out; echo err >&2; exit 42'
expect_status 42
expect_exactly $'out\n'
expect_log $'err'
expect_sound

boot --config none -- /bin/true
expect_status 0
expect_exactly ""

boot --config none -- /bin/echo "two  words" "" "it's"
expect_exactly $'two  words  it\'s\n'

echo "first line" >"$scratch/input"
input=$scratch/input boot --config none -- /bin/head -n 1
expect_status 0
expect_exactly $'first line\n'

boot --config none --timeout 3 -- /bin/sleep 60
expect_status 124
expect_log "3 seconds were not enough"

printf 'data\n' >"$scratch/added"
boot --config none --add "$scratch/added:/var/lib/added" -- /bin/cat /var/lib/added
expect_status 0
expect_exactly $'data\n'

boot --config none -- /no/such/program
((status != 0)) || fail "a command that is not there succeeded"
expect_log "/no/such/program"

printf '\177ELFjunk' >"$scratch/broken"
chmod +x "$scratch/broken"
boot --config none --add "$scratch/broken:/bin/broken" -- broken
expect_status 126
expect_log "execd: broken: this is no program that runs here (ENOEXEC)"
