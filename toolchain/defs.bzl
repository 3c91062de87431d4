# SPDX-License-Identifier: Apache-2.0
"""The rules that every BUILD file of this project loads, and the warnings it compiles with.

One place, so that a newer Bazel with other rule sets changes one file.
"""

load("//toolchain:platform.bzl", _for_platform = "for_platform")

COPTS = [
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wvla",
    "-Werror",
]

RISCV64_NONE = [
    "@platforms//cpu:riscv64",
    "@platforms//os:none",
]

RISCV64_LINUX = [
    "@platforms//cpu:riscv64",
    "@platforms//os:linux",
]

def cc_library(name, copts = [], **kwargs):
    native.cc_library(name = name, copts = COPTS + copts, **kwargs)

def cc_binary(name, copts = [], **kwargs):
    native.cc_binary(name = name, copts = COPTS + copts, **kwargs)

def cc_test(name, copts = [], **kwargs):
    native.cc_test(name = name, copts = COPTS + copts, **kwargs)

def riscv64_binary(name, out = None, visibility = None, tags = [], testonly = False, **kwargs):
    """A static Linux riscv64 program: the target `name` is the file, in a host build too.

    Args:
      name: of the target; also of the file, unless `out` says otherwise.
      out: name of the file.
      visibility: of the program.
      tags: of the program.
      testonly: as in every rule.
      **kwargs: what cc_binary takes.
    """
    cc_binary(
        name = name + "_program",
        target_compatible_with = RISCV64_LINUX,
        testonly = testonly,
        **kwargs
    )
    _for_platform(
        name = name,
        src = ":" + name + "_program",
        out = out,
        platform = "//platforms:riscv64_linux",
        tags = tags,
        testonly = testonly,
        visibility = visibility,
    )

for_platform = _for_platform
sh_binary = native.sh_binary
sh_test = native.sh_test
