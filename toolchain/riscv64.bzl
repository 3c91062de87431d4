# SPDX-License-Identifier: Apache-2.0
"""riscv64 C toolchains around Debian's cross compilers."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
)

_COMPILE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
]

_LINK = [
    ACTION_NAMES.cpp_link_executable,
]

def _flags(name, actions, flags):
    return feature(
        name = name,
        enabled = True,
        flag_sets = [flag_set(actions = actions, flag_groups = [flag_group(flags = flags)])],
    )

def _impl(ctx):
    features = [
        # The archives must not depend on the clock, and no test links shared.
        feature(name = "static_linking_mode", enabled = True),
        feature(name = "opt"),
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        _flags("default_compile_flags", _COMPILE, [
            "-g",
            "-O2",
            "-no-canonical-prefixes",
            "-fno-canonical-system-headers",
            "-Wno-builtin-macro-redefined",
            "-D__DATE__=\"redacted\"",
            "-D__TIME__=\"redacted\"",
            "-D__TIMESTAMP__=\"redacted\"",
        ] + ctx.attr.compile_flags),
        _flags("default_c_flags", [ACTION_NAMES.c_compile], ["-std=gnu17"]),
        _flags("default_link_flags", _LINK, ctx.attr.link_flags),
    ]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        abi_libc_version = "unknown",
        abi_version = "unknown",
        compiler = "gcc",
        cxx_builtin_include_directories = [
            "/usr/lib/gcc/riscv64-unknown-elf",
            "/usr/lib/gcc-cross/riscv64-linux-gnu",
            "/usr/riscv64-linux-gnu/include",
        ],
        features = features,
        host_system_name = "local",
        target_cpu = "riscv64",
        target_libc = "glibc" if ctx.attr.os == "linux" else "none",
        target_system_name = "riscv64-linux-gnu" if ctx.attr.os == "linux" else "riscv64-none",
        tool_paths = [
            tool_path(name = tool, path = "/usr/bin/" + ctx.attr.prefix + path)
            for tool, path in {
                "ar": "ar",
                "cpp": "cpp",
                "dwp": "dwp",
                "gcc": "gcc",
                "gcov": "gcov",
                "ld": "ld",
                "nm": "nm",
                "objcopy": "objcopy",
                "objdump": "objdump",
                "strip": "strip",
            }.items()
        ],
        toolchain_identifier = "riscv64-" + ctx.attr.os,
    )

_riscv64_toolchain_config = rule(
    implementation = _impl,
    attrs = {
        "compile_flags": attr.string_list(),
        "link_flags": attr.string_list(),
        "os": attr.string(mandatory = True),
        "prefix": attr.string(mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)

def riscv64_toolchain(name, os, prefix, compile_flags, link_flags):
    """Declares `name`_toolchain, ready for register_toolchains().

    Args:
      name: prefix of the targets it makes.
      os: the @platforms//os value it builds for.
      prefix: of the tools in /usr/bin.
      compile_flags: options of every compilation.
      link_flags: options of every link.
    """
    _riscv64_toolchain_config(
        name = name + "_config",
        compile_flags = compile_flags,
        link_flags = link_flags,
        os = os,
        prefix = prefix,
    )
    native.cc_toolchain(
        name = name + "_cc",
        all_files = ":empty",
        compiler_files = ":empty",
        dwp_files = ":empty",
        linker_files = ":empty",
        objcopy_files = ":empty",
        strip_files = ":empty",
        supports_param_files = False,
        toolchain_config = ":" + name + "_config",
    )
    native.toolchain(
        name = name + "_toolchain",
        exec_compatible_with = [
            "@platforms//os:linux",
        ],
        target_compatible_with = [
            "@platforms//cpu:riscv64",
            "@platforms//os:" + os,
        ],
        toolchain = ":" + name + "_cc",
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )
