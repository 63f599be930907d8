// SPDX-License-Identifier: MIT

package manage

import (
	"os"
	"path/filepath"
	"strings"

	"tailscale-mcp/internal/upstream/entry"
)

// standardPath is where the launcher looks for programs, unless the entry says otherwise.
const standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// missing reports whether the program of a server is not on this host. One that is there
// may still be out of the sandbox's sight, which the launcher says.
func missing(s entry.Server) bool {
	if strings.Contains(s.Command, "/") {
		return !program(s.Command)
	}
	path := s.Env["PATH"]
	if path == "" {
		path = standardPath
	}
	for _, dir := range filepath.SplitList(path) {
		if filepath.IsAbs(dir) && program(filepath.Join(dir, s.Command)) {
			return false
		}
	}
	return true
}

func program(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
