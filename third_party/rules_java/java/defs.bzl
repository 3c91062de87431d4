# SPDX-License-Identifier: Apache-2.0
java_import = native.java_import
java_runtime = native.java_runtime
java_toolchain = native.java_toolchain
