// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/tool"
)

// code is the code of what a caller is told.
func code(err error) string {
	var told *tool.Error
	if errors.As(err, &told) {
		return string(told.Code)
	}
	return ""
}

// calls is a good call of every tool.
var calls = map[string]string{
	"get_tailnet_status": `{}`, "list_peers": `{}`, "get_whois": `{"address":"100.64.0.4"}`, "ping_peer": `{"peer":"web-1"}`, "run_netcheck": `{}`,
	"get_node_dns": `{}`, "get_serve_config": `{}`, "suggest_exit_node": `{}`, "get_node_preferences": `{}`, "get_tailnet_lock_status": `{}`,
}

// refuses calls every tool but those in except, and wants one code of all.
func refuses(t *testing.T, b *bench, want failure.Code, next string, except ...string) {
	t.Helper()
	for name, arguments := range calls {
		answer, err := b.call(name, arguments)
		if slices.Contains(except, name) {
			if err != nil {
				t.Errorf("%s: got %v, want an answer", name, err)
			}
			continue
		}
		var told *tool.Error
		if !errors.As(err, &told) || told.Code != want || !strings.Contains(told.Next, next) {
			t.Errorf("%s: got %s and error %v, want code %s and a next step with %q", name, answer, err, want, next)
		}
	}
}

func TestTailscaledAway(t *testing.T) {
	f := newFake(t)
	nowhere := &node{tailscaled: localapi.New(socket.Client(filepath.Join(t.TempDir(), "none")))}
	refuses(t, newBench(t, nowhere), failure.UpstreamUnavailable, "systemctl start tailscaled")

	b := newBench(t, f.node())
	if _, err := b.call("list_peers", `{}`); err != nil {
		t.Fatal(err)
	}
	if err := f.server.Close(); err != nil {
		t.Fatal(err)
	}
	// The socket is gone, and so are the connections that were kept. A slow host may need long
	// for what waits for nothing, but not each time.
	for tries := 1; ; tries++ {
		began := time.Now()
		refuses(t, b, failure.UpstreamUnavailable, "systemctl start tailscaled")
		took := time.Since(began)
		if took <= 2*time.Second {
			return
		}
		if tries == 5 {
			t.Fatalf("it took %v to notice ten times that tailscaled is away", took)
		}
	}
}

func TestSocketWithoutListener(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n := &node{tailscaled: localapi.New(socket.Client(path))}
	refuses(t, newBench(t, n), failure.UpstreamUnavailable, "TAILSCALE_MCP_TAILSCALED_SOCKET")
}

func TestNotOnATailnet(t *testing.T) {
	for _, c := range []struct {
		state string
		want  failure.Code
		next  string
	}{
		{"NeedsLogin", failure.Unauthenticated, "tailscale up"},
		{"NeedsMachineAuth", failure.PermissionDenied, "https://login.tailscale.com/admin/machines"},
		{"Stopped", failure.UpstreamUnavailable, "tailscale up"},
		{"Starting", failure.UpstreamUnavailable, "try again in a moment"},
		{"NoState", failure.UpstreamUnavailable, "try again in a moment"},
	} {
		t.Run(c.state, func(t *testing.T) {
			f := newFake(t)
			f.set(func() {
				f.status.BackendState, f.status.Self, f.status.Peer, f.status.CurrentTailnet = c.state, nil, nil, nil
				f.dns, f.whois, f.derp = nil, nil, nil
			})
			b := newBench(t, f.node())
			// What does not depend on a tailnet is answered all the same.
			refuses(t, b, c.want, c.next, "get_tailnet_status", "get_node_preferences", "get_serve_config")
			var st statusResult
			b.answer("get_tailnet_status", ``, &st)
			if st.State != c.state || !strings.Contains(st.NextStep, c.next) || st.Self != nil {
				t.Errorf("got status %+v, want state %s and next step with %q", st, c.state, c.next)
			}
		})
	}
}

func TestUpstreamFaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		instead http.HandlerFunc
		want    failure.Code
		next    string
	}{
		{"access denied", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "access denied", http.StatusForbidden)
		}, failure.PermissionDenied, "journalctl -u tailscaled"},
		{"too old for the question", http.NotFound, failure.Unsupported, "tailscale update"},
		{"failing", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":"internal trouble"}`, http.StatusInternalServerError)
		}, failure.UpstreamUnavailable, "journalctl -u tailscaled"},
		{"not JSON", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<!doctype html><title>proxy</title>"))
		}, failure.UpstreamMalformed, "tailscale update"},
		{"of another shape", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`["nothing"]`))
		}, failure.UpstreamMalformed, "tailscale update"},
		{"cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{`))
		}, failure.UpstreamUnavailable, "try again"},
		{"hanging up", func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		}, failure.UpstreamUnavailable, "try again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			f.set(func() { f.instead = c.instead })
			b := newBench(t, f.node())
			for name, arguments := range calls {
				want, next := c.want, c.next
				if c.name == "too old for the question" && name == "get_whois" {
					// tailscaled says no such path and no such address alike.
					want, next = failure.NotFound, "list_peers"
				}
				var told *tool.Error
				_, err := b.call(name, arguments)
				if !errors.As(err, &told) || told.Code != want || !strings.Contains(told.Next, next) {
					t.Errorf("%s: got error %v, want code %s and a next step with %q", name, err, want, next)
				}
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	f := newFake(t)
	arrived := make(chan struct{}, 100)
	f.set(func() {
		f.instead = func(_ http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			<-r.Context().Done()
		}
	})
	b := newBench(t, f.node())
	for name, arguments := range calls {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		if _, err := b.callContext(ctx, name, arguments); code(err) != tool.CodeCancelled {
			t.Errorf("%s: got %v, want code %s", name, err, tool.CodeCancelled)
		}
		cancel()
	}
}
