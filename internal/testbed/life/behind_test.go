// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

// grant has alice be granted something.
func (b *behind) grant(ctx context.Context, t *testing.T, value string) {
	t.Helper()
	must(t, b.host.Tailnet.SetGrants(ctx, b.host.Node, testbed.Grant{Src: []*testbed.Node{b.peer}, Cap: capability, Values: []string{value}}))
}

// answersOf waits until a tool of a server answers alice with a text, and returns the answer and how long that took.
func (b *behind) answersOf(ctx context.Context, t *testing.T, server, tool string, arguments map[string]any, want string) (string, time.Duration) {
	t.Helper()
	began := time.Now()
	var a answer
	b.await(ctx, t, func() (err error) {
		a, err = callOf(ctx, b.peer, b.address(), server, tool, arguments)
		if err == nil && (a.status != http.StatusOK || a.refused || !strings.Contains(a.text, want)) {
			err = fmt.Errorf("%s of %s: got %+v, want %q in it", tool, server, a, want)
		}
		return err
	})
	return a.text, time.Since(began)
}

// answersNote is that of the server that every host has.
func (b *behind) answersNote(ctx context.Context, t *testing.T) (string, time.Duration) {
	t.Helper()
	return b.answersOf(ctx, t, notes, noteTool, map[string]any{}, "a note for alice@example.com by ")
}

// nothingFor checks that a server is as if it were not there.
func (b *behind) nothingFor(ctx context.Context, t *testing.T, who string, peer *testbed.Node, server string) {
	t.Helper()
	for _, name := range []string{server, "never-there"} {
		a, err := callOf(ctx, peer, b.address(), name, noteTool, map[string]any{})
		if err != nil || a.status != http.StatusNotFound {
			t.Errorf("%s calling %s: got %+v, %v, want status 404", who, name, a, err)
		}
	}
}

// instances are the loaded units of processes of a server.
func (b *behind) instances(ctx context.Context, t *testing.T, server string) []string {
	t.Helper()
	out := b.run(ctx, t, "systemctl", "list-units", "--all", "--plain", "--no-legend", "tailscale-mcp-server-"+server+"@*")
	var names []string
	for line := range strings.Lines(out) {
		names = append(names, strings.Fields(line)[0])
	}
	return names
}
