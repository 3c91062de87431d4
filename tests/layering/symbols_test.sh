#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The pure libraries need nothing but five C functions and the assertion hook.
set -u
here=tests/layering
allowed='memcpy|memmove|memset|memcmp|strlen|cg_assert_failed'
nm=riscv64-linux-gnu-nm

# foreign LIBRARY... : what they need that neither they nor the list above have
foreign() {
	comm -23 <($nm -u "$@" | awk '$1 == "U" { print $2 }' | sort -u) \
		<($nm --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort -u) |
		grep -vxE "$allowed"
}

for library in cgroups sysfs; do
	[ "$($nm --defined-only $here/$library.a | grep -c ' T ')" -gt 10 ] || {
		echo "$library.a: has no functions: the test looks at the wrong file"
		exit 1
	}
done
# cgroups stands alone; sysfs may use cgroups.
found=$(foreign $here/cgroups.a; foreign $here/sysfs.a $here/cgroups.a)
[ -z "$found" ] || {
	echo "the pure libraries need more than they may:"
	echo "$found"
	exit 1
}
# The check itself finds what is foreign: sysfs alone lacks cgroups.
foreign $here/sysfs.a | grep -qx cg_set_cpus || {
	echo "the check finds nothing at all"
	exit 1
}
