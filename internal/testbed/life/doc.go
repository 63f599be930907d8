// SPDX-License-Identifier: MIT

// Package life is the life of the package tailscale-mcp on whole Debian hosts, as a test: installed by apt from the repository
// that `make repo` builds, before tailscale and after it, serving, through faults, reboots and upgrades, removed and purged.
//
// Every row of that life is a subtest. What was seen is in a table at the end of TestHostLife; see `make test-host`.
//
// TestHostUpgradeFromBefore has hosts upgraded that somebody uses with the packages of an earlier commit, which it builds from
// the history of this repository.
package life
