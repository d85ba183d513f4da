# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The table of kernels, for scripts that source this file.  Needs `here`, this folder.

kernel_columns="name release suite flavour compiler tier cmdline"

# The rows, without comments: one word a column.
kernel_rows() {
	sed '/^#/d; /^$/d' "${KERNEL_TABLE:-$here/kernels.table}"
}

# One column of one row; an unknown name is an error.
kernel_field() { # NAME COLUMN
	kernel_rows | awk -v name="$1" -v wanted="$2" -v columns="$kernel_columns" '
		BEGIN { for (n = split(columns, column); n; n--) number[column[n]] = n }
		$1 == name { print $number[wanted]; found = 1 }
		END { if (!found) { print "no such kernel in the table: " name >"/dev/stderr"; exit 1 } }'
}

# The names of a tier: default, or full, which has all rows.
kernel_names() { # TIER
	kernel_rows | awk -v tier="$1" 'tier == "full" || $6 == tier { print $1 }'
}
