// SPDX-License-Identifier: MIT

package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/gateway"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/elsewhere"
)

// list asks for the servers with a verb.
func (c client) list(t *testing.T, verb string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), verb, "http://"+c.b.addr+gateway.ListPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(c.from)}}
	resp, err := (&http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestList: a caller is told what it may use something of, and nothing else; who may use
// nothing is told what a stranger is. No process is started for it, and it is recorded.
func TestList(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"odd", "other", "secret"} {
		b.Odd(name, "")
		b.approve(t, name, map[string]grant.Class{"echo": grant.Read, "count": grant.Write})
	}
	_, before := b.Running()
	read := func(text string) (got gateway.List) {
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return got
	}

	b.grant("alice@example.com", `{"tools":["odd/echo","odd/count","other/read:*"]}`)
	code, text := b.alice().list(t, http.MethodGet)
	got := read(text)
	if code != http.StatusOK || len(got.Servers) != 2 || strings.Contains(text, "secret") {
		t.Fatalf("got %d %s", code, text)
	}
	for i, want := range []gateway.Listed{
		{Name: "odd", Path: "/odd/mcp", Tools: map[string]int{"read": 1, "write": 1}},
		{Name: "other", Path: "/other/mcp"},
	} {
		if g := got.Servers[i]; g.Name != want.Name || g.Path != want.Path || want.Tools != nil && !reflect.DeepEqual(g.Tools, want.Tools) || g.Tools["read"] == 0 || strings.Contains(g.About, "\n") {
			t.Errorf("got %+v, want %+v", g, want)
		}
	}
	records := b.audit.Records()
	last := records[len(records)-1]
	if last.Method != "GET /servers" || last.Login != "alice@example.com" || !last.Allowed || last.Reason != "2 of 4" {
		t.Errorf("recorded %+v", last)
	}

	b.grant("alice@example.com", `{"tools":["list_devices"]}`)
	if _, text := b.alice().list(t, http.MethodGet); !reflect.DeepEqual(read(text).Servers, []gateway.Listed{{Name: "tailscale", Path: "/mcp", About: read(text).Servers[0].About, Tools: map[string]int{"read": 1}}}) {
		t.Errorf("who is granted nothing of servers: got %s", text)
	}
	for _, entry := range []string{"", `{"tools":["odd/nosuch","gone/*"]}`} {
		b.grant("bob@example.com", entry)
		if code, text := b.bob().list(t, http.MethodGet); code != http.StatusNotFound || !strings.Contains(text, "nothing here for you") {
			t.Errorf("%q: got %d %s", entry, code, text)
		}
	}
	for _, verb := range []string{http.MethodPost, http.MethodHead, http.MethodDelete} {
		if code, _ := b.alice().list(t, verb); code != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d", verb, code)
		}
	}
	for kind, far := range map[string]*elsewhere.Server{"older": {Legacy: true}, "newer": {Modern: true}} {
		far.Title = "Titled \u202e" + kind
		b.elsewhere(t, kind, far, "", "")
		b.grant("alice@example.com", `{"tools":["`+kind+`/*"]}`)
		if _, text := b.alice().list(t, http.MethodGet); read(text).Servers[0].Title != `Titled \u202e`+kind || read(text).Servers[0].About != `Titled \u202e`+kind {
			t.Errorf("the title that was approved: got %s", text)
		}
	}
	if _, n := b.Running(); n != before {
		t.Errorf("%d processes were started for lists", n-before)
	}
}

// ownTools are tools of the daemon itself, for a list of what there is.
func ownTools() gate.Offer {
	return gate.Offer{Tools: []gate.Tool{
		{Name: "whoami", Class: grant.Read, ForEveryone: true, Input: json.RawMessage(`{"type":"object"}`), Call: noCall},
		{Name: "list_devices", Class: grant.Read, Input: json.RawMessage(`{"type":"object"}`), Call: noCall},
	}}
}

func noCall(context.Context, gate.Call, json.RawMessage) (gate.Result, error) {
	return gate.Result{Raw: json.RawMessage(`{}`)}, nil
}
