# SPDX-License-Identifier: MIT
#
# Sourced by the scripts here. It sets
#
#   here  this folder
#
# CONFORMANCE_CACHE  where install puts what package.json pins (see ../npm.sh)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../npm.sh"

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

install() { npm_install conformance "$here"; }
