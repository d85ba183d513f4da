#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What check-tree and check-tables share; sourced, with NAME set.  Begins in the tree's root.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
failures=0

complain() { # HEADING DETAILS
	echo "$NAME: $1" >&2
	[ -z "${2:-}" ] || sed 's/^/  /' >&2 <<<"$2"
	failures=$((failures + 1))
}

sources() { # PATTERN...
	git ls-files --cached --others --exclude-standard -- "$@" | while read -r f; do
		[ -f "$f" ] && echo "$f"
	done
}

finish() {
	[ "$failures" = 0 ] && echo "$NAME: clean"
	exit $((failures != 0))
}
