// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"tailscale-mcp/internal/testbed/elsewhere"
)

// far is a server that is reached by URL, and farSecret the credential that it asks for.
const (
	far       = "far"
	farSecret = far + ".token"
)

// elsewhere has a server by URL, which takes a credential that only its unit has, until it is removed.
func (b *behind) elsewhere(ctx context.Context, t *testing.T) string {
	var token atomic.Value
	token.Store("first")
	there := &elsewhere.Server{Legacy: true, Before: func(w http.ResponseWriter, r *http.Request, _ elsewhere.Message) bool {
		if r.Header.Get("Authorization") == "Bearer "+token.Load().(string) {
			return false
		}
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return true
	}}
	// It listens on the host's own loopback, for as long as this row takes.
	server := httptest.NewUnstartedServer(there)
	must(t, server.Listener.Close())
	must(t, b.host.InNamespace(func() (err error) {
		server.Listener, err = net.Listen("tcp", "127.0.0.1:0")
		return err
	}))
	server.Start()
	defer server.Close()
	defer server.CloseClientConnections() // of sessions that the daemon keeps

	add := []string{
		"tailscale-mcp", "server", "add", far, "--yes", "--suggested",
		"--url", server.URL + "/mcp", "--header", "Authorization: Bearer ${credential:" + farSecret + "}",
	}
	if _, err := b.host.Run(ctx, add[0], add[1:]...); err == nil {
		t.Error("adding a server on the host itself, which no network lists: got no error")
	}
	add = append(add, "--network", "127.0.0.1")
	if out, err := b.host.Run(ctx, add[0], add[1:]...); err == nil || !strings.Contains(fmt.Sprint(out, err), farSecret) {
		t.Errorf("adding it without its credential: got %s, %v, want %s in it", out, err, farSecret)
	}
	must(t, b.host.Write(ctx, "/etc/credstore/"+farSecret, "first\n", 0o600))
	said := b.run(ctx, t, add[0], add[1:]...)
	for _, want := range []string{`"` + far + `/read:*"`, ":8080/" + far + "/mcp"} {
		if !strings.Contains(said, want) {
			t.Errorf("server add says\n%s\nwithout %q", said, want)
		}
	}
	b.grant(ctx, t, `{"tools":["`+notes+`/read:*","`+far+`/read:*"]}`)
	b.nothingFor(ctx, t, "bob, who is granted nothing,", b.bob, far)
	b.answersOf(ctx, t, far, "echo", map[string]any{"is": "here"}, `{"is":"here"}`)

	// Its credential is another from now on: the next session has it.
	token.Store("second")
	must(t, b.host.Write(ctx, "/etc/credstore/"+farSecret, "second\n", 0o600))
	there.Forget()
	b.await(ctx, t, func() error {
		a, err := callOf(ctx, b.peer, b.address(), far, "echo", map[string]any{"is": "there"})
		if err == nil && a.text != `{"is":"there"}` {
			err = fmt.Errorf("after its credential was changed: got %+v", a)
		}
		return err
	})
	for _, text := range []string{"first", "second"} {
		if out, err := b.host.Run(ctx, "sh", "-c", "journalctl --no-pager | grep -F 'Bearer "+text+"'"); err == nil {
			t.Errorf("its credential is in the journal: %s", out)
		}
	}
	b.run(ctx, t, "tailscale-mcp", "server", "remove", far, "--yes")
	b.run(ctx, t, "rm", "/etc/credstore/"+farSecret)
	b.await(ctx, t, func() error {
		a, err := callOf(ctx, b.peer, b.address(), far, "echo", map[string]any{})
		if err == nil && a.status != http.StatusNotFound {
			err = fmt.Errorf("after it was removed: got %+v, want status 404", a)
		}
		return err
	})
	b.noneFailed(ctx, t)
	return fmt.Sprintf("refused without network and without credential; called with it, and with another later: %d requests", len(there.Seen("", "")))
}
