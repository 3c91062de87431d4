# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# machine.sh - what every test in QEMU has: a machine to boot, and a look at what it said.
# The caller sourced us with the paths of the machine's parts, see machine_parts in qemu.bzl.
#
# boot OPTION... runs ./run's machine to its end and fills `status`, `output` (the command's
# bytes) and `log` (the serial line); both are files. Each boot starts them anew.

export TAPER_KERNEL=$1 TAPER_BASE=$2 TAPER_DEMO=$3 TAPER_QEMU=$4 TAPER_FIRMWARE=$5
machine=$6
export TAPER_MKCPIO=$7
scratch=${TEST_TMPDIR:-$(mktemp -d)}
export TMPDIR=$scratch
output=$scratch/output
log=$scratch/log

boot() {
	booted=$*
	status=0
	"$machine" "$@" <"${input:-/dev/null}" >"$output" 2>"$log" || status=$?
}

# fail WHY: ends the test and shows all there is.
fail() {
	printf 'FAILED: %s\n  machine: %s\n' "$1" "$booted"
	printf -- '--- standard output (status %s)\n' "$status"
	head -c 20000 "$output"
	printf -- '\n--- log, its last 200 lines\n'
	tail -n 200 "$log"
	exit 1
}

expect_status() { ((status == $1)) || fail "the status is $status, not $1"; }
expect_output() { grep -qF -- "$1" "$output" || fail "standard output lacks: $1"; }
expect_exactly() { printf '%s' "$1" | cmp -s - "$output" || fail "standard output is not: $1"; }
expect_log() { grep -qF -- "$1" "$log" || fail "the log lacks: $1"; }
reject_log() { ! grep -qF -- "$1" "$log" || fail "the log says: $1"; }

# A kernel that noticed its own mistake has failed, whatever else went well.
expect_sound() {
	! grep -qE 'PANIC|[Aa]ssertion' "$log" || fail "the kernel's log has a panic or an assertion"
}
