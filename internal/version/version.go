// SPDX-License-Identifier: MIT

// Package version says which version of the program this is. It imports the
// standard library only.
package version

import "runtime/debug"

// stamped is set by the build of a release.
var stamped string

// String returns the version: the release's, else what the Go toolchain knows
// of the checkout, else "devel".
func String() string {
	if stamped != "" {
		return stamped
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
