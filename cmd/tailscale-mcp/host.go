// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"tailscale.com/client/local"
	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/tool/catalog"
)

// hostRoot is where the files of this host are. Tests have a folder of their own.
var hostRoot = "/"

// operatorConfig is the daemon's configuration as far as a person's shell can
// see it, with a word about what it cannot.
func operatorConfig(p person) (config.Config, error) {
	file := filepath.Join(hostRoot, config.File)
	cfg, read, err := config.LoadWithFile(file, catalog.Groups()...)
	if err != nil || read {
		return cfg, err
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		p.note(noteNoFile, config.File)
	} else {
		p.note(noteUnreadable, config.File)
	}
	return cfg, nil
}

// localClient reaches the tailscaled of this host.
func localClient(cfg config.Config) *local.Client {
	return socket.Client(cfg.TailscaledSocket)
}

// hostName is how a grant names this host: its first tag, else its address.
func hostName(status *ipnstate.Status) string {
	if self := status.Self; self != nil && self.Tags != nil && self.Tags.Len() > 0 {
		return slices.Min(self.Tags.AsSlice())
	}
	if len(status.TailscaleIPs) > 0 {
		return status.TailscaleIPs[0].String()
	}
	return ""
}
