# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# execd asks policyd: what the policy denies is refused with its line, what it allows is set, and
# whatever policyd does, every service starts or stays as documented, soon, and gains nothing.
# shellcheck disable=SC2154 # status and log come from machine.sh

here=$PWD/tests/execd
options=(--config "$here/policy" --add "$here/policy.ini:/etc/policyd/policy.ini" --timeout 60)

# what: the groups' settings and who runs, in one line each
# shellcheck disable=SC2016 # the guest's shell expands it
what='cd /sys/fs/cgroup
for service in good greedy plain pinner; do
	echo "$service: $(cat $service/cpuset.cpus.effective $service/cpu.weight | xargs), has $(wc -l <$service/cgroup.procs)"
done'
defaults='good: 0-3 100, has 1
greedy: 0-3 100, has 1
plain: 0-3 100, has 1
pinner: 0-3 100, has 1
'

# The policy is kept; its log tells who and whom, and no mask nor shares (a time may well have such digits).
# shellcheck disable=SC2016
boot "${options[@]}" -- sh -c "sleep 1; $what"'
	taskset -p 4 $$ >/dev/null
	echo 333 >good/cpu.weight
	sleep 1
	grep -c "^answer service" /run/policyd.log
	grep -q "affinity sched_setaffinity pid=" /run/policyd.log && echo told
	grep -q "shares cpu.weight pid=.*group=./good. result=0" /run/policyd.log && echo told
	sed "s/^[0-9.]* //" /run/policyd.log | grep -c "value=\|333\|400"
	ls -l /run/policyd.sock /run/policyd.log | cut -c 2-10'
expect_sound
expect_status 0
expect_exactly 'good: 1-2 400, has 1
greedy: 0-3 100, has 0
plain: 0-3 100, has 1
pinner: 0-3 100, has 0
3
told
told
0
rw-------
rw-------
'
expect_log 'execd: recipes.ini:13: service greedy: shares 501: the policy allows at most 500'
expect_log 'execd: recipes.ini:16: service pinner: cpus 0: the policy does not let it choose CPUs'
expect_log 'service greedy: not started, as group greedy could not be set up'
expect_log 'service pinner: not started, as group pinner could not be set up'

# Killed: another one comes, and answers. Flooded: it still does.
boot "${options[@]}" --add "$here/rogue:/rogue" -- sh -c '
	kill -9 $(pidof policyd); sleep 1; pidof policyd >/dev/null && echo again; /rogue flood'
expect_sound
expect_status 0
expect_exactly 'again
allow
'
expect_log 'execd: policyd ended; again in'

# Only root is answered, whatever the socket's mode.
boot "${options[@]}" --add "$here/rogue:/rogue" -- sh -c '
	/rogue ask 1000; echo $?; chmod 666 /run/policyd.sock; /rogue ask 1000; echo $?; /rogue ask 0; echo $?'
expect_sound
expect_status 0
expect_exactly '4
5
allow
0
'

# Stopped: nobody waits for it, and what it missed is counted. Its log rotates, and stays small.
# shellcheck disable=SC2016
boot "${options[@]}" --add "$here/rogue:/rogue" -- sh -c '
	kill -STOP $(pidof policyd); /rogue pin 1000 && echo pinned
	wc -l </sys/fs/cgroup/good/cgroup.procs
	grep -c ^lost /run/policyd.log
	kill -CONT $(pidof policyd); sleep 1; grep -c "^lost [1-9]" /run/policyd.log
	for i in 1 2 3 4 5 6; do /rogue pin 400; sleep 0.5; done
	cd /run; ls -1 policyd.log*; test $(cat policyd.log* | wc -c) -lt 132000 && echo small'
expect_sound
expect_status 0
expect_exactly 'pinned
1
0
1
policyd.log
policyd.log.1
small
'

# In its place one that ends, says nothing, talks nonsense, stops, or allows everything and is not it.
for how in exit deaf garbage stop impostor user; do
	echo "$how" >"$scratch/rogue"
	boot "${options[@]}" --add "$here/rogue:/sbin/policyd" --add "$scratch/rogue:/etc/policyd/rogue" -- \
		sh -c "sleep 1; $what; cut -d. -f1 /proc/uptime >&2"
	expect_sound
	expect_status 0
	expect_exactly "$defaults"
	expect_log 'recipes.ini:1: service good: policyd does not answer; it goes with the defaults'
	reject_log 'could not be set up'
done

# Not there at all.
boot --config "$here/policy" --timeout 20 -- sh -c "sleep 1; cat /sys/fs/cgroup/greedy/cpu.weight"
expect_sound
expect_exactly '501
'
reject_log policyd
