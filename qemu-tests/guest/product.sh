# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154 # here: of the script that sources this
#
# Put the built product into a guest's tree: the module, the command with what
# it links to, the units, the loader to be installed from within.  To be sourced;
# needs BUILD, and `here`, this folder.  Parts not built yet are left out: a guest
# without them still boots.

# "file place-in-the-guest mode", one a line, of the parts built so far.
product_table() {
	while read -r file place mode; do
		[ ! -e "$file" ] || echo "$file $place $mode"
	done <<-TABLE
		$BUILD/kernel-hook/$1/fastboot_snapshot.ko lib/modules/$1/updates/fastboot_snapshot.ko 644
		$BUILD/tools/fastbootctl usr/sbin/fastbootctl 755
		$BUILD/efi/fastbootx64.efi usr/lib/fastboot/fastbootx64.efi 644
		$here/../../tools/systemd/healthy usr/lib/fastboot/healthy 755
		$here/../../tools/systemd/fastboot-healthy.service usr/lib/systemd/system/fastboot-healthy.service 644
		$here/../../tools/systemd/fastboot-restored.target usr/lib/systemd/system/fastboot-restored.target 644
		$here/../../tools/systemd/fastboot-restored.service usr/lib/systemd/system/fastboot-restored.service 644
		$here/../../tools/systemd/fastboot-arm.service usr/lib/systemd/system/fastboot-arm.service 644
		$here/../../tools/systemd/arm usr/lib/fastboot/arm 755
		$here/../../tools/default/fastboot etc/default/fastboot 644
		$here/../../tools/udev/90-fastboot.rules usr/lib/udev/rules.d/90-fastboot.rules 644
	TABLE
}

product_files() {
	product_table "$1" | cut -d ' ' -f 1
}

product_add() {
	product_table "$2" | while read -r file place mode; do
		install -D -m "$mode" "$file" "$1/$place"
	done
}

# For a tree without shared libraries of its own.
product_add_libraries() {
	[ -e "$1/usr/sbin/fastbootctl" ] || return 0
	ldd "$1/usr/sbin/fastbootctl" | sed -n 's/.*[ \t]\(\/[^ ]*\) (0x.*/\1/p' |
		while read -r library; do
			install -D -m 755 "$(readlink -f "$library")" "$1$library"
		done
}
