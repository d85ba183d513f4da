# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A private apt for what the build and the guests need: suites and sources from
# the mirrors this machine already uses, without touching its own settings.
#
# To be sourced.  Needs BUILD (the build directory).  Sets APT_CONFIG, so that
# every apt tool run afterwards works in $BUILD/apt.

apt_release=bookworm
apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The base addresses of the configured archives with the given label, e.g.
# "Debian" or "Debian-Security"; point-release and backports suites live beside
# the main one, so its address serves for all of them.
apt_mirror() {
	env -u APT_CONFIG apt-get indextargets \
		--format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
		awk -v label="$1" '$1 == label { print $2; exit }'
}

apt_write_sources() {
	main=$(apt_mirror Debian)
	security=$(apt_mirror Debian-Security)
	if [ -z "$main" ]; then
		echo "apt.sh: no Debian archive is configured here, or its lists are" \
			"not fetched yet: run 'apt-get update' as root" >&2
		return 1
	fi
	for suite in "$apt_release" "$apt_release-updates" "$apt_release-backports"; do
		echo "deb [signed-by=$apt_keyring] $main $suite main"
	done
	echo "deb-src [signed-by=$apt_keyring] $main $apt_release main"
	if [ -n "$security" ]; then
		echo "deb [signed-by=$apt_keyring] $security $apt_release-security main"
	fi
}

apt_private() {
	apt=$BUILD/apt
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts" "$apt/prefs"
	apt_write_sources >"$apt/sources.list.new" || return 1
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
	export APT_CONFIG="$apt/apt.conf"
	if ! cmp -s "$apt/sources.list.new" "$apt/sources.list" || [ ! -e "$apt/updated" ]; then
		mv "$apt/sources.list.new" "$apt/sources.list"
		apt-get -q update
		touch "$apt/updated"
	fi
}
