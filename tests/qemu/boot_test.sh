# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# boot_test.sh - machines that lack something: each ends with a reason, or goes on without it.

# bare OPTION...: QEMU without an initramfs of ours, which `boot` would always add.
bare() {
	booted="bare $*"
	: >"$output"
	status=0
	timeout 20 "$TAPER_QEMU" -machine virt -smp 2 -m 128M -bios "$TAPER_FIRMWARE" \
		-kernel "$TAPER_KERNEL" -display none -no-reboot -nodefaults -serial stdio \
		"$@" </dev/null >"$log" 2>&1 || status=$?
}

# No initramfs; one that is none; one that was cut off.
bare
expect_status 125
expect_log "PANIC: there is no initramfs"

head -c 65536 /dev/urandom >"$scratch/noise"
bare -initrd "$scratch/noise"
expect_status 125
expect_log "initramfs:"
expect_log "PANIC: /init cannot be started"

head -c 400000 "$TAPER_BASE" >"$scratch/cut"
bare -initrd "$scratch/cut"
expect_status 125
expect_log "initramfs:"
expect_log "PANIC: /init cannot be started"

# No kernel command line is wrong: what is not known is ignored.
boot --config none --timeout 20 --append "isolcpus= =x cpu.max -- ,,, nosuch=$(printf '%0500d' 7)" \
	-- /bin/echo up
expect_status 0
expect_exactly $'up\n'
expect_sound

# Isolation's options: flags without a list, lists that are a word or longer than any line, flags where
# there are none.
show="cd /sys/devices/system/cpu; cat isolated nohz_full"
# In virtual time it is always CPU 0 that boots.
boot --icount --config none --timeout 20 --append "isolcpus=domain nohz_full=all rcu_nocbs=all" -- /bin/sh -c "$show"
expect_exactly $'\n1-3\n'
expect_log "isolation: isolcpus=domain names no CPU: without effect"
expect_log "isolation: no CPU is left that is not quiet: CPU 0 stays out"
reject_log "unknown"
expect_sound

boot --config none --timeout 20 --append "isolcpus=$(printf '1,%.0s' {1..200})3 nohz_full=domain,2" \
	-- /bin/sh -c "$show"
expect_exactly $'1,3\n\n'
expect_log "isolation: nohz_full=domain,2 is no list of CPUs 0-3: without effect"
expect_sound

# Memory nodes.
boot --config none --smp 8 --numa 4 --timeout 20 -- /bin/echo up
expect_exactly $'up\n'
# Another CPU may have taken some by then.
grep -qE "memory: node 2 has 65[45][0-9]{2} KiB" "$log" || fail "node 2 has not its 64 MiB"
expect_sound

# Little memory, and one CPU.
for size in 16M 32M; do
	boot --config none --smp 1 --mem "$size" --timeout 20 -- /bin/sh -c 'echo "$(nproc) up"'
	expect_status 0
	expect_exactly $'1 up\n'
	expect_sound
done

# The demo in 32 MiB.
boot --mem 32M --timeout 40 -- /bin/sh -c 'sleep 1; wc -l </sys/fs/cgroup/demo/large/cgroup.procs'
expect_status 0
expect_exactly $'2\n'
expect_sound
