#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# guest.sh MACHINE - what tests/bench/run measures, in a guest of whichever kernel.
#
# MACHINE is `one` (CPU), `two`, or `turns` (two CPUs in short turns). Each measure is a process of its
# own; a name gets a prefix `dN.` when it was measured at depth N of the tree. As the first process of
# a guest, without an execd, it makes the file systems itself and turns the machine off at the end.

if [ $$ = 1 ]; then
	mount -t devtmpfs dev /dev
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	mount -t cgroup2 cgroup /sys/fs/cgroup
	machine=$(cat /machine)
	sleep 10 # until what the kernel does after its boot is done
fi
machine=${machine:-$1}

# at DEPTH MEASURE [ARGUMENT]...
at() {
	depth=$1
	shift
	DEPTH=$depth /treebench "$@" | sed "s/^/d$depth./"
}

measure() {
	/treebench info
	case $machine in
	one)
		for depth in 1 4 16; do
			for what in ctx eventfd yield wake fork exec file cgroup move; do at $depth $what; done
			for again in 1 2 3; do at $depth msg 25 20 10; done
		done
		/treebench null
		/treebench thread
		;;
	two)
		for what in affinity fork thread ctx wake move; do /treebench $what; done
		/treebench msg 25 20 10
		/treebench tree 10 # the first nodes of all take longer
		for nodes in 100 1000 5000; do /treebench tree $nodes; done
		for nodes in 1 10 100 1000 5000; do /treebench prop $nodes 0; done
		/treebench prop 100 100
		/treebench prop 100 1000
		/treebench fair 2
		;;
	turns)
		/treebench affinity
		/treebench ctx
		;;
	esac
}

echo +cpuset +cpu >/sys/fs/cgroup/cgroup.subtree_control
# The console is a device with interrupts: it gets the figures when all are there.
measure >/figures 2>&1
if [ $$ != 1 ]; then
	cat /figures
else
	cat /figures >/dev/console
	sleep 1
	poweroff -f
fi
