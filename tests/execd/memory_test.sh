#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# execd --check without memory: every allocation fails once in turn.
set -euo pipefail
execd=$PWD/$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck source=tests/tools/no_memory.sh
source tests/tools/no_memory.sh

mkdir "$folder/before"
cp "${@:2}" "$folder/before"
fail_each "$execd" --check "$folder/now"
printf '[service b]\nexec=x\ncpus=y\n' >"$folder/before/b.ini"
fail_each "$execd" --check "$folder/now"
exit $((failures > 0))
