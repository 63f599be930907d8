// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/visible"
)

// offers is what this host offers, and why that is less than it is set to.
type offers struct {
	ceiling   []grant.Class
	unaudited []grant.Class // set, and not offered
	notice    string
}

// noAuditFile says why nothing is changed.
const noAuditFile = "tools that change something are not offered, because there is no file for the audit: " +
	"set TAILSCALE_MCP_AUDIT_FILE in " + config.File + ", or give the unit a folder with LogsDirectory=tailscale-mcp"

// offer is the ceiling of cfg, or what of it only reads where changes could not be
// recorded.
func offer(cfg config.Config) offers {
	o := offers{ceiling: cfg.Allow}
	if cfg.AuditFile == "" && slices.ContainsFunc(cfg.Allow, func(c grant.Class) bool { return c != grant.Read }) {
		o.ceiling = slices.DeleteFunc(slices.Clone(cfg.Allow), func(c grant.Class) bool { return c != grant.Read })
		o.unaudited = slices.DeleteFunc(slices.Clone(cfg.Allow), func(c grant.Class) bool { return c == grant.Read })
		o.notice = noAuditFile
	}
	return o
}

// losses are told about each record that the file, or the journal, did not get.
type losses struct{ file, journal func(audit.Event) }

// openTrail opens the audit. A file that cannot be written is no reason not to
// start: reads go on, and each change is refused until it can.
func openTrail(cfg config.Config, w *os.File, lost losses, log *slog.Logger) *audit.Trail {
	var file *audit.File
	if cfg.AuditFile != "" {
		file = audit.NewFile(cfg.AuditFile, lost.file)
		if err := file.Check(); err != nil {
			log.Error("changes are refused until the audit can be written", "err", err)
		}
	}
	return audit.NewTrail(file, audit.NewQueue(audit.Open(w), lost.journal))
}

// closeTrail writes what is left of the audit.
func closeTrail(t *audit.Trail, log *slog.Logger) {
	if err := t.Close(); err != nil {
		log.Error("the end of the audit may be missing", "err", err)
	}
}

// withheld records what a server behind this one shows differently than it was approved.
func withheld(to audit.Log, log *slog.Logger) func(server string, what pin.Change) {
	return func(server string, what pin.Change) {
		err := to.Write(context.Background(), audit.Record{
			Time: time.Now(), Event: audit.Withheld, Server: server, Name: server + "/" + visible.Text(what.Name),
			Reason: fmt.Sprintf("the %s is %s since it was approved", what.Kind, what.State),
		})
		if err != nil {
			log.Error("audit record lost", "err", err)
		}
	}
}

// personsAudit is where a person's own server keeps its audit
// (XDG Base Directory Specification, state), or nothing without a home.
func personsAudit() string {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, err := os.UserHomeDir()
		if err != nil || !filepath.IsAbs(home) {
			return ""
		}
		state = filepath.Join(home, ".local", "state")
	}
	folder := filepath.Join(state, "tailscale-mcp")
	path := filepath.Join(folder, config.AuditName)
	// Two clients of one person have a server each, and one file has one writer.
	for i := 2; i <= mostServers && audit.InUse(path); i++ {
		path = filepath.Join(folder, fmt.Sprintf("audit-%d.jsonl", i))
	}
	return path
}

// mostServers is how many servers of one person keep an audit at the same time.
const mostServers = 8
