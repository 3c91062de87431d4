#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/syscalls.md has one section `## name (number)` for each row of kernel/sys/syscall_list.h, and
# no other; both are in the order of the numbers, the page within each of its parts.
set -u
list=$1
page=$2

# A row `SYSCALL(63, read)` and a heading `## read (63)` both become `63 read`.
rows() { sed -nE 's/^SYSCALL\(([0-9]+), ([a-z0-9_]+)\)$/\1 \2/p' "$1"; }
sections() { sed -nE 's/^## ([a-z0-9_]+) \(([0-9]+)\)$/\2 \1/p' "$1"; }

failed=0
complain() {
	[ -z "$2" ] || {
		printf '%s:\n%s\n' "$1" "$2"
		failed=1
	}
}

[ "$(rows "$list" | wc -l)" -gt 50 ] || complain "$list" "has hardly any rows: is it the list?"
complain "rows without a section in $page" "$(comm -23 <(rows "$list" | sort) <(sections "$page" | sort))"
complain "sections without a row in $list" "$(comm -13 <(rows "$list" | sort) <(sections "$page" | sort))"
complain "numbers or sections that are there twice" \
	"$(rows "$list" | cut -d' ' -f1 | sort | uniq -d; sections "$page" | sort | uniq -d)"
complain "lines of $list that are no row" "$(grep -nvE '^(SYSCALL\([0-9]+, [a-z0-9_]+\)|/\*.*\*/)?$' "$list")"
complain "headings of $page that name no call" \
	"$(grep -nE '^## ' "$page" | grep -vE ':## [a-z0-9_]+ \([0-9]+\)$')"
rows "$list" | sort -nc -k1,1 || failed=1
exit $failed
