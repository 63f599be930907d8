// SPDX-License-Identifier: MIT

package service

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// unitDirs are where systemd looks for units and their drop-ins, the most
// important first (systemd.unit(5)).
var unitDirs = []string{"etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"}

// SocketPorts returns the ports that tailscale-mcp.socket listens on according to its
// files under root, as systemd would read them; none where it is not installed. A file
// that cannot be read counts as absent.
func SocketPorts(root fs.FS) []uint16 {
	const unit = "tailscale-mcp.socket"
	var files []string
	for _, dir := range unitDirs {
		if _, err := fs.Stat(root, path.Join(dir, unit)); err == nil {
			files = append(files, path.Join(dir, unit))
			break
		}
	}
	dropIns := map[string]string{} // by name: one in /etc hides its namesake elsewhere
	for _, dir := range slices.Backward(unitDirs) {
		found, _ := fs.Glob(root, path.Join(dir, unit+".d", "*.conf")) // the pattern is well-formed
		for _, file := range found {
			dropIns[path.Base(file)] = file
		}
	}
	for _, name := range slices.Sorted(maps.Keys(dropIns)) {
		files = append(files, dropIns[name])
	}
	var ports []uint16
	for _, file := range files {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			if strings.TrimSpace(key) != "ListenStream" {
				continue
			}
			value = strings.TrimSpace(value)
			if value == "" {
				ports = nil // forgets what was said before
				continue
			}
			if port, err := strconv.ParseUint(value[strings.LastIndexByte(value, ':')+1:], 10, 16); err == nil {
				ports = append(ports, uint16(port))
			}
		}
	}
	return ports
}
