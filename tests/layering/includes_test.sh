#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Includes point down only: cgroups <- sysfs <- kernel; the programs use the public headers of the
# pure libraries and of the kernel's own calls, and nobody uses another's private ones.
set -u
# shellcheck source=tests/layering/whole_tree.sh
. tests/layering/whole_tree.sh

# includes DIRECTORY... : "file: header" for each include
includes() {
	local directive='^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+'
	grep -rnoE --include='*.[chS]' --include='*.cc' "$directive" "$@" 2>/dev/null |
		sed -E 's/^([^:]+):[0-9]+:.*[<"]/\1: /'
}

# check: complaints about the tree in the current directory
check() {
	local c_headers='errno\.h|stdbool\.h|stddef\.h|stdint\.h|string\.h'
	includes cgroups | grep -vE ": (cgroups/[a-z_]+\.h|$c_headers)$"
	includes sysfs | grep -vE ": ((cgroups|sysfs)/[a-z_]+\.h|$c_headers)$"
	includes kernel | grep -E ': (execd|tools|tests)/'
	includes execd tools | grep -E ': (kernel|tests)/' | grep -v ': kernel/include/taper/'
	includes tools | grep -E ': execd/'
	includes sysfs kernel execd tools | grep -E ': cgroups/cg_internal\.h$'
	includes cgroups kernel execd tools | grep -E ': sysfs/cells\.h$'
}

enter_sources
[ "$(includes cgroups sysfs | wc -l)" -gt 20 ] || {
	echo "$PWD: no sources found"
	exit 1
}
require_none "includes that point up or into another's private headers"

# The check finds each kind of mistake.
enter_sample
while read -r file header; do
	mkdir -p "$(dirname "$file")"
	echo "#include \"$header\"" >"$file"
	require_complaint "$file: $header"
	rm "$file"
done <<'EOT'
cgroups/a.c sysfs/sysfs.h
cgroups/a.c stdio.h
sysfs/a.c kernel/kernel.h
sysfs/a.h cgroups/cg_internal.h
kernel/a/b.c sysfs/cells.h
kernel/a.S tools/a.h
execd/a.c kernel/kernel.h
tools/a/b.c execd/a.h
tools/a/b.cc cgroups/cg_internal.h
EOT
