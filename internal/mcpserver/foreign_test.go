// SPDX-License-Identifier: MIT

package mcpserver

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// foreign is what a server behind the gate answers.
type foreign struct {
	content, structured string
	// beside are the members of _meta.
	beside string
	// stays are those of them that arrive, where these are not all.
	stays   string
	isError bool
	// arrives is the content that arrives, where that is not content.
	arrives string
}

// blocks are content of every kind and of none, written as nobody here would.
const blocks = `[ {"type":"image","data":"iVBORw0KGgo=","mimeType":"image/png","annotations":{"audience":["user"],"priority":0.50}},` + "\n" +
	`{"type":"audio","data":"UklGRg==","mimeType":"audio/wav"},` +
	`{"type":"resource_link","uri":"file:///srv/a%20b.txt","name":"a b","size":18446744073709551616},` +
	`{"type":"resource","resource":{"uri":"file:///x","mimeType":"text/plain","text":"\u003cb\u003e <b> \/ ü \ud83d\ude00"}},` +
	`{"type":"hologram","new":{"z":1,"a":[1e400,-0.0,1.10,12345678901234567890123]},"a":null} ]`

// TestForeignResults: what a server behind the gate answers arrives as the bytes that
// it wrote, in both eras, as one body and as the end of a stream. Only what nobody
// would see is written out, and the end of a line is a space in a stream.
func TestForeignResults(t *testing.T) {
	for name, tt := range map[string]foreign{
		"blocks of every kind, unknown ones too":   {content: blocks},
		"no block":                                 {content: `[]`},
		"a failure of the tool":                    {content: `[{"type":"text","text":"no such file"}]`, isError: true},
		"a structured failure":                     {content: `[]`, structured: `{"code":7}`, isError: true},
		"structured, in its own order and numbers": {content: `[{"type":"text","text":"see there"}]`, structured: `{"b":9007199254740993,"a":1.000,"c":[ 1E+2 ],"":{}}`},
		"structured and no object":                 {content: `[]`, structured: `[1,2]`},
		"structured only, which is its text": {structured: `{"n":12345678901234567890,"s":"<&>"}`,
			arrives: `[{"type":"text","text":"{\"n\":12345678901234567890,\"s\":\"<&>\"}"}]`},
		"what it says beside": {content: `[]`, beside: `"example.com/cost": 1.50,"example.com/trace":{"id":18446744073709551616}`},
		"nothing beside":      {content: `[]`, beside: ` `},
		"who it says that it is": {content: `[]`, beside: `"io.modelcontextprotocol\/serverInfo":{"name":"tailscale-mcp"},"example.com/cost": 1.50`,
			stays: `"example.com/cost":1.50`},
		"an invisible character": {content: `[{"type":"text","text":"a` + "\u200b" + `b","new":1.0}]`, arrives: `[{"type":"text","text":"a\\u200bb","new":1.0}]`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(s *setup) { s.behind = tt.offer() })
			b.grant("alice@example.com", `{"tools":["`+behind+`/answer"]}`)
			for _, revision := range []string{legacy, modern} {
				alice := b.alice(t, revision)
				params := map[string]any{"name": "answer", "arguments": map[string]any{}}
				r := alice.do(t, alice.request(t.Context(), 1, "tools/call", params))
				tt.check(t, revision, r, func(text string) string { return text })
				params["_meta"] = map[string]any{"progressToken": "p"}
				r = alice.do(t, alice.request(t.Context(), 1, "tools/call", params))
				if len(r.notifications) != 1 {
					t.Errorf("%s: got the notifications %q, want one", revision, r.notifications)
				}
				tt.check(t, revision, r, func(text string) string { return strings.ReplaceAll(text, "\n", " ") })
			}
			for _, r := range b.audit.Of("answer") {
				if failed := r.Code != ""; r.Event == "outcome" && failed != tt.isError {
					t.Errorf("got the record %+v, want a failure in it: %t", r, tt.isError)
				}
			}
		})
	}
}

// offer is a server with one tool, which answers that.
func (f foreign) offer() gate.Offer {
	part := func(text string) json.RawMessage {
		if text == "" {
			return nil
		}
		return json.RawMessage(text)
	}
	out := gate.Result{Content: part(f.content), Structured: part(f.structured), IsError: f.isError}
	if f.beside != "" {
		out.Meta = part("{" + f.beside + "}")
	}
	return gate.Offer{Tools: []gate.Tool{{
		Name: "answer", Class: grant.Read,
		Call: func(_ context.Context, call gate.Call, _ json.RawMessage) (gate.Result, error) {
			call.Progress(1, 2, "half")
			return out, nil
		},
	}}}
}

// check compares the members of a result as they are written.
func (f foreign) check(t *testing.T, revision string, r reply, same func(string) string) {
	t.Helper()
	want := map[string]string{"content": same(cmp.Or(f.arrives, f.content))}
	if f.structured != "" {
		want["structuredContent"] = f.structured
	}
	if f.isError {
		want["isError"] = "true"
	}
	beside := strings.TrimSpace(cmp.Or(f.stays, f.beside))
	switch {
	case revision == modern:
		want["resultType"] = `"complete"`
		want["_meta"] = "{" + strings.TrimSuffix(signed+","+beside, ",") + "}"
	case beside != "":
		want["_meta"] = "{" + beside + "}"
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal([]byte(chance.ReplaceAllString(string(r.Result), "$1$2$3$4")), &got); err != nil {
		t.Fatalf("%s: %v in %s", revision, err, r.body)
	}
	for name, text := range want {
		if string(got[name]) != text {
			t.Errorf("%s: got %s %s, want %s", revision, name, got[name], text)
		}
	}
	if names := slices.Sorted(maps.Keys(got)); len(names) != len(want) {
		t.Errorf("%s: got the members %q, want %d", revision, names, len(want))
	}
}
