# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The table of kernels, for scripts.  To be sourced; needs `here`, this folder.

# The rows, without comments: NAME RELEASE SUITE FLAVOUR COMPILER TIER CMDLINE.
kernel_rows() {
	sed '/^#/d; /^$/d' "${KERNEL_TABLE:-$here/kernels.table}"
}

# One column of one row; an unknown name is an error.
kernel_field() { # NAME COLUMN-NUMBER
	kernel_rows | awk -v name="$1" -v column="$2" '
		$1 == name { print $column; found = 1 }
		END { if (!found) { print "no such kernel in the table: " name >"/dev/stderr"; exit 1 } }'
}

kernel_release_name() { kernel_field "$1" 2; } # NAME -> bookworm, ...

# The names of a tier: default, or full, which has all.
kernel_names() { # TIER
	kernel_rows | awk -v tier="$1" 'tier == "full" || $6 == tier { print $1 }'
}
