#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# guest_test.sh PART... OPTION... - a program in the guest that prints TAP.
#
# It has failed on a `not ok`, a plan that is missing, late or not kept, a bail-out, a status
# other than 0, a panic or an assertion in the kernel's log, or when it does not end in time.
set -euo pipefail

# shellcheck source=tools/qemu/machine.sh
source tools/qemu/machine.sh "${@:1:7}"
shift 7

boot "$@"
expect_sound
((status != 124)) || fail "it did not end in time"
why=$(awk '
	function bad(text) { print "line " NR ": " text; wrong = 1; exit }
	{ sub(/\r$/, "") }
	/^1\.\.[0-9]+/ {
		if (planned)
			bad("a second plan")
		planned = 1
		plan = substr($1, 4) + 0
		next
	}
	/^Bail out!/ { bad($0) }
	/^not ok/ { bad($0) }
	/^ok/ {
		count++
		if ($2 ~ /^[0-9]+$/ && $2 != count)
			bad("test " $2 " where " count " was due")
	}
	END {
		if (wrong)
			exit
		if (!planned)
			print "no plan (1..N)"
		else if (plan == 0)
			print "a plan of no tests"
		else if (plan != count)
			print "the plan was " plan " tests, " count + 0 " passed"
	}' "$output")
[[ -z $why ]] || fail "$why"
expect_status 0
cat "$output"
