# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154 # here: of the script that sources this
#
# Put the built product into a guest's tree: the module, the tool with the libraries
# it links to, the units, and the loader, for the guest to install.  For scripts that source
# this file; needs BUILD, `here`, this folder, and, with a DEBIAN, apt.sh.  Parts that are not
# built yet are left out: a guest without them still boots.
#
# DEBIAN is the release of a guest that has its own libraries.

# The folder of the tool: one built on this host does not run on an older Debian.
product_tools() { # [DEBIAN]
	if [ -z "${1:-}" ] || apt_runs_on "$(apt_host_release)" "$1"; then
		echo "$BUILD/tools"
	else
		echo "$BUILD/tools-$1"
	fi
}

# Build the tool for the guest's release, if that needs its own: `make all` does not.
product_build() { # DEBIAN
	[ "$(product_tools "$1")" = "$BUILD/tools" ] ||
		BUILD=$BUILD "$here/../../tools/build/guest-tools" "$1"
}

product_units() {
	for unit in "$here"/../../tools/systemd/fastboot-*; do
		echo "$unit usr/lib/systemd/system/${unit##*/} 644"
	done
}

# "file place-in-the-guest mode", one a line, of the parts built so far.
product_table() { # UNAME-R [DEBIAN]
	tools=$(product_tools "${2:-}")
	while read -r file place mode; do
		[ ! -e "$file" ] || echo "$file $place $mode"
	done <<-TABLE
		$BUILD/kernel-hook/$1/fastboot_snapshot.ko lib/modules/$1/updates/fastboot_snapshot.ko 644
		$tools/fastbootctl usr/sbin/fastbootctl 755
		$BUILD/efi/fastbootx64.efi usr/lib/fastboot/fastbootx64.efi 644
		$here/../../tools/systemd/healthy usr/lib/fastboot/healthy 755
		$here/../../tools/systemd/overlayroot.conf usr/lib/systemd/system/systemd-remount-fs.service.d/fastboot-overlayroot.conf 644
		$here/../../tools/systemd/arm usr/lib/fastboot/arm 755
		$here/../../tools/snapshot.d/00-timers usr/lib/fastboot/snapshot.d/00-timers 755
		$here/../../tools/snapshot.d/close usr/lib/fastboot/close 755
		$here/../../tools/snapshot.d/close usr/lib/fastboot/snapshot.d/10-esp 755
		$here/../../tools/snapshot.d/close usr/lib/fastboot/snapshot.d/90-stacks 755
		$(product_units)
		$here/../../tools/default/fastboot etc/default/fastboot 644
		$here/../../tools/udev/90-fastboot.rules usr/lib/udev/rules.d/90-fastboot.rules 644
	TABLE
}

product_files() { # UNAME-R [DEBIAN]
	product_table "$@" | cut -d ' ' -f 1
}

product_add() { # ROOT UNAME-R [DEBIAN]
	tree=$1
	shift
	product_table "$@" | while read -r file place mode; do
		install -D -m "$mode" "$file" "$tree/$place"
	done
}

# For a tree without its own shared libraries: those of a program, if another tree has them
# from there, or else this machine's.
product_add_libraries() { # ROOT PROGRAM [TREE]
	other=${3:-}
	LD_LIBRARY_PATH=${other:+$other/lib/x86_64-linux-gnu:$other/usr/lib/x86_64-linux-gnu} \
		ldd "$2" | sed -n 's/.*[ \t]\(\/[^ ]*\) (0x.*/\1/p' |
		while read -r library; do
			install -D -m 755 "$(readlink -f "$library")" "$1${library#"$other"}"
		done
}

# Sign what Secure Boot verifies, as dkms and an administrator do: the modules outside the
# kernel's package, without their debugging information, and the loader.
product_sign() { # ROOT UNAME-R HEADERS
	mok=$BUILD/secure-boot/mok
	BUILD=$BUILD "$here/make-mok"
	for module in "$1/lib/modules/$2/updates"/*.ko; do
		[ -e "$module" ] || continue
		strip -g "$module"
		"$3/scripts/sign-file" sha256 "$mok.key" "$mok.pub" "$module"
	done
	loader=$1/usr/lib/fastboot/fastbootx64.efi
	[ -e "$loader" ] || return 0
	said=$(sbsign --key "$mok.key" --cert "$mok.pem" --output "$loader" "$loader" 2>&1) || {
		echo "$said" >&2
		return 1
	}
}
