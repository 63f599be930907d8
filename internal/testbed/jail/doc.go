// SPDX-License-Identifier: MIT

// Package jail tests the sandbox of the servers behind the gateway from inside a server, on whole Debian hosts with the real
// launcher, generator and units: TestHostJail.
//
// Each row of its tables is a promise of the sandbox. The same probe (package probe) is tried inside a server, where it must
// fail, and outside, in the same run, as an ordinary user or, for what only root may, as root, where it must succeed: a row
// whose probe fails outside too proves nothing, and fails.
package jail
