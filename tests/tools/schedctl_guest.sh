#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# schedctl on Taper itself, from create to remove. TAP.

export LANG=C
count=0

# is WHAT GOT WANTED
is() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		echo "# got: $2"
		echo "# wanted: $3"
	fi
}

echo 1..36
is "create -p with settings" "$(schedctl create -p --cpus 1-2 --shares 300 web/api 2>&1)" ""
is "get" "$(schedctl get web/api)" "cpus=1-2
effective=1-2
shares=300"
is "a parent has no request" "$(schedctl get web cpus)" ""
sleep 1000 &
task=$!
is "move" "$(schedctl move web/api $task 2>&1)" ""
is "the task is inside" "$(cat /proc/$task/cgroup)" "0::/web/api"
is "and on the group's CPUs" "$(taskset -p $task)" "pid $task's current affinity mask: 6"
is "tree" "$(schedctl tree web)" "GROUP   CPUS  EFFECTIVE  SHARES  TASKS
web     -     0-3           100
\`- api  1-2   1-2           300  $task sleep"
is "set narrows the task" "$(schedctl set web cpus=2-3 && taskset -p $task)" \
	"pid $task's current affinity mask: 4"
is "a request outside falls back" "$(schedctl set web cpus=0 && schedctl get web/api effective)" 0
is "cpus= is refused with tasks inside" "$(schedctl set web cpus= 2>&1; echo $?)" \
	"schedctl: web: cpuset.cpus : while tasks are in it or below, the request can be changed but not taken back (ENOSPC)
1"
is "and holds again when it fits" "$(schedctl set web cpus=0-3 && schedctl get web/api effective)" 1-2
is "pin" "$(schedctl pin $task 2 2>&1; taskset -p $task)" "pid $task's current affinity mask: 4"
is "policy" "$(schedctl policy $task; schedctl policy $task rr 7; schedctl policy $task)" "other
rr 7"
is "policy of a task that is pinned" "$(schedctl policy $task deadline 1000/5000 2>&1)" \
	"schedctl: $task: policy deadline: not allowed; be root, and let a deadline task have all CPUs of its partition (EPERM)"
is "policy back" "$(schedctl policy $task other; schedctl policy $task)" "other"
is "qos" "$(schedctl qos $task; schedctl qos $task class=interactive shares=200 burst=10; schedctl qos $task)" \
	"class=normal (inherited) shares=100 latency=0 burst=0 slice=3000
class=interactive shares=200 latency=0 burst=10 slice=400"
is "qos of its group" "$(schedctl qos $task class=inherited shares=100 burst=0 latency=0; schedctl set web sched.latency_ms=7 sched.qos=perf-burst
	schedctl qos $task; schedctl set web sched.latency_ms=0 sched.qos=inherited)" \
	"class=perf-burst (inherited) shares=100 latency=0 burst=0 slice=7000"
is "qos of nobody" "$(schedctl qos 4000000 2>&1)" "schedctl: 4000000: there is no such task (ESRCH)"
is "pin tells what waits" "$(schedctl pin $task 0,1 2>&1; taskset -p $task)" \
	"schedctl: $task: 0 not now: its group web/api has CPUs 1-2 (remembered)
pid $task's current affinity mask: 2"
is "pin --strict refuses" "$(schedctl pin --strict $task 0,1 2>&1; echo $?)" \
	"schedctl: $task: pin to 0-1: its group web/api has CPUs 1-2; without --strict the rest is remembered (EINVAL)
1"
is "run is inside from the start" "$(schedctl run web/api cat /proc/self/cgroup)" "0::/web/api"
is "run passes the status on" "$(schedctl run web/api sh -c 'exit 7'; echo $?)" 7
is "a CPU too many" "$(schedctl set web/api cpus=8-9 2>&1; echo $?)" \
	"schedctl: web/api: cpuset.cpus 8-9: this machine has CPUs 0-3 (ERANGE)
1"
is "remove tells of the task" "$(schedctl remove web/api 2>&1; echo $?)" \
	"schedctl: web/api: rmdir: it holds 1 task ($task, ...); move them out first (EBUSY)
1"
is "a refused create leaves nothing" \
	"$(schedctl create -p --shares 0 x/y 2>/dev/null; ls -d /sys/fs/cgroup/x 2>&1)" \
	"ls: /sys/fs/cgroup/x: No such file or directory"
schedctl trace -o /tmp/timeline -- sleep 0.1
is "a timeline has the turns of a command" \
	"$(grep -q '"ph":"X".*"name":"sleep"' /tmp/timeline && tail -n 1 /tmp/timeline)" "]}"
is "a trace answers as the command does" \
	"$(for command in 'exit 7' 'kill -9 $$' 'exec nosuch'; do
		schedctl trace -o /tmp/timeline -- sh -c "$command" 2>/dev/null
		echo $?
	done; schedctl trace -o /tmp/timeline -- nosuch 2>&1; echo $?)" "7
137
127
schedctl: trace: nosuch: No such file or directory
127"
is "a trace that cannot be written is not recorded" \
	"$(schedctl trace -o /nosuch/x -- touch /tmp/ran 2>&1; echo $?; ls /tmp/ran 2>&1)" \
	"schedctl: trace: /nosuch/x: No such file or directory
1
ls: /tmp/ran: No such file or directory"
rm -f /tmp/timeline
schedctl trace -s 3600 -o /tmp/timeline &
until [ -e /tmp/timeline ]; do sleep 0.1; done
kill -INT $!
wait $!
is "^C ends a trace" "$? $(tail -n 1 /tmp/timeline)" "0 ]}"
is "a trace wants a time" "$(schedctl trace -s 0 2>&1; echo $?)" \
	"schedctl: trace: '0' is no time: seconds up to 3600 are wanted (schedctl trace --help)
2"
is "a partition" "$(schedctl set web cpus=1-2 partition=root && schedctl tree web)" \
	"GROUP   CPUS  EFFECTIVE  PARTITION  SHARES  TASKS
web     1-2   1-2        root          100
\`- api  1-2   1-2        -             300  $task sleep"
is "one that cannot be is refused" "$(schedctl set web/api cpus=0 partition=isolated 2>&1; echo $?)" \
	"schedctl: web/api: cpuset.cpus.partition isolated: it is none yet: Invalid cpu list in cpuset.cpus.exclusive (EINVAL)
1"
is "and the wish is shown" "$(schedctl get web/api partition; schedctl tree web/api)" \
	"isolated invalid (Invalid cpu list in cpuset.cpus.exclusive)
GROUP  CPUS  EFFECTIVE  PARTITION         SHARES  TASKS
api    0     1-2        isolated invalid     300  $task sleep"
is "members are nothing to speak of" \
	"$(schedctl set web partition=member && schedctl set web/api partition=member && schedctl tree web/api)" \
	"GROUP  CPUS  EFFECTIVE  SHARES  TASKS
api    0     1-2           300  $task sleep"
kill $task
wait $task 2>/dev/null
is "remove -r" "$(schedctl remove -r web 2>&1; ls -d /sys/fs/cgroup/web 2>&1)" \
	"ls: /sys/fs/cgroup/web: No such file or directory"
is "what is gone is named" "$(schedctl show web 2>&1; echo $?)" \
	"schedctl: web: there is no such group (ENOENT)
1"
