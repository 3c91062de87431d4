# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# depth_test.sh - a switch, a wake-up and a start cost the same at depth 16 of the tree as at depth 1, and
# no more than half of what Linux takes for them: tests/bench/run with Linux left out, and few turns.

boot --smp 1 --icount --config none --timeout 50 --add tests/bench/treebench:/treebench -- /bin/sh -c '
	echo +cpuset +cpu >/sys/fs/cgroup/cgroup.subtree_control
	for depth in 1 16; do
		for what in ctx eventfd yield wake fork exec; do
			DEPTH=$depth OPS=20 /treebench $what | sed "s/^/$depth /"
		done
	done'
expect_sound
expect_status 0

# What Linux takes at depth 1: docs/performance.md.
why=$(awk '
	BEGIN {
		linux["ctx.pipe_same_cpu"] = 7383
		linux["ctx.pipe_siblings"] = 8734
		linux["ctx.eventfd"] = 6167
		linux["yield.alone"] = 1479
		linux["yield.two"] = 6431
		linux["yield.siblings"] = 6431 # of one group: between siblings a yield there often leads back
		linux["wake.same_cpu.inst.p50"] = 8018
		linux["wake.siblings.inst.p50"] = 10046
		linux["wake.call_siblings.inst.p50"] = 4161
		linux["fork.exit_wait"] = 194001
		linux["exec.exit_wait"] = 581955
	}
	{ figure[$1, $2] = $3 }
	END {
		for (name in linux) {
			one = figure[1, name]
			sixteen = figure[16, name]
			if (!one || !sixteen)
				print name " was not measured"
			if (one > linux[name] / 2)
				print name ": more than half of what Linux takes: " one " of " linux[name]
			if (sixteen > 1.05 * one)
				print name ": depth matters: " one " at 1, " sixteen " at 16"
		}
	}' "$output")
[[ -z $why ]] || fail "$why"
grep -E '^(1|16) (ctx|yield|wake|fork|exec).* (ns|inst)' "$output"
