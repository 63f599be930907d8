// SPDX-License-Identifier: MIT

package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// touched is what the records of a call say that it touches.
func touched(t *testing.T, tool Tool, arguments string) string {
	t.Helper()
	var b bytes.Buffer
	d := gate.NewDispatcher(gate.Options{
		Registry: NewRegistry(grant.Classes(), Set{Tools: []Tool{tool}}), Audit: audit.NewJSONLines(&b), Log: slog.New(slog.DiscardHandler),
		Host: func() gate.Host { return gate.Host{} },
	})
	_, _ = d.Call(t.Context(), caller.Caller{Login: "alice@example.com"}, gate.Request{Name: tool.Name, Arguments: []byte(arguments)})
	var record struct{ Target string }
	if err := json.Unmarshal(b.Bytes(), &record); err != nil {
		t.Fatal(err)
	}
	return record.Target
}

// The record of a change says what it touches, however the caller writes it, and
// never a secret.
func TestTarget(t *testing.T) {
	type one struct {
		Domain string `json:"domain" jsonschema:"a domain"`
	}
	type input struct {
		Device  string   `json:"device,omitempty" jsonschema:"a device"`
		Devices []string `json:"devices,omitempty" jsonschema:"several devices"`
		Domains []one    `json:"domains,omitempty" jsonschema:"several domains"`
	}
	of := func(class grant.Class, target string) Tool {
		return New(Definition{Name: "set_it", Title: "Set", Group: "things", Class: class, Target: target, Description: "For tests."},
			func(context.Context, Call, input) (struct{}, error) { return struct{}{}, nil })
	}
	for _, c := range []struct{ target, arguments, want string }{
		{"device", `{"device":"web-1"}`, "web-1"},
		{"device", `{"device":12}`, "12"},
		{"device", `{}`, "things"},
		{"device", `{"device":null}`, "things"},
		{"device", `{"device":{}}`, "things"},
		{"device", `{"device":"web-1","device":"web-2"}`, "things"},
		{"device", `not JSON`, "things"},
		{"device", ``, "things"},
		{"", `{"device":"web-1"}`, "things"},
		{"device devices", `{"devices":["web-1"],"device":"web-2"}`, "web-2"},
		{"device devices", `{"devices":["web-1"]}`, "web-1"},
		{"devices", `{"devices":["web-1","web-2"]}`, "web-1,web-2"},
		{"devices", `{"devices":"web-1"}`, "web-1"},
		{"devices", `{"devices":[]}`, "things"},
		{"domains.domain", `{"domains":[{"domain":"a.example"},{"domain":"b.example"}]}`, "a.example,b.example"},
		{"domains.domain", `{"domains":[{}]}`, "things"},
		{"device", `{"device":"https://hooks.example.com/T0/B0/secret"}`, "hooks.example.com"},
		{"device", `{"device":"hooks.example.com/T0/B0/secret"}`, "hooks.example.com"},
		{"device", `{"device":"https://me:secret@hooks.example.com:8443?token=secret"}`, "hooks.example.com:8443"},
		{"device", `{"device":"https:?secret"}`, "https:"},
		{"device", `{"device":"tskey-api-secret"}`, "[redacted]"},
		{"devices", `{"devices":["web-1","tskey-api-secret"]}`, "web-1,[redacted]"},
	} {
		if got := touched(t, of(grant.Write, c.target), c.arguments); got != c.want {
			t.Errorf("%q of %s: got %q, want %q", c.target, c.arguments, got, c.want)
		}
	}
	if got := touched(t, of(grant.Read, "device"), `{"device":"web-1"}`); got != "" {
		t.Errorf("a read: got %q, want nothing", got)
	}
	long := strings.Repeat("x", 10_000)
	if got := touched(t, of(grant.Write, "devices"), `{"devices":["`+long+`","`+long+`"]}`); len(got) > 1200 {
		t.Errorf("got %d bytes of a target, want each name bounded", len(got))
	}
	many := make([]string, 50) // as many devices as a change is about, of the longest names
	for i := range many {
		many[i] = fmt.Sprintf("%02d", i) + strings.Repeat("x", 61)
	}
	if got := touched(t, of(grant.Write, "devices"), `{"devices":["`+strings.Join(many, `","`)+`"]}`); got != strings.Join(many, ",") {
		t.Errorf("got %s, want each of 50 devices", got)
	}
	if got := touched(t, of(grant.Write, "devices"), `{"devices":["`+strings.Repeat(`x","`, 10_000)+`"]}`); len(got) > 5000 {
		t.Errorf("got %d bytes of a target, want it bounded", len(got))
	}
}
