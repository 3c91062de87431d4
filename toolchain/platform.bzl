# SPDX-License-Identifier: Apache-2.0
"""for_platform(): one program, built for another platform than the build's own."""

def _impl(settings, attr):
    # The host's sanitizers and options must not reach the other platform.
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:conlyopt": [],
        "//command_line_option:copt": attr.copts,
        "//command_line_option:cxxopt": [],
        "//command_line_option:features": [],
        "//command_line_option:linkopt": [],
        "//command_line_option:platforms": [str(attr.platform)],
        "//command_line_option:strip": "never",
    }

_to_platform = transition(
    implementation = _impl,
    inputs = [],
    outputs = [
        "//command_line_option:compilation_mode",
        "//command_line_option:conlyopt",
        "//command_line_option:copt",
        "//command_line_option:cxxopt",
        "//command_line_option:features",
        "//command_line_option:linkopt",
        "//command_line_option:platforms",
        "//command_line_option:strip",
    ],
)

def _for_platform_impl(ctx):
    out = ctx.actions.declare_file(ctx.attr.out or ctx.label.name)
    ctx.actions.symlink(output = out, target_file = ctx.files.src[0], is_executable = True)
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]), executable = out)]

for_platform = rule(
    doc = "The program `src`, built for `platform`; `copts` reach everything it is made of.",
    implementation = _for_platform_impl,
    attrs = {
        "copts": attr.string_list(),
        "out": attr.string(),
        "platform": attr.label(mandatory = True),
        "src": attr.label(mandatory = True, cfg = _to_platform),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)
