# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# no_memory.sh - a program whose allocations fail in turn: for tests of whole programs; sourced. The caller
# has made the directory $folder/before; the program works on its copy, $folder/now.
failures=0
export FAIL_MALLOC FAIL_MALLOC_MARK

complain() {
	printf 'FAIL: %s: allocation %s: %s: status %s\n%s\n' "$name" "$FAIL_MALLOC" "$1" "$status" \
		"$(cat "$folder/out" "$folder/errors")" >&2
	failures=$((failures + 1))
}

attempt() {
	rm -rf "$folder/now" "$FAIL_MALLOC_MARK"
	cp -a "$folder/before" "$folder/now"
	status=0
	"$@" >"$folder/out" 2>"$folder/errors" </dev/null || status=$?
}

# fail_each PROGRAM ARGUMENT...: when an allocation has failed, either all is as if none had, or it says so, ends
# with 1, and has changed nothing.
fail_each() {
	local wanted=0 status
	name=$*
	FAIL_MALLOC=1000000 FAIL_MALLOC_MARK=$folder/mark
	attempt "$@"
	wanted=$status
	rm -rf "$folder/after"
	mv "$folder/now" "$folder/after"
	mv "$folder/out" "$folder/wanted"
	for ((FAIL_MALLOC = 1; FAIL_MALLOC < 2000; FAIL_MALLOC++)); do
		attempt "$@"
		if ((status == wanted)) && cmp -s "$folder/out" "$folder/wanted"; then
			diff -r "$folder/after" "$folder/now" >/dev/null || complain "something is missing"
		elif [[ ! -e $FAIL_MALLOC_MARK ]]; then
			complain "nothing failed"
		elif ((status != 1)) || ! grep -q memory "$folder/errors"; then
			complain "it does not say so"
		elif ! diff -r "$folder/before" "$folder/now" >/dev/null; then
			complain "something has changed"
		fi
		[[ -e $FAIL_MALLOC_MARK ]] || break
	done
	((FAIL_MALLOC < 2000)) || complain "there is no end"
	echo "$name: $((FAIL_MALLOC - 1)) allocations failed"
}
