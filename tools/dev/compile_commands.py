#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes compile_commands.json from `bazel aquery` for clangd and clang-tidy."""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GCC_ONLY = ("-fno-canonical-system-headers", "-Wno-free-nonheap-object", "-Wunused-but-set-parameter")


def bazel(*args):
    return subprocess.run(("bazel",) + args, cwd=ROOT, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


def main():
    external = bazel("info", "output_base").strip() + "/external/"
    query = 'mnemonic("CppCompile", deps(//...))'
    entries = {}
    for action in json.loads(bazel("aquery", "--output=jsonproto", query))["actions"]:
        args = action["arguments"]
        src = args[args.index("-c") + 1]
        if src.startswith("external/") or src.endswith(".S"):
            continue
        kept, skip = [], False
        for arg in args:
            if skip or arg in GCC_ONLY or arg == "-MD":
                skip = False
            elif arg == "-MF":
                skip = True
            elif arg.startswith("external/"):
                kept.append(external + arg[len("external/"):])
            else:
                kept.append(arg)
        if "unknown-elf" in args[0]:
            kept[1:1] = ["--target=riscv64-unknown-elf"]
        elif "riscv64" in args[0]:
            kept[1:1] = ["--target=riscv64-linux-gnu", "-isystem", "/usr/riscv64-linux-gnu/include"]
        # A file built for several platforms: the first action wins (the host's).
        entries.setdefault(src, {"directory": ROOT, "file": src, "arguments": kept})
    with open(os.path.join(ROOT, "compile_commands.json"), "w") as out:
        json.dump(list(entries.values()), out, indent=1)
    print(len(entries), "files", file=sys.stderr)


main()
