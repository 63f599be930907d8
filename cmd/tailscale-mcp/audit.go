// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/audit/disk"
	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
)

// unitsAudit is where the unit's daemon keeps its audit.
const unitsAudit = "/var/log/tailscale-mcp/" + config.AuditName

// followTime is how often --follow looks for more.
const followTime = 250 * time.Millisecond

type auditOptions struct {
	selection    audit.Selection
	file         string
	follow, json bool
}

func auditCommand() *cobra.Command {
	var o auditOptions
	c := &cobra.Command{
		Use:   "audit [options]",
		Short: "show the audit: who did what, and who was refused",
		RunE:  func(c *cobra.Command, _ []string) error { return runAudit(c.Context(), personOf(c), o) },
	}
	flags := c.Flags()
	flags.StringVar(&o.selection.Caller, "caller", "", "only what this `WHO` did: a login, tag, node, node ID or address")
	flags.StringVar(&o.selection.Server, "server", "", "only this server behind this one, by its `NAME`")
	flags.StringVar(&o.selection.Tool, "tool", "", "only this tool, resource or prompt, by its `NAME`")
	flags.StringVar(&o.selection.Target, "target", "", "only what touched something with this `PART` in its name")
	flags.Var(&timeFlag{&o.selection.Since}, "since", "nothing older: a `TIME` such as 2026-03-04T05:06:07Z, or how long ago, such as 2h30m")
	flags.Var(&timeFlag{&o.selection.Until}, "until", "nothing newer: a `TIME` as for --since")
	flags.Var(&boolFlag{&o.selection.Refused}, "refused", "only what was refused; with =false only what was not")
	flags.Lookup("refused").NoOptDefVal = "true"
	flags.BoolVar(&o.follow, "follow", false, "show what comes, too, until interrupted")
	flags.BoolVar(&o.json, "json", false, "the records as they are in the file, JSON lines")
	flags.StringVar(&o.file, "file", "", "another audit's `FILE`, such as a copy")
	cli.CompleteFiles(c)
	return c
}

// timeFlag is a time, or how long ago it is.
type timeFlag struct{ at *time.Time }

func (f *timeFlag) String() string { return "" }

// Type implements [pflag.Value].
func (f *timeFlag) Type() string { return "time" }

func (f *timeFlag) Set(value string) (err error) {
	if ago, failed := time.ParseDuration(value); failed == nil {
		*f.at = time.Now().Add(-ago)
		return nil
	}
	if *f.at, err = time.Parse(time.RFC3339, value); err != nil {
		return errors.New("neither a duration such as 2h30m nor a time such as 2026-03-04T05:06:07Z")
	}
	return nil
}

// boolFlag is a switch that is known to have been left out.
type boolFlag struct{ on **bool }

func (f *boolFlag) String() string { return "" }

// Type implements [pflag.Value].
func (f *boolFlag) Type() string { return "bool" }

func (f *boolFlag) Set(value string) error {
	on, err := strconv.ParseBool(value)
	*f.on = &on
	return err
}

// auditPath is where the daemon of this host keeps its audit, as far as this shell
// can tell.
func auditPath(cfg config.Config) string {
	return cmp.Or(cfg.AuditFile, filepath.Join(hostRoot, unitsAudit))
}

// runAudit shows the records of the audit, the oldest first.
func runAudit(ctx context.Context, p person, o auditOptions) error {
	if o.file == "" {
		cfg, err := operatorConfig(p)
		if err != nil {
			return err
		}
		o.file = auditPath(cfg)
	}
	err := showAudit(ctx, p, o)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return cli.Hint(fmt.Errorf("this account may not read the audit: %w", err), "run it with sudo")
	case errors.Is(err, fs.ErrNotExist):
		return cli.Hint(fmt.Errorf("there is no audit at %s", o.file), "tailscale-mcp doctor says where the daemon keeps it; name another with --file")
	}
	return err
}

func showAudit(ctx context.Context, p person, o auditOptions) error {
	if _, err := audit.Used(o.file); err != nil && !(o.follow && errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	r := audit.NewReader(o.file, func(err error) { p.note("%v", err) })
	defer r.Close()
	out := bufio.NewWriter(p.out)
	more := time.NewTicker(followTime)
	defer more.Stop()
	for ctx.Err() == nil {
		line, err := r.Next()
		switch {
		case err == nil:
			if err := o.show(out, line); err != nil {
				return err
			}
			continue
		case !errors.Is(err, io.EOF):
			return errors.Join(err, out.Flush())
		}
		if err := out.Flush(); err != nil || !o.follow {
			return err
		}
		select {
		case <-more.C:
		case <-ctx.Done():
		}
	}
	return out.Flush()
}

func (o auditOptions) show(w io.Writer, line audit.Line) error {
	if !o.selection.Has(line.Record) {
		return nil
	}
	text := line.Record.Line()
	if o.json {
		text = string(line.Text)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// leastRoom is what a disk has to have free for the audit, or changes are about to be
// refused.
const leastRoom = 1 << 20

// checkAudit says where the audit is and how it stands. Nothing of it is a break:
// who only reads does not depend on it.
func checkAudit(cfg config.Config, ok, note func(string, ...any)) {
	path := auditPath(cfg)
	used, err := audit.Used(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		note("this account may not look at the audit, %s: run this with sudo", path)
		return
	case err != nil && cfg.AuditFile == "":
		note("there is no audit file: tools that change something are not offered until TAILSCALE_MCP_AUDIT_FILE is set in %s, "+
			"or the unit has a folder for it (LogsDirectory=tailscale-mcp)", config.File)
		return
	}
	room, readOnly, unknown := disk.Room(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		note("the audit cannot be kept in %s, so changes are refused: %v", path, err)
	case unknown != nil && !errors.Is(unknown, errors.ErrUnsupported):
		note("the audit cannot be kept in %s, so changes are refused: %v", path, unknown)
	case unknown == nil && readOnly:
		note("the audit cannot be kept in %s, so changes are refused: its file system is mounted read-only", path)
	case unknown == nil && room < leastRoom:
		note("the audit cannot be kept in %s, so changes are refused, or soon will be: its disk is full (%s free)", path, size(int64(room)))
	case err != nil:
		note("the audit will be kept in %s, where nothing has been written yet", path)
	default:
		ok("audit: %s, %s of at most %s", path, size(used), size(audit.MaxBytes))
	}
}

// size is a number of bytes as a person reads it.
func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KiB", (bytes+1023)>>10)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(bytes)/(1<<20)), ".0") + " MiB"
}
