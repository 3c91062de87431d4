# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# late_cpu_test.sh - a CPU that comes when boot waits for it no longer is offline, until somebody brings it online.

# shellcheck disable=SC2016 # the guest's shell expands it
boot --icount=5 --config none --smp 3 --timeout 100 --append sabotage=late-cpu -- /bin/sh -c '
	cd /sys/devices/system/cpu
	cat online
	echo 1 >cpu2/online 2>/dev/null || echo it is on its way
	sleep 12
	cat online /sys/fs/cgroup/cpuset.cpus.effective
	echo 1 >cpu2/online
	cat online /sys/fs/cgroup/cpuset.cpus.effective
	taskset -c 2 sh -c "taskset -cp \$\$" | sed "s/.*: //"'
expect_log "smp: 2 of 3 CPUs online"
expect_sound
expect_status 0
expect_exactly '0-1
it is on its way
0-1
0-1
0-2
0-2
2
'
