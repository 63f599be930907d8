// SPDX-License-Identifier: MIT

package gateway_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/elsewhere"
	"tailscale-mcp/internal/upstream/servers"
	"tailscale-mcp/internal/upstream/unit"
)

// local lets the entry of a test reach its own server.
const local = `"network":["127.0.0.0/8"]`

// elsewhere adds an approved server that is reached by URL, with members of its entry and
// of what stands under "tailscale" there.
func (b *bench) elsewhere(t *testing.T, name string, h http.Handler, members, ours string) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.CloseClientConnections() // of streams that stay open
		srv.Close()
	})
	b.entry(t, name, srv.URL+"/mcp", members, ours)
	b.approve(t, name, nil)
	return srv
}

func (b *bench) entry(t *testing.T, name, url, members, ours string) {
	t.Helper()
	if err := b.WriteText(name, fmt.Sprintf(`{"url":%q%s,"tailscale":{%s%s}}`, url, members, local, ours)); err != nil {
		t.Fatal(err)
	}
}

// kinds are servers of each era, and their ways to answer.
func kinds() map[string]*elsewhere.Server {
	return map[string]*elsewhere.Server{
		"older":             {Legacy: true},
		"older, streams":    {Legacy: true, Streams: true},
		"older, no stream":  {Legacy: true, NoStream: true},
		"older, no session": {Legacy: true, Stateless: true},
		"2024-11-05":        {Old: true},
		"sse":               {Old: true},
		"newer":             {Modern: true},
		"newer, streams":    {Modern: true, Streams: true},
		"both":              {Legacy: true, Modern: true, Streams: true},
		"both, no session":  {Legacy: true, Modern: true, Stateless: true},
	}
}

// TestElsewhere: a server that is reached by URL is listed and called as any other, of
// whichever era it and its client are, and its callers are apart.
func TestElsewhere(t *testing.T) {
	for kind, s := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			members := ""
			if kind == "sse" {
				members = `,"type":"sse"`
			}
			b.elsewhere(t, "far", s, members, "")
			b.grant("alice@example.com", `{"tools":["far/*"]}`)
			b.grant("bob@example.com", `{"tools":["far/count"]}`)
			for _, modern := range []bool{false, true} {
				alice := b.alice()
				if alice.modern = modern; !modern {
					alice = alice.begin(t, "far")
				}
				_, list := alice.post(t.Context(), t, "far", "tools/list", nil)
				if !strings.Contains(list, `"echo"`) || !strings.Contains(list, `"count"`) {
					t.Errorf("listed: %s", list)
				}
				if got := alice.call(t, "far", "echo", map[string]any{"n": 1}); !strings.Contains(got, `{\"n\":1}`) || !strings.Contains(got, `9007199254740993`) || strings.Contains(got, `"resultType":"complete"`) != modern {
					t.Errorf("echo: %s", got)
				}
				if got := alice.call(t, "far", "nosuch", nil); !strings.Contains(got, `unknown_name`) {
					t.Errorf("no such tool: %s", got)
				}
				if modern {
					continue // or the client had to say it in a header too
				}
				want := `region [none]`
				if s.Modern && (!s.Legacy || s.Stateless) {
					want = `region [=?base64?w6k=?=]`
				}
				if got := alice.call(t, "far", "region", map[string]any{"where": "é"}); !strings.Contains(got, want) {
					t.Errorf("region: %s, want %s", got, want)
				}
			}
			if got := b.bob().call(t, "far", "echo", nil); !strings.Contains(got, "access_denied") {
				t.Errorf("echo for bob: %s", got)
			}
			if got := b.bob().call(t, "far", "count", nil); !strings.Contains(got, `of 1`) {
				t.Errorf("count for bob: %s", got)
			}
		})
	}
}

// TestElsewhereIdentity: nothing of a caller reaches such a server but what its entry says,
// and by default nothing.
func TestElsewhereIdentity(t *testing.T) {
	b := newBench(t)
	s := &elsewhere.Server{Legacy: true}
	b.elsewhere(t, "far", s, `,"headers":{"authorization":"Bearer s3cret","X-Key":"k"}`, "")
	b.elsewhere(t, "told", s, "", `,"pass":["example.com/cap/files","example.com/cap/none"]`)
	b.grant("alice@example.com", `{"tools":["far/*","told/*"]}`)
	b.values = map[string]map[string][]string{"alice@example.com": {"example.com/cap/files": {`{"a":"é"}`}, "example.com/cap/other": {`{}`}}}
	h := http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer alice"},
		"Cookie": {"a=b"}, "X-Forwarded-For": {"1.2.3.4"}, "Tailscale-User-Login": {"root@example.com"}, "X-Other": {"x"}, "Forwarded": {"for=1.2.3.4"},
	}
	for _, server := range []string{"far", "told"} {
		r, err := b.alice().send(t.Context(), t, http.MethodPost, server, h, []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"who","arguments":{},"_meta":{"tailscale-mcp/caller":{"login":"root"}}}}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
	}
	calls := s.Seen(http.MethodPost, "tools/call")
	if len(calls) != 2 {
		t.Fatalf("%d calls", len(calls))
	}
	names := func(h http.Header) (all []string) {
		for name := range h {
			all = append(all, name)
		}
		slices.Sort(all)
		return all
	}
	far, told := calls[0], calls[1]
	plain := []string{"Accept", "Accept-Encoding", "Content-Length", "Content-Type", "Mcp-Protocol-Version", "Mcp-Session-Id", "User-Agent"}
	plain = slices.DeleteFunc(plain, func(name string) bool { return name == "Accept-Encoding" })
	if got, want := names(far.Header), append([]string{"Authorization", "X-Key"}, plain...); !slices.Equal(got, sorted(want)) {
		t.Errorf("far got %v, want %v", got, sorted(want))
	}
	if got := far.Header.Get("Authorization"); got != "Bearer s3cret" || far.Message.Params.Meta["tailscale-mcp/caller"] != nil {
		t.Errorf("far got %s and %s", got, far.Message.Params.Meta)
	}
	if got, want := names(told.Header), append([]string{"Tailscale-User-Login", "Tailscale-User-Name", "Tailscale-App-Capabilities"}, plain...); !slices.Equal(got, sorted(want)) {
		t.Errorf("told got %v, want %v", got, sorted(want))
	}
	for name, want := range map[string]string{
		"Tailscale-User-Login": "alice@example.com", "Tailscale-User-Name": "Somebody",
		"Tailscale-App-Capabilities": `=?utf-8?q?{"example.com/cap/files":[{"a":"=C3=A9"}]}?=`,
	} {
		if got := told.Header.Get(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if got := string(told.Message.Params.Meta["tailscale-mcp/caller"]); !strings.Contains(got, `"login":"alice@example.com"`) {
		t.Errorf("told of %s", got)
	}
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

// TestElsewhereForgets: a server that has forgotten its sessions, as after a restart, is
// called in a new one without anybody's noticing, but where a session means something.
func TestElsewhereForgets(t *testing.T) {
	b := newBench(t)
	// Without a stream, whose end would say the same, the call is the first to hear of it.
	far, kept := &elsewhere.Server{Legacy: true}, &elsewhere.Server{Legacy: true, NoStream: true}
	b.elsewhere(t, "far", far, "", "")
	b.elsewhere(t, "kept", kept, "", `,"stateful":true`)
	b.grant("alice@example.com", `{"tools":["far/*","kept/*"]}`)
	for _, c := range []client{b.alice(), b.alice().begin(t, "far")} {
		for range 2 {
			far.Forget()
			if got := c.call(t, "far", "count", nil); !strings.Contains(got, `"1 of`) {
				t.Errorf("count: %s", got)
			}
		}
	}
	own := b.alice().begin(t, "kept")
	if got := own.call(t, "kept", "count", nil); !strings.Contains(got, `"1 of`) {
		t.Errorf("count: %s", got)
	}
	kept.Forget()
	if got := own.call(t, "kept", "count", nil); !strings.Contains(got, "does not know the session any more") {
		t.Errorf("count: %s", got)
	}
	eventually(t, "the session is over", func() bool {
		status, _ := own.post(t.Context(), t, "kept", "tools/list", nil)
		return status == http.StatusNotFound
	})
}

// TestElsewhereDisabled: an entry that is disabled ends the sessions of its server at once, and
// the server is told; one that has changed holds for the next.
func TestElsewhereDisabled(t *testing.T) {
	b := newBench(t)
	far := &elsewhere.Server{Legacy: true}
	srv := b.elsewhere(t, "far", far, `,"headers":{"X-Key":"one"}`, "")
	b.grant("alice@example.com", `{"tools":["far/*"]}`)
	key := func(want string) {
		t.Helper()
		if got := b.alice().call(t, "far", "count", nil); !strings.Contains(got, " of ") {
			t.Errorf("count: %s", got)
		}
		calls := far.Seen(http.MethodPost, "tools/call")
		if got := calls[len(calls)-1].Header.Get("X-Key"); got != want {
			t.Errorf("called with %q, want %q", got, want)
		}
	}
	key("one")
	b.entry(t, "far", srv.URL+"/mcp", `,"headers":{"X-Key":"two"},"disabled":true`, "")
	b.servers.Read()
	eventually(t, "no session is left", func() bool { return far.Sessions() == 0 })
	b.entry(t, "far", srv.URL+"/mcp", `,"headers":{"X-Key":"two"}`, "")
	b.servers.Read()
	key("two")
}

// TestElsewhereEnded: what an administrator orders ends the sessions of a server elsewhere, and
// of no other, so that the next requests find what its entry says; a client's own session goes
// on, but where that of the server means something.
func TestElsewhereEnded(t *testing.T) {
	endings := filepath.Join(t.TempDir(), "run")
	b := newBench(t, func(o *servers.Options) { o.Endings = endings })
	far, kept, other := &elsewhere.Server{Legacy: true}, &elsewhere.Server{Legacy: true}, &elsewhere.Server{Legacy: true}
	order := func(name string) {
		t.Helper()
		err := os.MkdirAll(endings, 0o700)
		if err == nil {
			err = os.WriteFile(filepath.Join(endings, name+unit.EndingSuffix), []byte(rand.Text()), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		b.servers.Read()
	}
	order("far") // before it is there
	srv := b.elsewhere(t, "far", far, `,"headers":{"X-Key":"one"}`, "")
	b.elsewhere(t, "kept", kept, "", `,"stateful":true`)
	b.elsewhere(t, "other", other, "", "")
	b.grant("alice@example.com", `{"tools":["far/*","kept/*","other/*"]}`)
	own, lasting, apart := b.alice().begin(t, "far"), b.alice().begin(t, "kept"), b.alice().begin(t, "other")
	count := func(c client, server, want string) {
		t.Helper()
		if got := c.call(t, server, "count", nil); !strings.Contains(got, want) {
			t.Errorf("count: %s, want %s", got, want)
		}
	}
	key := func(want string) {
		t.Helper()
		calls := far.Seen(http.MethodPost, "tools/call")
		if got := calls[len(calls)-1].Header.Get("X-Key"); got != want {
			t.Errorf("called with %q, want %q", got, want)
		}
	}
	count(own, "far", `"1 of`)
	count(lasting, "kept", `"1 of`)
	count(apart, "other", `"1 of`)
	b.entry(t, "far", srv.URL+"/mcp", `,"headers":{"X-Key":"two"}`, "")
	b.servers.Read()
	count(own, "far", `"2 of`)
	key("one")
	order("far")
	count(own, "far", `"1 of`)
	key("two")
	b.servers.Read() // obeyed once
	count(own, "far", `"2 of`)
	order("kept")
	eventually(t, "the session is over", func() bool {
		status, _ := lasting.post(t.Context(), t, "kept", "tools/list", nil)
		return status == http.StatusNotFound
	})
	// A folder that cannot be read orders nothing, neither then nor when it can be again.
	aside := endings + ".aside"
	if err := errors.Join(os.Rename(endings, aside), os.WriteFile(endings, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	b.servers.Read()
	if err := errors.Join(os.Remove(endings), os.Rename(aside, endings)); err != nil {
		t.Fatal(err)
	}
	b.servers.Read()
	count(own, "far", `"3 of`)
	if err := os.RemoveAll(endings); err != nil {
		t.Fatal(err)
	}
	b.servers.Read()
	count(own, "far", `"4 of`)
	count(apart, "other", `"2 of`)
}

// TestElsewhereProgress: how far a call is comes to its client, and to no other.
func TestElsewhereProgress(t *testing.T) {
	b := newBench(t)
	b.elsewhere(t, "far", &elsewhere.Server{Legacy: true, Streams: true}, "", "")
	b.grant("alice@example.com", `{"tools":["far/*"]}`)
	_, got := b.alice().post(t.Context(), t, "far", "tools/call", map[string]any{"name": "progress", "arguments": map[string]any{}, "_meta": map[string]any{"progressToken": "mine"}})
	if !strings.Contains(got, `"progressToken":"mine"`) || !strings.Contains(got, `"half"`) || !strings.Contains(got, `done`) {
		t.Errorf("progress: %s", got)
	}
}

// TestElsewhereGone: what a server elsewhere cannot do is told, recorded, and of its own
// callers only; nothing of it is started by who may not.
func TestElsewhereGone(t *testing.T) {
	b := newBench(t)
	far := &elsewhere.Server{Legacy: true}
	far.Before = func(w http.ResponseWriter, _ *http.Request, m elsewhere.Message) bool {
		if m.Params.Name == "echo" {
			http.Error(w, "the token s3cret is not known", http.StatusUnauthorized)
		}
		return m.Params.Name == "echo"
	}
	srv := b.elsewhere(t, "far", far, `,"headers":{"Authorization":"Bearer s3cret"}`, "")
	b.Odd("odd", "")
	b.approve(t, "odd", nil)
	b.grant("alice@example.com", `{"tools":["far/*","odd/*"]}`)
	sessions := len(far.Seen(http.MethodPost, "initialize"))
	if status, _ := b.bob().post(t.Context(), t, "far", "initialize", map[string]any{"protocolVersion": "2025-11-25", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "x", "version": "1"}}); status != http.StatusNotFound {
		t.Errorf("initialize for bob: %d", status)
	}
	if n := len(far.Seen(http.MethodPost, "initialize")); n != sessions {
		t.Errorf("%d sessions for who may nothing", n-sessions)
	}
	got := b.alice().call(t, "far", "echo", nil)
	if !strings.Contains(got, "upstream_unavailable") || !strings.Contains(got, "HTTP 401") || !strings.Contains(got, "it wants to know who asks") || strings.Contains(got, "s3cret") {
		t.Errorf("401: %s", got)
	}
	records := b.audit.Of("far/echo")
	if n := len(records); n != 2 || records[1].Allowed != true || strings.Contains(records[1].Reason, "s3cret") {
		t.Errorf("recorded %+v", records)
	}
	srv.CloseClientConnections()
	srv.Close()
	if got := b.alice().call(t, "far", "count", nil); !strings.Contains(got, "upstream_unavailable") || !strings.Contains(got, "connect") {
		t.Errorf("closed: %s", got)
	}
	if got := b.alice().call(t, "odd", "echo", map[string]any{"n": 7}); !strings.Contains(got, `7`) {
		t.Errorf("another server: %s", got)
	}
}
