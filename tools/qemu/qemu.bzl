# SPDX-License-Identifier: Apache-2.0
"""Tests that boot the kernel in QEMU, on the machine that ./run boots.

guest_test: a program in the guest prints TAP.
boot_test: a script boots machines and checks status, output and log.
"""

load("//toolchain:defs.bzl", "sh_test")

CHECKED_KERNEL = "//kernel:kernel_checked"

# In the order of machine.sh's parameters, after the kernel.
_PARTS = [
    "//tools/initramfs",
    "//tools/initramfs:config",
    "@qemu//:qemu-system-riscv64",
    "@opensbi//:fw_dynamic.bin",
    "//tools/qemu:boot",
    "//tools/initramfs:mkcpio",
]

_SHARED = [
    "//tools/qemu:machine.sh",
    "//tools/qemu:options.sh",
]

def _timeout(limit):
    for name, seconds in [("short", 60), ("moderate", 300), ("long", 900)]:
        if limit + 10 <= seconds:
            return name
    fail("a limit of %d seconds is too long for a test" % limit)

def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _machine_test(name, script, kernel, args, data, limit, cpus, tags, **kwargs):
    parts = [kernel] + _PARTS
    sh_test(
        name = name,
        srcs = [script],
        args = ["$(rootpath %s)" % part for part in parts] + args,
        data = parts + _SHARED + data,
        # An emulated CPU is a thread of the host; two at once are as many as we count on.
        tags = ["qemu", "cpu:%d" % cpus] + tags,
        timeout = _timeout(limit),
        **kwargs
    )

def guest_test(
        name,
        command,
        smp = 4,
        mem = "256M",
        numa = 0,
        shape = [],
        icount = None,
        capacities = "",
        packages = 1,
        threads = 1,
        slice = None,
        append = "",
        config = "none",
        add = {},
        limit = 50,
        kernel = CHECKED_KERNEL,
        tags = [],
        **kwargs):
    """Runs `command` in the guest; it prints TAP and exits with 0.

    Args:
      name: of the test.
      command: list, the program and its arguments.
      smp: CPUs.
      mem: memory, as for ./run.
      numa: memory nodes, 0 for a machine without.
      shape: options for ./run about who belongs to which node, and distances.
      icount: for virtual time, repeatable: an instruction is 2^icount nanoseconds.
      capacities: strengths of the CPUs, as for ./run.
      packages: into so many the CPUs are split.
      threads: so many CPUs are one core.
      slice: with icount, emulated CPUs take turns of at most that many microseconds.
      append: for the kernel's command line.
      config: "demo" or "none".
      add: label of a file: its path in the guest.
      limit: seconds of wall time; more is a hang.
      kernel: label of the kernel.
      tags: of the test.
      **kwargs: what sh_test takes.
    """
    options = ["--smp", str(smp), "--mem", mem, "--config", config, "--timeout", str(limit)]
    if numa:
        options += ["--numa", str(numa)] + shape
    if icount != None:
        options.append("--icount=%d" % icount)
    if capacities:
        options += ["--capacities", capacities]
    if packages * threads > 1:
        options += ["--packages", str(packages), "--threads", str(threads)]
    if slice != None:
        options += ["--slice", str(slice)]
    if append:
        options += ["--append", _quote(append)]
    for label, path in add.items():
        options += ["--add", "$(rootpath %s):%s" % (label, path)]
    _machine_test(
        name = name,
        script = "//tools/qemu:guest_test.sh",
        kernel = kernel,
        args = options + ["--"] + [_quote(word) for word in command],
        data = add.keys(),
        limit = limit,
        cpus = 1 if icount != None else min(smp, 2),
        tags = tags,
        **kwargs
    )

def boot_test(name, script, args = [], data = [], limit = 50, kernel = CHECKED_KERNEL, tags = [], **kwargs):
    """Runs `script` (bash), which boots machines and says what it expects: see machine.sh.

    Args:
      name: of the test.
      script: label of the script.
      args: its arguments.
      data: labels of files that the script names by their path in the workspace.
      limit: seconds for the whole script.
      kernel: label of the kernel.
      tags: of the test.
      **kwargs: what sh_test takes.
    """
    _machine_test(
        name = name,
        script = "//tools/qemu:boot_test.sh",
        kernel = kernel,
        args = ["$(rootpath %s)" % script] + args,
        data = [script] + data,
        limit = limit,
        cpus = 2,
        tags = tags,
        **kwargs
    )
