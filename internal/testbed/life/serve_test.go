// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

// grantCallAudit has alice refused, granted, answered; and the journal tell it by field.
func (l *life) grantCallAudit(ctx context.Context, t *testing.T) string {
	l.mayCall(ctx, t, false)
	must(t, l.host.Tailnet.SetGrants(ctx, l.host.Node, testbed.Grant{
		Src: []*testbed.Node{l.peer}, Cap: capability, Values: []string{`{"tools":["*"]}`},
	}))
	began := time.Now()
	l.mayCall(ctx, t, true)
	took := time.Since(began)

	// What the journal is asked for, and how many records there must be.
	var seen []string
	for _, fields := range []string{
		"TSMCP_TOOL=" + granted + " TSMCP_ALLOWED=false",
		"TSMCP_TOOL=" + granted + " TSMCP_ALLOWED=true TSMCP_LOGIN=alice@example.com",
	} {
		var records []string
		l.await(ctx, t, func() error {
			out, err := l.host.Run(ctx, "journalctl", append(strings.Fields(fields), "--boot", "--quiet", "--output=json", "--unit=tailscale-mcp")...)
			if records = strings.Split(out, "\n"); err == nil && out == "" {
				err = fmt.Errorf("the journal has nothing with %s", fields)
			}
			return err
		})
		var record map[string]any
		must(t, json.Unmarshal([]byte(records[0]), &record))
		if record["_SYSTEMD_UNIT"] != service || record["TSMCP_NODE"] == nil || !strings.HasPrefix(fmt.Sprint(record["TSMCP_ADDR"]), l.peer.IPv4().String()+":") {
			t.Errorf("the record with %s: got %v", fields, record)
		}
		seen = append(seen, fmt.Sprintf("%d× %s", len(records), fields))
	}
	if text, err := l.host.Journal(ctx, service); err != nil || !strings.Contains(text, "alice@example.com") {
		t.Errorf("the journal for people: got %q, %v; want it to name alice", text, err)
	}
	return fmt.Sprintf("refused; answered %d ms after the grant; journal: %s", took.Milliseconds(), strings.Join(seen, "; "))
}

// edit gives the environment file a line more, as an administrator does.
func (l *life) edit(ctx context.Context, t *testing.T, line string) (undo func()) {
	t.Helper()
	shipped := l.run(ctx, t, "cat", envFile)
	must(t, l.host.Write(ctx, envFile, shipped+"\n"+line+"\n", 0o600))
	return func() { must(t, l.host.Write(ctx, envFile, shipped+"\n", 0o600)) }
}

// environmentEdited changes what the grants are called, and back.
func (l *life) environmentEdited(ctx context.Context, t *testing.T) string {
	undo := l.edit(ctx, t, "TAILSCALE_MCP_CAPABILITY=example.com/cap/other")
	began := time.Now()
	l.systemctl(ctx, t, "restart", service)
	took := time.Since(began)
	l.mayCall(ctx, t, false)
	undo()
	l.systemctl(ctx, t, "restart", service)
	l.mayCall(ctx, t, true)
	l.is(ctx, t, socket, "enabled/active")
	return fmt.Sprintf("in force after a restart, which took %.1f s", took.Seconds())
}

// badValue has a configuration that cannot work, with a client that goes on calling.
func (l *life) badValue(ctx context.Context, t *testing.T) string {
	undo := l.edit(ctx, t, "TAILSCALE_MCP_LOG_LEVEL=loud")
	if _, err := l.host.Run(ctx, "systemctl", "restart", service); err == nil {
		t.Error("restarting with a bad value: got no error")
	}
	var explained string
	l.await(ctx, t, func() error {
		text, err := l.host.Journal(ctx, service)
		for line := range strings.Lines(text) {
			if strings.Contains(line, "TAILSCALE_MCP_LOG_LEVEL") {
				explained = strings.TrimSpace(line)
				return nil
			}
		}
		return fmt.Errorf("the journal does not name the variable (%v): %s", err, text)
	})
	const configuration = "78" // EX_CONFIG of sysexits.h
	if got := l.show(ctx, t, service, "ExecMainStatus"); got != configuration {
		t.Errorf("exit code with a bad value: got %s, want %s", got, configuration)
	}

	// A client goes on calling, which starts the service again and again, but not without end.
	const tries, atLeast = 2, time.Second
	starts := func() int { return l.journalled(ctx, t, "Starting tailscale-mcp.service") }
	first, since := starts(), time.Now()
	l.await(ctx, t, func() error {
		calling, stop := context.WithTimeout(ctx, 2*time.Second)
		defer stop()
		if a, err := l.call(calling, "whoami"); err == nil {
			t.Errorf("a call of a service that cannot start: got %+v", a)
		}
		if got := starts() - first; got < tries {
			return fmt.Errorf("calling has started the service %d times, want %d", got, tries)
		}
		return nil
	})
	between := time.Since(since) / tries
	if between < atLeast {
		t.Errorf("calling starts a service that cannot start every %v, want at most every %v", between, atLeast)
	}
	undo()
	began := time.Now()
	l.systemctl(ctx, t, "restart", service)
	l.answered(ctx, t)
	took := time.Since(began)
	l.is(ctx, t, socket, "enabled/active")
	l.noneFailed(ctx, t)
	return fmt.Sprintf("exit code %s, %q; a client who goes on calling is turned away, and starts it every %.1f s; mended and restarted: answered after %.1f s",
		configuration, explained, between.Seconds(), took.Seconds())
}

// journalled counts systemd's messages about the service since the boot.
func (l *life) journalled(ctx context.Context, t *testing.T, message string) int {
	t.Helper()
	text, err := l.host.Journal(ctx, service)
	must(t, err)
	return strings.Count(text, message)
}
