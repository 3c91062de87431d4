# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# trace_test.sh - what `schedctl trace` writes on eight CPUs: all of a known load, in order; and what it says when the
# load was too much for its rings.

# On each CPU a shell and so many children, one after the other; each is there once, with its end.
boot --config none --smp 8 --timeout 50 -- /bin/sh -c "
	schedctl trace -o /tmp/trace -- sh -c '
		for cpu in 0 1 2 3 4 5 6 7; do
			taskset -c \$cpu sh -c \"for i in \\\$(seq 50); do (exit); done\" &
		done
		wait'
	cat /tmp/trace"
expect_sound
expect_status 0
python3 tests/tools/trace_check.py whole 8 50 <"$output" || fail "the timeline is wrong"

# Its reader is stopped meanwhile.
boot --config none --smp 8 --timeout 50 -- /bin/sh -c "
	schedctl trace -o /tmp/trace -- sh -c '
		kill -STOP \$PPID
		taskset -c 5 sh -c \"for i in \\\$(seq 2500); do (exit); done\"
		kill -CONT \$PPID
		taskset -c 5 sh -c \"for i in \\\$(seq 50); do (exit); done\"'
	cat /tmp/trace"
expect_sound
expect_status 0
python3 tests/tools/trace_check.py lost 5 50 <"$output" || fail "the timeline is wrong"
