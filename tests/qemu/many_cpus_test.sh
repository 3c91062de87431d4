# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# many_cpus_test.sh - 64 CPUs come up, are counted, and each of them works.

# shellcheck disable=SC2016 # the guest's shell expands it
boot --config none --smp 64 --mem 512M --timeout 200 -- /bin/sh -c '
	nproc
	cat /sys/devices/system/cpu/online /sys/fs/cgroup/cpuset.cpus.effective
	for cpu in 0 1 31 32 62 63; do
		taskset -c $cpu sh -c "taskset -cp \$\$" | sed "s/.*: //"
	done
	echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
	mkdir /sys/fs/cgroup/last
	echo 40-63 >/sys/fs/cgroup/last/cpuset.cpus
	echo $$ >/sys/fs/cgroup/last/cgroup.procs
	nproc'
expect_sound
expect_status 0
expect_exactly '64
0-63
0-63
0
1
31
32
62
63
24
'
