#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# mkcpio_test.sh - the same bytes for the same content; parents, modes, owners and padding.
set -euo pipefail

mkcpio=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
	echo "FAILED: $1"
	exit 1
}

echo one >"$scratch/one"
first=(file etc/a=b/one "$scratch/one" program bin/x "$scratch/one" link bin/y x dir tmp 1777)
second=(dir tmp 1777 link bin/y x program bin/x "$scratch/one" file etc/a=b/one "$scratch/one")

"$mkcpio" "$scratch/first.cpio" "${first[@]}"
touch -d 2001-01-01 "$scratch/one"
(umask 077 && LC_ALL=C.UTF-8 "$mkcpio" "$scratch/second.cpio" "${second[@]}")
cmp "$scratch/first.cpio" "$scratch/second.cpio" || fail "order, clock or umask shows"

size=$(stat -c %s "$scratch/first.cpio")
((size % 512 == 0)) || fail "$size bytes are not padded to 512"
[[ $(head -c 6 "$scratch/first.cpio") == 070701 ]] || fail "not a newc archive"

listed=$(cpio --quiet -itvn <"$scratch/first.cpio" | awk '{ print $1, $3, $4, $9 }')
expected='drwxr-xr-x 0 0 bin
-rwxr-xr-x 0 0 bin/x
lrwxrwxrwx 0 0 bin/y
drwxr-xr-x 0 0 etc
drwxr-xr-x 0 0 etc/a=b
-rw-r--r-- 0 0 etc/a=b/one
drwxrwxrwt 0 0 tmp'
[[ $listed == "$expected" ]] || fail "it lists: $listed"

status=0
"$mkcpio" "$scratch/bad.cpio" blob a b 2>/dev/null || status=$?
((status == 2)) || fail "an unknown kind of entry: status $status"
