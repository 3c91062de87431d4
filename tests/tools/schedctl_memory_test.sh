#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# schedctl without memory: every allocation of every kind of command fails once in turn.
set -euo pipefail
schedctl=$PWD/$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck source=tests/tools/no_memory.sh
source tests/tools/no_memory.sh

group() {
	mkdir -p "$folder/before/$1"
	echo "cpuset cpu" >"$folder/before/$1/cgroup.controllers"
	echo "cpuset cpu" >"$folder/before/$1/cgroup.subtree_control"
	: >"$folder/before/$1/cgroup.procs"
	echo "0" >"$folder/before/$1/cpuset.cpus"
	echo "0" >"$folder/before/$1/cpuset.cpus.effective"
	echo "100" >"$folder/before/$1/cpu.weight"
}

for path in "" web web/api web/db; do group "$path"; done
echo $$ >"$folder/before/web/db/cgroup.procs"
mkdir "$folder/before/empty"

for command in \
	"tree" "tree web" "show web" "show $$" "get web" "get web shares cpus" "set web shares=300 cpus=0" \
	"create new" "create -p some/where/new" "create -c 0 --shares 200 new" "remove empty" "move web $$" \
	"pin $$ 0" "policy $$" "--help" "tere" "set web shars=1" "tree nowhere"; do
	# shellcheck disable=SC2086
	fail_each "$schedctl" --root "$folder/now" $command
done
exit $((failures > 0))
