# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# whole_tree.sh - for tests of the whole source tree, which no list of inputs could name. They define check,
# which prints a complaint about the tree in the current directory a line.

# enter_sources: into the tree that LICENSE lies in
enter_sources() {
	cd "$(dirname "$(readlink -f LICENSE)")" || exit 1
}

# require_none TITLE: check finds nothing
require_none() {
	local found
	found=$(check)
	[ -z "$found" ] || {
		echo "$1:"
		echo "$found"
		exit 1
	}
}

# enter_sample: into an empty directory, for a tree with mistakes
enter_sample() {
	sample=$(mktemp -d "${TEST_TMPDIR:-/tmp}/tree.XXXXXX")
	trap 'rm -rf "$sample"' EXIT
	cd "$sample" || exit 1
}

# require_complaint TEXT: check finds exactly that
require_complaint() {
	[ "$(check)" = "$1" ] || {
		echo "the check misses: $1"
		exit 1
	}
}
