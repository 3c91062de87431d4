#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# execd on the host: it checks recipes, and refuses to be anything but process 1.
set -euo pipefail
execd=$PWD/$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
demo=$folder/demo
mkdir "$demo"
cp "${@:2}" "$demo"

fail() { echo "FAIL: $*" >&2; exit 1; }

out=$("$execd" --check "$demo" 2>&1) || fail "the demo has mistakes: $out"
[[ ${out##*$'\n'} == "3 services, 4 groups, 0 mistakes" ]] || fail "the demo: $out"

printf '[service b]\nexec=x\ncpus=y\n' >"$folder/b.ini"
printf '[service a]\nexec=x\nshares=0\n' >"$folder/a.ini"
printf 'nonsense' >"$folder/c.txt"
status=0
errors=$("$execd" --check "$folder" 2>&1 >/dev/null) || status=$?
[[ $status == 1 ]] || fail "mistakes answer 1, not $status"
[[ $errors == "a.ini:3: service a: shares 0:"*$'\n'"b.ini:3: service b: cpus y:"* ]] ||
	fail "files are read in order, each mistake told: $errors"

status=0
errors=$("$execd" --check "$folder/none" 2>&1 >/dev/null) || status=$?
[[ $status == 1 && $errors == *"/none: No such file or directory (ENOENT)" ]] ||
	fail "a missing directory: $status: $errors"

status=0
errors=$("$execd" 2>&1) || status=$?
[[ $status == 2 && $errors == "execd: this is process "*", and execd is process 1"* ]] ||
	fail "not process 1: $status: $errors"
"$execd" --help | grep -q '^usage: execd --check DIRECTORY$' || fail "--help"
