#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What comments and pages refer to is there: sources by name, such as core.c, and decisions by number.
set -u
# shellcheck source=tests/layering/whole_tree.sh
. tests/layering/whole_tree.sh

# references PATTERN: "file: text" for each piece of text like that
references() {
	grep -rnoE --include='*.[chS]' --include='*.md' "$1" cgroups sysfs kernel execd tools docs |
		sed -E 's/:[0-9]+:/: /'
}

# check: complaints about the tree in the current directory
check() {
	references '\b[a-z][a-z0-9_]*\.c\b' | sort -u | while read -r where name; do
		[ -n "$(find cgroups sysfs kernel execd tools tests -name "$name" -print -quit)" ] ||
			echo "$where $name"
	done
	references 'decisions/[0-9]{4}' | while read -r where page; do
		compgen -G "docs/$page-*.md" >/dev/null || echo "$where $page"
	done
}

enter_sources
[ "$(references '\b[a-z]+\.c\b' | wc -l)" -gt 100 ] || {
	echo "$PWD: no sources found"
	exit 1
}
require_none "what is referred to is not there"

# The check finds each kind of mistake.
enter_sample
mkdir -p cgroups sysfs kernel execd tools tests docs/decisions
touch tests/there.c docs/decisions/0001-there.md
echo '/* see there.c, not_there.c; decisions/0001 */' >kernel/a.h
echo 'there.c (decisions/0001, decisions/0002)' >docs/a.md
require_complaint $'kernel/a.h: not_there.c\ndocs/a.md: decisions/0002'
