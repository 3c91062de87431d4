# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# execd as process 1: good recipes run inside their groups, each bad one is told and costs nothing
# else, and a command's status is the machine's.
# shellcheck disable=SC2154 # status and log come from machine.sh

recipes=$PWD/tests/execd/recipes

# shellcheck disable=SC2016 # the guest's shell expands it
boot --config "$recipes" --timeout 40 -- sh -c '
	sleep 1
	cd /sys/fs/cgroup
	echo "web: $(cat deep/er/web/cpuset.cpus.effective) $(cat deep/er/web/cpu.weight)"
	echo "web has $(wc -l <deep/er/web/cgroup.procs)"
	echo "far: $(cat far/cpuset.cpus.effective), has $(wc -l <far/cgroup.procs)"
	echo "heavy has $(wc -l <heavy/one/cgroup.procs)"
	echo "kind: $(cat kind/cpuset.cpus.effective kind/sched.cpu_class kind/cpu.weight | xargs)"
	echo "kind has $(wc -l <kind/cgroup.procs), fast: $(ls -d fast 2>&1)"
	echo "letters: $(ls -d letters 2>&1)"
	exit 9'
expect_sound
expect_status 9
expect_exactly 'web: 0 300
web has 1
far: 0-3, has 1
heavy has 0
kind: 1-2 efficiency 50
kind has 1, fast: ls: fast: No such file or directory
letters: ls: letters: No such file or directory
'
expect_log '0::/deep/er/web'
expect_log 'web runs as two words'
expect_log 'execd: 20-bad.ini:3: service letters: cpus 0-x: this is no CPU list such as 0-3,6 (EINVAL)'
expect_log 'execd: 20-bad.ini:6: service missing: /usr/bin/nosuch: there is no such program (ENOENT); not started'
expect_log 'execd: 20-bad.ini:9: service notprogram: /etc/passwd: it may not be run (EACCES); not started'
expect_log 'execd: 20-bad.ini:14: far: cpuset.cpus 0,400: this machine has CPUs 0-3 (ERANGE); the group goes without'
expect_log 'execd: 20-bad.ini:1: neither [SECTION], NAME=VALUE nor a comment'
expect_log 'execd: 20-bad.ini:18: group heavy: shares 10001: shares go from 1 to 10000 (ERANGE)'
expect_log 'execd: 20-bad.ini:20: service inheavy: not started, as group heavy is wrong (20-bad.ini:17)'
expect_log 'execd: 30-profiles.ini:12: affinity fast: class fastest: any, performance or efficiency is wanted (EINVAL)'
expect_log 'execd: 30-profiles.ini:14: service fast: not started, as its affinity is wrong (30-profiles.ini:11)'
expect_log 'execd: 30-profiles.ini:17: qos nobody: there is no service of that name'
expect_log 'execd: service dies ended (status 1); again in 100 ms'
expect_log 'execd: service dies ended (status 1); again in 200 ms'
expect_log 'execd: service once ended (status 0)'
reject_log 'service once ended (status 0); again'

# The statuses of a shell.
boot --config none --smp 1 --append quiet --timeout 20 -- sh -c 'kill -9 $$'
expect_status 137
reject_log 'services,'
boot --config none --smp 1 --timeout 20 -- nosuch
expect_status 127
boot --config none --smp 1 --timeout 20 -- /etc/passwd
expect_status 126

# What asks for the end ends it, with the status 0.
for signal in TERM USR2; do
	boot --config demo --timeout 20 -- sh -c "kill -$signal 1; sleep 100"
	expect_sound
	expect_status 0
done

# A shell that was left with a status has a successor, and the machine ends with 0 all the same.
printf 'exit 3\necho the shell is $$\npoweroff\n' >"$scratch/typed"
input=$scratch/typed
boot --config none --smp 1 --timeout 20
expect_sound
expect_status 0
