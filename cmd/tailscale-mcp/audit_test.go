// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/grant"
)

// TestAuditFollow: what is written is shown, over a rotation and from a file that
// was not there at first, and an interrupt is the end of it.
func TestAuditFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	put := func(id string) {
		t.Helper()
		text := fmt.Sprintf(`{"time":"2026-03-04T05:06:07Z","event":"decision","login":%q,"allowed":false}`+"\n", id)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan error, 1)
	go func() {
		err := cli.Run(ctx, commands(streams{}), []string{"audit", "--follow", "--file", path}, w, os.Stderr)
		_ = w.Close()
		ended <- err
	}()
	lines := bufio.NewScanner(r)
	for i, who := range []string{"alice", "bob", "carol"} {
		if i > 0 {
			if err := os.Rename(path, fmt.Sprintf("%s.%06d", path, i)); err != nil {
				t.Fatal(err)
			}
		}
		put(who)
		if !lines.Scan() || !strings.Contains(lines.Text(), "refused: "+who) {
			t.Fatalf("got %q, want what %s was refused", lines.Text(), who)
		}
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("the end: %v", err)
	}
	if lines.Scan() {
		t.Errorf("got %q after the end", lines.Text())
	}
}

// TestCheckAudit: doctor says where the audit is and how it stands.
func TestCheckAudit(t *testing.T) {
	folder := t.TempDir()
	was := hostRoot
	hostRoot = filepath.Join(folder, "no-host")
	t.Cleanup(func() { hostRoot = was })
	kept := filepath.Join(folder, "audit.jsonl")
	if err := os.WriteFile(kept, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept+".000001", make([]byte, 200<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"no file":                  {"", "note: there is no audit file: tools that change something are not offered until TAILSCALE_MCP_AUDIT_FILE is set"},
		"a file":                   {kept, "ok: audit: " + kept + ", 3.2 MiB of at most 256 MiB"},
		"nothing in it yet":        {filepath.Join(folder, "new.jsonl"), "note: the audit will be kept in " + filepath.Join(folder, "new.jsonl")},
		"where there are no files": {"/proc/self/status/audit.jsonl", "note: the audit cannot be kept in /proc/self/status/audit.jsonl, so changes are refused: "},
		"a disk without room":      {"/proc/audit.jsonl", "note: the audit cannot be kept in /proc/audit.jsonl, so changes are refused, or soon will be: its disk is full (0 KiB free)"},
	} {
		var got []string
		say := func(kind string) func(string, ...any) {
			return func(format string, a ...any) { got = append(got, kind+": "+fmt.Sprintf(format, a...)) }
		}
		checkAudit(config.Config{AuditFile: c.path}, say("ok"), say("note"))
		if len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestPersonsAudit: a person's servers keep their audits in the person's state
// folder, each one that nobody else writes.
func TestPersonsAudit(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	t.Setenv("HOME", "/home/alice")
	folder := filepath.Join(state, "tailscale-mcp")
	for _, name := range []string{"audit.jsonl", "audit-2.jsonl", "audit-3.jsonl"} {
		path := personsAudit()
		if path != filepath.Join(folder, name) {
			t.Errorf("got %s, want %s", path, name)
		}
		file := audit.NewFile(path, func(audit.Event) {})
		defer file.Close()
		if err := file.Check(); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("XDG_STATE_HOME", "relative")
	if got := personsAudit(); got != "/home/alice/.local/state/tailscale-mcp/audit.jsonl" {
		t.Errorf("got %s, want the usual place", got)
	}
	t.Setenv("HOME", "")
	if got := personsAudit(); got != "" {
		t.Errorf("without a home: got %s", got)
	}
}

// TestOffer: without a place for the audit nothing is offered that changes
// something, and it is said.
func TestOffer(t *testing.T) {
	for _, c := range []struct {
		allow  []grant.Class
		file   string
		want   string
		notice bool
	}{
		{grant.Classes(), "/x/audit.jsonl", fmt.Sprint(grant.Classes()), false},
		{grant.Classes(), "", "[read]", true},
		{[]grant.Class{grant.Write}, "", "[]", true},
		{[]grant.Class{grant.Read}, "", "[read]", false},
	} {
		o := offer(config.Config{Allow: c.allow, AuditFile: c.file})
		if fmt.Sprint(o.ceiling) != c.want || (o.notice != "") != c.notice {
			t.Errorf("%v with %q: got %v, %q, want %s", c.allow, c.file, o.ceiling, o.notice, c.want)
		}
	}
}

// TestTrailThatCannotBeWritten: the daemon starts, reads go on, and a change is
// refused.
func TestTrailThatCannotBeWritten(t *testing.T) {
	log := &output{}
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	lost := make(chan audit.Event, 10)
	trail := openTrail(config.Config{AuditFile: "/dev/null/audit.jsonl"}, out, losses{func(e audit.Event) { lost <- e }, func(e audit.Event) { lost <- e }}, slog.New(slog.NewTextHandler(log, nil)))
	if !strings.Contains(log.String(), "changes are refused until") {
		t.Errorf("got log %s", log)
	}
	if err := trail.Write(t.Context(), audit.Record{Event: audit.Decision, Class: "read", Allowed: true}); err != nil {
		t.Errorf("a read: %v", err)
	}
	if got := <-lost; got != audit.Decision {
		t.Errorf("got %s lost, want the read", got)
	}
	if err := trail.Write(t.Context(), audit.Record{Event: audit.Decision, Class: "write", Allowed: true}); err == nil {
		t.Error("a change was recorded nowhere")
	}
	closeTrail(trail, slog.New(slog.NewTextHandler(log, nil)))
}
