// SPDX-License-Identifier: MIT

package caller_test

import (
	"net/netip"
	"slices"
	"testing"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

func TestPrincipalsAndString(t *testing.T) {
	for _, tt := range []struct {
		name       string
		c          caller.Caller
		principals []string
		text       string
	}{
		{"a user", caller.Caller{Login: "alice@example.com", Node: "laptop.example.ts.net"}, []string{"alice@example.com"}, "alice@example.com on laptop.example.ts.net"},
		{"a user without a node name", caller.Caller{Login: "alice@example.com"}, []string{"alice@example.com"}, "alice@example.com"},
		{"a tagged node", caller.Caller{Tags: []string{"tag:ci", "tag:web"}, Node: "runner"}, []string{"tag:ci", "tag:web"}, "tag:ci,tag:web on runner"},
		{
			"a tagged node is its tags, never whoever logged it in",
			caller.Caller{Login: "alice@example.com", Tags: []string{"tag:ci"}, Node: "runner"}, []string{"tag:ci"}, "tag:ci on runner",
		},
		{"nobody", caller.Caller{}, nil, "unknown caller"},
		{"nobody on a known node", caller.Caller{Node: "laptop"}, nil, "unknown caller on laptop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.c.Principals(); !slices.Equal(got, tt.principals) {
				t.Errorf("principals: got %q, want %q", got, tt.principals)
			}
			if got := tt.c.String(); got != tt.text {
				t.Errorf("got %q, want %q", got, tt.text)
			}
		})
	}
}

// TestKeyTellsCallersApart holds every caller against every other: whatever
// has one key shares a protocol server, cursors and request ids.
func TestKeyTellsCallersApart(t *testing.T) {
	all := []caller.Caller{
		{},
		{NodeID: "n1"},
		{NodeID: "n1", Login: "alice@example.com"},
		{NodeID: "n2", Login: "alice@example.com"},
		{NodeID: "n1", Login: "bob@example.com"},
		{Login: "alice@example.com"},
		{NodeID: "n1", Tags: []string{"tag:ci"}},
		{NodeID: "n1", Login: "tag:ci"},
		{NodeID: "n1", Tags: []string{"tag:ci", "tag:web"}},
		{NodeID: "n1", Login: "tag:ci\x00tag:web"},
		{NodeID: "n1", Tags: []string{"tag:ci\x00tag:web"}},
		{NodeID: "n1", Tags: []string{"tag:ci\"\"tag:web"}},
		{NodeID: "n1", Tags: []string{`tag:ci""tag:web`, ""}},
		{NodeID: "n1\x00tag:ci"},
		{NodeID: `n1" user "alice@example.com`},
		{NodeID: "n1 user alice@example.com"},
		{NodeID: "n1\x00alice@example.com"},
		{NodeID: "n1", Login: "a\x00b"},
		{NodeID: "n1\x00a", Login: "b"},
		{NodeID: "n1", Tags: []string{""}},
	}
	seen := map[string]int{}
	for i, c := range all {
		if j, twice := seen[c.Key()]; twice {
			t.Errorf("%#v and %#v have the same key %q", all[j], c, c.Key())
		}
		seen[c.Key()] = i
		for _, r := range c.Key() {
			if r < ' ' || r > '~' {
				t.Errorf("the key %q has %q in it, want printable ASCII", c.Key(), r)
			}
		}
	}
}

// TestKeyIsLasting: what changes from request to request is not in the key.
func TestKeyIsLasting(t *testing.T) {
	rules, err := grant.Parse([]string{`{"tools":["*"]}`})
	if err != nil {
		t.Fatal(err)
	}
	one := caller.Caller{Login: "alice@example.com", NodeID: "n1", Node: "laptop", Addr: netip.MustParseAddrPort("100.64.0.1:1"), Rules: rules}
	two := caller.Caller{Login: "alice@example.com", NodeID: "n1", Node: "renamed", Addr: netip.MustParseAddrPort("[fd7a:115c:a1e0::1]:2")}
	if one.Key() != two.Key() {
		t.Errorf("got %q and %q, want the same key for the same user on the same node", one.Key(), two.Key())
	}
}

func TestZeroCallerMayNothing(t *testing.T) {
	var c caller.Caller
	for _, class := range grant.Classes() {
		if d := c.Rules.Tool(grant.Tool{Name: "t", Group: "g", Class: class}); d.Allowed {
			t.Errorf("the zero caller may call a %s tool by %q", class, d.By)
		}
	}
	if c.Rules.Resource(grant.Resource{URI: "tailscale://devices"}).Allowed || c.Rules.All(nil).Allowed {
		t.Error("the zero caller may read or use a prompt")
	}
}

func TestOperator(t *testing.T) {
	c := caller.Operator("root")
	for _, class := range grant.Classes() {
		if d := c.Rules.Tool(grant.Tool{Name: "t", Group: "g", Class: class}); !d.Allowed {
			t.Errorf("the operator may not call a %s tool", class)
		}
	}
	if !c.Rules.Resource(grant.Resource{URI: "tailscale://policy"}).Allowed {
		t.Error("the operator may not read a resource")
	}
	if got, want := c.String(), "root on standard input"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(c.Tags) > 0 || c.NodeID != "" || c.Addr.IsValid() {
		t.Errorf("got %#v, want an operator without a node, tags and an address", c)
	}
}
