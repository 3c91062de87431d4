#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: compile.sh OUT FILE...: a libFuzzer target from C and C++, with the sanitizers. Headers among
# the files say where else to look for headers.
set -eu
out=$1
shift
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
flags=(-g -O1 -I. -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined)
for file in "$@"; do
	[[ $file != */ini.h ]] || flags+=(-I"$(dirname "$file")" -DINI_CALL_HANDLER_ON_NEW_SECTION=1
		-DINI_HANDLER_LINENO=1)
done
for file in "$@"; do
	object=$objects/$(basename "$file").o
	case $file in
	*.c) clang -std=gnu17 "${flags[@]}" -c -o "$object" "$file" ;;
	*.cc) clang++ -std=c++17 "${flags[@]}" -c -o "$object" "$file" ;;
	esac
done
clang++ "${flags[@]}" -o "$out" "$objects"/*.o
