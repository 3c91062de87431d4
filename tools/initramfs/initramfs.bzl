# SPDX-License-Identifier: Apache-2.0
"""initramfs(): a reproducible newc archive from labels; NAME.cpio."""

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".cpio")
    args = ctx.actions.args()
    args.add(out)
    for kind, entries in [("program", ctx.attr.programs), ("file", ctx.attr.files)]:
        for target, path in entries.items():
            files = target[DefaultInfo].files.to_list()
            if len(files) != 1:
                fail("%s: %s must be one file, not %d" % (path, target.label, len(files)))
            args.add_all([kind, path, files[0]])
    for target, folder in ctx.attr.folders.items():
        for file in target[DefaultInfo].files.to_list():
            args.add_all(["file", folder + "/" + file.basename, file])
    for path, to in sorted(ctx.attr.links.items()):
        args.add_all(["link", path, to])
    for path, mode in sorted(ctx.attr.dirs.items()):
        args.add_all(["dir", path, mode])
    ctx.actions.run(
        outputs = [out],
        inputs = ctx.files.programs + ctx.files.files + ctx.files.folders,
        executable = ctx.executable._mkcpio,
        arguments = [args],
        mnemonic = "Cpio",
    )
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles(files = [out]))]

initramfs = rule(
    implementation = _impl,
    attrs = {
        "dirs": attr.string_dict(doc = "path: octal mode"),
        "files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "label: path, mode 0644",
        ),
        "folders": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "label of many files: the directory they go to, mode 0644",
        ),
        "links": attr.string_dict(doc = "path: target"),
        "programs": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "label: path, mode 0755",
        ),
        "_mkcpio": attr.label(
            cfg = "exec",
            default = "//tools/initramfs:mkcpio_tool",
            executable = True,
        ),
    },
)
