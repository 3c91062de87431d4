#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# boot_test.sh PART... SCRIPT ARGUMENT... - a script that boots machines and says what it expects of
# them, in the words of machine.sh.
set -euo pipefail

# shellcheck source=tools/qemu/machine.sh
source tools/qemu/machine.sh "${@:1:7}"
# shellcheck disable=SC1090
source "$8" "${@:9}"
