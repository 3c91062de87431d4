#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# schedctl's command line over a directory that looks like a mount: output, messages, exit codes.
set -euo pipefail
schedctl=$PWD/$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
failures=0

# expect STATUS PATTERN ARGUMENT...: the status, and what both streams say together.
expect() {
	local status=0 out pattern=${2//(/\\(} # no extended pattern: a parenthesis is one
	out=$("$schedctl" --root "$root" "${@:3}" 2>&1) || status=$?
	# shellcheck disable=SC2053
	if [[ $status != "$1" || $out != $pattern ]]; then
		printf 'FAIL: schedctl %s: status %s, wanted %s:\n%s\nwanted: %s\n' \
			"${*:3}" "$status" "$1" "$out" "$2" >&2
		failures=$((failures + 1))
	fi
}

group() {
	mkdir -p "$root/$1"
	echo "cpuset cpu" >"$root/$1/cgroup.controllers"
	: >"$root/$1/cgroup.subtree_control"
	: >"$root/$1/cgroup.procs"
}

group ""
for name in create remove move run set get pin policy qos tree show trace; do
	expect 0 "usage: schedctl $name *--root DIR*" "$name" --help
	expect 0 "usage: schedctl $name *" "$name" -h
	expect 2 "schedctl: $name: there is no option --nosuch (schedctl $name --help)" \
		"$name" --nosuch
	expect 0 "*  $name *" --help
done

# The command line.
expect 2 "schedctl: there is no command 'creat'; 'create' is one" creat web
expect 2 "schedctl: there is no command 'tere'; 'tree' is one" tere
expect 2 "schedctl: there is no command 'frobnicate' (schedctl --help lists them)" frobnicate
expect 2 "schedctl: there is no option '--bogus' (schedctl --help)" --bogus
expect 2 "schedctl: create: no group is named*" create
expect 2 "schedctl: create: -c wants a value*" create -c
expect 2 "schedctl: create: there is no option -z*" create -z
expect 2 "schedctl: remove: no group is named*" remove
expect 2 "schedctl: move: a group and a task are wanted*" move web
expect 2 "schedctl: move: 'x' is no task*" move web 1 x
expect 2 "schedctl: run: no command is given*" run web --
expect 2 "schedctl: set: a group and NAME=VALUE are wanted*" set web
expect 2 "schedctl: set: 'cpus' is not NAME=VALUE*" set web cpus
expect 2 "schedctl: set: there is no setting 'shars'; 'shares' is one*" set web shars=1
expect 2 "schedctl: get: there is no setting 'cups'; 'cpus' is one*" get / cups
expect 2 "schedctl: pin: a task and a CPU list are wanted*" pin 1
expect 2 "schedctl: policy: a task is wanted*" policy
expect 2 "schedctl: policy: best is no policy: other, batch, idle, fifo, rr or deadline*" policy $$ best
expect 2 "schedctl: policy: fifo wants a priority from 1 to 99*" policy $$ fifo 100
expect 2 "schedctl: policy: batch wants nothing else*" policy $$ batch 1
expect 2 "schedctl: policy: deadline wants RUNTIME/DEADLINE*" policy $$ deadline 1/2/x
expect 1 "schedctl: 2147483647: there is no such task (ESRCH)" policy 2147483647
expect 2 "schedctl: qos: a task is wanted*" qos
expect 2 "schedctl: qos: 'normal' is not NAME=VALUE*" qos $$ normal
expect 2 "schedctl: qos: fast is no class: idle, normal, interactive, perf-burst or inherited*" qos $$ class=fast
expect 2 "schedctl: qos: there is no 'clas'; 'class' is one*" qos $$ clas=idle
expect 2 "schedctl: qos: there is no 'bogus': class, shares, latency and burst are there*" qos $$ bogus=1
expect 2 "schedctl: qos: shares=1001: 1 to 1000*" qos $$ class=idle shares=1001
expect 2 "schedctl: qos: latency=99: 100 to 100000 microseconds, or 0 for none*" qos $$ latency=99
expect 2 "schedctl: qos: burst=-1: 0 to 10000 microseconds*" qos $$ burst=-1
expect 1 "schedctl: $$: burst 1: this kernel has no QoS of tasks (ENOSYS)" qos $$ burst=1
expect 2 "schedctl: tree: one group at most*" tree a b
expect 2 "schedctl: show: one group or task is wanted*" show

# Groups and settings.
expect 0 "" create web
[[ $(<"$root/cgroup.subtree_control") == "+cpuset +cpu" ]] ||
	{ echo "FAIL: controllers" >&2; exit 1; }
expect 1 "schedctl: web: mkdir: it is there already; with -p that is fine (EEXIST)" create web
expect 0 "" create -p web
expect 1 "schedctl: a/b: mkdir: its parent is not there;*(ENOENT)" create a/b
expect 1 "schedctl: new: cpu.weight 0: shares go from 1 to 10000 (ERANGE)" create --shares 0 new
[[ ! -e $root/new ]] || { echo "FAIL: a refused setting leaves no group" >&2; exit 1; }
expect 1 "schedctl: none: rmdir: there is no such group (ENOENT)" remove none
expect 0 "" remove web

group web
echo 0 >"$root/web/cpuset.cpus"
echo 0 >"$root/web/cpuset.cpus.effective"
: >"$root/web/cpu.weight"
expect 0 "" set web shares=300 cpus=0
expect 0 "300" get web shares
expect 0 "cpus=0"$'\n'"effective=0"$'\n'"shares=300" get web
expect 0 "shares=300"$'\n'"cpu.weight=300" get web shares cpu.weight
expect 1 "schedctl: web: cpuset.cpus 8-x: this is no CPU list such as 0-3,6 (EINVAL)" \
	set web shares=7 cpus=8-x
expect 0 "300" get web shares
expect 1 "schedctl: web: cpuset.cpus 511: this machine has CPUs *(ERANGE)" set web cpus=511
expect 1 "schedctl: none: cpu.weight 1: there is no such group (ENOENT)" set none shares=1
expect 1 "schedctl: web: cpu.nosuch: there is no such file*(ENOENT)" get web cpu.nosuch
expect 1 "schedctl: a/../b: '..' is no name of a group (EINVAL)" get a/../b

# The picture.
mkdir -p "$root/web/api" "$root/web/db"
echo $$ >"$root/web/db/cgroup.procs"
export LANG=C LC_ALL=
expect 0 "GROUP      CPUS  EFFECTIVE  SHARES  TASKS
/          -     -               -
\`- web     0     0             300
   |- api  -     -               -
   \`- db   -     -               -  $$ *" tree
LANG=C.UTF-8
expect 0 "GROUP   CPUS  EFFECTIVE  SHARES  TASKS
web     0     0             300
├─ api  -     -               -
└─ db   -     -               -  $$ *" tree web
expect 0 "group web*cgroup.controllers *cpuset cpu*cpu.weight *300*" show web
expect 0 "task $$ *group */*may run on *" show $$
expect 1 "schedctl: none: there is no such group (ENOENT)" show none
expect 1 "schedctl: 2147483647: there is no such task (ESRCH)" show 2147483647
expect 1 "schedctl: none: there is no such group (ENOENT)" tree none

# Tasks.
expect 7 "" run web sh -c 'exit 7'
[[ $(<"$root/web/cgroup.procs") == 0 ]] || { echo "FAIL: run moves itself" >&2; exit 1; }
expect 127 "schedctl: ./nosuch: there is no such program (ENOENT)" run web -- ./nosuch
expect 126 "schedctl: /: Permission denied (EACCES)" run web /
expect 0 "" move web $$
expect 1 "schedctl: none: cgroup.procs 1: there is no such group (ENOENT)" move none 1
expect 1 "schedctl: x: this is no CPU list such as 0-3,6 (EINVAL)" pin $$ x
expect 1 "schedctl: 511: this machine has CPUs *(ERANGE)" pin $$ 511
expect 1 "schedctl: 2147483647: *there is no such task (ESRCH)" pin 2147483647 0
expect 1 "schedctl: web: rmdir: it has groups below it*" remove web

root+=/none
expect 1 "schedctl: */none: No such file or directory; --root names a cgroup2 mount (ENOENT)" tree
root=${root%/none}
status=0
"$schedctl" --root "$root" tree >/dev/full 2>/dev/null || status=$?
[[ $status == 1 ]] || { echo "FAIL: a full disk answers $status" >&2; exit 1; }

exit $((failures > 0))
