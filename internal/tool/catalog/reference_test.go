// SPDX-License-Identifier: MIT

package catalog

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

// all are the tools of this version, on a host that offers everything.
func all() []tool.Tool {
	return Everything("1.2.3").Tools
}

// TestEveryOperationIsAccountedFor: a tool sends it, or it is said why none does.
func TestEveryOperationIsAccountedFor(t *testing.T) {
	used := Operations(all())
	if len(used) != 93 {
		t.Errorf("got %d operations, want the 93 of the API", len(used))
	}
	for _, op := range used {
		switch {
		case len(op.Tools) == 0 && op.Why == "":
			t.Errorf("%s: no tool sends it, and nothing says why", op.ID)
		case len(op.Tools) > 0 && op.Why != "":
			t.Errorf("%s: %v send it, and there is a reason why none does: %s", op.ID, op.Tools, op.Why)
		}
	}
	for id := range Unoffered {
		if !slices.ContainsFunc(used, func(op Used) bool { return op.ID == id }) {
			t.Errorf("%s is not offered, and not in the API", id)
		}
	}
}

// TestNumberOfTools: fewer could not do all that the API can; with more, clients
// that show a model every tool leave it too little room.
func TestNumberOfTools(t *testing.T) {
	if n := len(all()); n < 50 || n > 85 {
		t.Errorf("got %d tools, want 50 to 85", n)
	}
}

// TestScopesByContent: they are those that the table of the API has in its remarks.
func TestScopesByContent(t *testing.T) {
	table, err := os.ReadFile("../../testbed/fakeapi/testdata/operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(table)) {
		id, _, _ := strings.Cut(line, "\t")
		var want []string
		if _, remark, ok := strings.Cut(line, "(+ "); ok {
			found++
			remark, _, _ = strings.Cut(remark, ")")
			for _, word := range regexp.MustCompile(`[a-z_:]+`).FindAllString(remark, -1) {
				if strings.ContainsAny(word, "_:") {
					want = append(want, word)
				}
			}
		}
		if got := byContent[id]; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", id, got, want)
		}
	}
	if found != len(byContent) {
		t.Errorf("got %d operations, want the %d that the table has", len(byContent), found)
	}
}

// TestScopes: what is needed, without what another scope holds already.
func TestScopes(t *testing.T) {
	sends := func(class grant.Class, operations ...string) tool.Tool {
		return tool.Tool{Definition: tool.Definition{Class: class, Operations: operations}}
	}
	tools := []tool.Tool{
		sends(grant.Read, "getDevice", "listServiceHosts"),
		sends(grant.Read, "listUsers"),
		sends(grant.Read, "getTailnetSettings"),
		sends(grant.Write, "setKey", "getDevice", "listUserInvites"),
	}
	for i, want := range []string{"devices:core, services", "users:read", "feature_settings:read", "devices:core:read, oauth_keys | federated_keys"} {
		if got := strings.Join(tools[i].Needs(), ", "); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
		if got := Unscoped(tools[i]); got != (i == 3) {
			t.Errorf("%d: got unscoped %v", i, got)
		}
	}
	read := "devices:core, feature_settings:read, logs:network:read, networking_settings:read, policy_file:read, services, users:read"
	if got := strings.Join(Credential(tools, grant.Read), ", "); got != read {
		t.Errorf("got %s to read, want %s", got, read)
	}
	every := "devices:core, feature_settings:read, federated_keys, logs:network:read, networking_settings:read, oauth_keys, policy_file:read, services, users:read"
	if got := strings.Join(Credential(tools, grant.Classes()...), ", "); got != every {
		t.Errorf("got %s for everything, want %s", got, every)
	}
}
