# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# depth_test.sh - a switch, a wake-up, a start and a message among a thousand tasks cost the same at depth 16
# of the tree as at depth 1, and no more than half of what Linux takes for them: tests/bench/run with Linux
# left out, and few turns.
#
# How often the thousand switch is chance, at every depth alike: messages are compared with as many switches.

boot --smp 1 --icount --config none --timeout 50 --add tests/bench/treebench:/treebench -- /bin/sh -c '
	echo +cpuset +cpu >/sys/fs/cgroup/cgroup.subtree_control
	for depth in 1 16; do
		for what in ctx eventfd yield wake fork exec; do
			DEPTH=$depth OPS=20 /treebench $what | sed "s/^/$depth /"
		done
		DEPTH=$depth /treebench msg 25 20 10 | sed "s/^/$depth /"
	done'
expect_sound
expect_status 0

# What Linux takes at depth 1: docs/performance.md.
why=$(awk '
	BEGIN {
		message = "msg.25x20x10.per_message"
		linux["ctx.pipe_same_cpu"] = 7383
		linux["ctx.pipe_siblings"] = 8734
		linux["ctx.beside_rival"] = 7428
		linux["ctx.eventfd"] = 6167
		linux["yield.alone"] = 1479
		linux["yield.two"] = 6431
		linux["yield.siblings"] = 6431 # of one group: between siblings a yield there often leads back
		linux["wake.same_cpu.inst.p50"] = 8018
		linux["wake.siblings.inst.p50"] = 10046
		linux["wake.call_siblings.inst.p50"] = 4161
		linux["fork.exit_wait"] = 194001
		linux["exec.exit_wait"] = 581955
		linux[message] = 4674
	}
	{ figure[$1, $2] = $3 }
	# For a message, at depth 16.
	function more_switches() {
		return figure[16, "msg.25x20x10.switches"] - figure[1, "msg.25x20x10.switches"]
	}
	END {
		for (name in linux) {
			one = figure[1, name]
			sixteen = figure[16, name]
			if (!one || !sixteen)
				print name " was not measured"
			if (name == message)
				sixteen -= more_switches() * figure[1, "ctx.eventfd"]
			if (one > linux[name] / 2)
				print name ": more than half of what Linux takes: " one " of " linux[name]
			if (sixteen > 1.05 * one)
				print name ": depth matters: " one " at 1, " sixteen " at 16"
		}
		# However far apart two are that hand over what their group is owed.
		siblings = figure[16, "rival.siblings"]
		cousins = figure[16, "rival.cousins"]
		if (!siblings || cousins > 1.05 * siblings)
			print "distance matters: " cousins " between cousins, " siblings " between siblings"
	}' "$output")
[[ -z $why ]] || fail "$why"
grep -E '^(1|16) (ctx|rival|yield|wake|fork|exec|msg).* (ns|inst|switches)' "$output"
