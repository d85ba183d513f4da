# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A private apt for what the build and the guests need: suites and sources of any
# release of Debian from the mirrors that this machine already uses.  It leaves the
# machine's own settings alone.
#
# Source this file; it needs BUILD (the build directory).  apt_private RELEASE sets
# APT_CONFIG, so that every apt tool run afterwards works in $BUILD/apt/RELEASE.

apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The code name of this machine's release.
# shellcheck disable=SC1091,SC2154 # /etc/os-release sets it
apt_host_release() {
	(. /etc/os-release && echo "$VERSION_CODENAME")
}

# The releases, the oldest first; a C library runs what was made for an older one.
apt_releases="bookworm trixie forky sid"

# Do programs of one release run on another?
apt_runs_on() { # OF-RELEASE ON-RELEASE
	for known in $apt_releases; do
		[ "$known" != "$1" ] || return 0
		[ "$known" != "$2" ] || return 1
	done
	return 1
}

# Do programs of the release run on this machine?
apt_runs_here() { # RELEASE
	apt_runs_on "$1" "$(apt_host_release)"
}

# The base address of the configured archives with the given label, for example "Debian"
# or "Debian-Security"; all suites are next to each other, so one address serves for all
# of them.
apt_mirror() {
	env -u APT_CONFIG apt-get indextargets \
		--format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
		awk -v label="$1" '$1 == label { print $2; exit }'
}

# A stable release has point releases, backports and security updates.
apt_suites() { # RELEASE
	case $1 in
	sid | forky | experimental) echo "$1" ;;
	*) echo "$1 $1-updates $1-backports" ;;
	esac
}

apt_write_sources() { # RELEASE
	main=$(apt_mirror Debian)
	security=$(apt_mirror Debian-Security)
	if [ -z "$main" ]; then
		echo "apt.sh: no Debian archive is configured here, or its lists are" \
			"not fetched yet: run 'apt-get update' as root" >&2
		return 1
	fi
	for suite in $(apt_suites "$1"); do
		echo "deb [signed-by=$apt_keyring] $main $suite main"
	done
	echo "deb-src [signed-by=$apt_keyring] $main $1 main"
	if [ -n "$security" ] && [ "$(apt_suites "$1")" != "$1" ]; then
		echo "deb [signed-by=$apt_keyring] $security $1-security main"
	fi
}

# Sources, configuration and lists of $apt, which several builds may share at the same time.
apt_prepare() { # RELEASE
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts" "$apt/prefs"
	apt_write_sources "$1" >"$apt/sources.list.new" || return 1
	touch "$apt/status"
	cat >"$apt/apt.conf" <<-CONF
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "$apt/parts";
		Dir::Etc::preferences "$apt/preferences";
		Dir::Etc::preferencesparts "$apt/prefs";
		Dir::State "$apt";
		Dir::State::lists "$apt/lists";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt/cache";
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; };
		APT::Sandbox::User "";
		APT::Get::List-Cleanup "false";
		Acquire::Languages "none";
		Acquire::Retries "3";
	CONF
	cmp -s "$apt/sources.list.new" "$apt/sources.list" && [ -e "$apt/updated" ] && return
	mv "$apt/sources.list.new" "$apt/sources.list" && apt-get -q update && touch "$apt/updated"
}

apt_private() { # RELEASE
	apt=$BUILD/apt/$1
	mkdir -p "$apt"
	export APT_CONFIG="$apt/apt.conf"
	(flock 9 && apt_prepare "$1") 9>"$apt/lock"
}

# mmdebstrap, for a small tree.  It gets none of its caller's descriptors except the
# standard ones: Debian 13's (1.5) has a shell write to one of its own, and dash knows
# no number above 9.
apt_bootstrap() { # ARGUMENT-OF-MMDEBSTRAP...
	(
		exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
		exec env -u APT_CONFIG mmdebstrap --quiet --variant=minbase \
			--aptopt='APT::Install-Recommends "false"' \
			--aptopt='Acquire::Languages "none"' \
			--dpkgopt='force-unsafe-io' \
			--dpkgopt='path-exclude=/usr/share/doc/*' \
			--dpkgopt='path-exclude=/usr/share/man/*' "$@"
	)
}
