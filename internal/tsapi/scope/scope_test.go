// SPDX-License-Identifier: MIT

package scope_test

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/tsapi/scope"
)

func TestLacks(t *testing.T) {
	for _, c := range []struct{ have, need, lacks string }{
		{"", "devices:core", ""}, // not known
		{"all", "devices:core", ""},
		{"all:read", "devices:core:read + dns", "dns"},
		{"devices:core", "devices:core:read", ""},
		{"devices:core:read", "devices:core", "devices:core"},
		{"auth_keys:read", "auth_keys:read | oauth_keys:read", ""},
		{"dns", "auth_keys | oauth_keys + users:read", "auth_keys | oauth_keys, users:read"},
		{"dns", "", ""},
	} {
		if got := strings.Join(scope.Set(strings.Fields(c.have)).Lacks(c.need), ", "); got != c.lacks {
			t.Errorf("%q lacks of %q: got %q, want %q", c.have, c.need, got, c.lacks)
		}
	}
}

func TestSmallest(t *testing.T) {
	for needs, want := range map[string]string{
		"b, a, b":                      "a, b",
		"dns:read, dns":                "dns",
		"users:read, dns":              "dns, users:read",
		"a:read | b:read, b":           "b",
		"a:read | b:read, a | b":       "a | b",
		"a:read | b:read, b | c":       "a:read | b:read, b | c",
		"a:read | b:read | c:read, a":  "a",
		"":                             "",
		"all:read, users:read, policy": "all:read, policy",
	} {
		var list []string
		if needs != "" {
			list = strings.Split(needs, ", ")
		}
		if got := strings.Join(scope.Smallest(list), ", "); got != want {
			t.Errorf("%s: got %s, want %s", needs, got, want)
		}
	}
}

func TestNarrowed(t *testing.T) {
	needs := []string{"auth_keys | oauth_keys", "dns"}
	for asked, want := range map[string]string{"oauth_keys:read": "oauth_keys, dns", "users": "auth_keys | oauth_keys, dns", "": "auth_keys | oauth_keys, dns"} {
		if got := strings.Join(scope.Narrowed(needs, asked), ", "); got != want {
			t.Errorf("%s: got %s, want %s", asked, got, want)
		}
	}
}
