#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: run_fuzz.sh FUZZER CORPUS WORDS: lets a fuzzer look for trouble for TAPER_FUZZ_SECONDS (40),
# beginning with the corpus and trying the words. What it finds is printed in base64.
set -u
fuzzer=$1
corpus=$2
words=$3
scratch=$(mktemp -d "${TEST_TMPDIR:-/tmp}/corpus.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/new"
"$fuzzer" -max_total_time="${TAPER_FUZZ_SECONDS:-40}" -max_len=512 -timeout=10 -print_final_stats=1 \
	-dict="$words" -artifact_prefix="$scratch/found-" "$scratch/new" "$corpus" >"$scratch/log" 2>&1
status=$?
tail -n 40 "$scratch/log"
for found in "$scratch"/found-*; do
	[ -e "$found" ] || continue
	echo "input (base64): $(base64 -w 0 "$found")"
done
executed=$(awk '/stat::number_of_executed_units/ { print $2 }' "$scratch/log")
[ "$status" = 0 ] && [ "${executed:-0}" -lt 1000 ] && {
	echo "only ${executed:-0} inputs were tried: the fuzzer does not run"
	exit 1
}
exit "$status"
