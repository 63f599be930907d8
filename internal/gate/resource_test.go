// SPDX-License-Identifier: MIT

package gate

import (
	"context"
	"strings"
	"testing"

	"tailscale-mcp/internal/grant"
)

// TestSpelling: a member of our own is there in the spelling that a client makes of
// the template, and in no other; the server of another knows its own.
func TestSpelling(t *testing.T) {
	for _, tt := range []struct{ uri, id, instance string }{
		{"x://t/{+id}", "svc:web", "x://t/svc:web"},
		{"x://t/{+id}", "alice+lab@example.com", "x://t/alice+lab@example.com"},
		{"x://t/{+id}", "fd7a:115c::1", "x://t/fd7a:115c::1"},
		{"x://t/{+id}", "a!$&'()*+,;=[]~_.-1Z", "x://t/a!$&'()*+,;=[]~_.-1Z"},
		{"x://t/{+id}", `Alice’s "Mac" 50%?#\{}`, "x://t/Alice%E2%80%99s%20%22Mac%22%2050%25%3F%23%5C%7B%7D"},
		{"x://t/{id}", "svc:web", "x://t/svc%3Aweb"},
		{"x://t/{id}", "alice+lab@example.com", "x://t/alice%2Blab%40example.com"},
		{"x://t/{id}", "web-1.example.ts.net", "x://t/web-1.example.ts.net"},
	} {
		own := Resource{URI: tt.uri}
		if got := own.instance(tt.id); got != tt.instance {
			t.Errorf("%s with %q: got %s, want %s", tt.uri, tt.id, got, tt.instance)
		}
		if got, ok := own.variable(tt.instance); !ok || got != tt.id {
			t.Errorf("%s: got %q %t, want %q", tt.instance, got, ok, tt.id)
		}
		for _, other := range []string{
			strings.ToLower(tt.instance), strings.Replace(tt.instance, ":w", "%3Aw", 1), strings.Replace(tt.instance, "%3A", ":", 1),
			strings.Replace(tt.instance, "@", "%40", 1), strings.Replace(tt.instance, "%40", "@", 1), "x://t/%" + strings.TrimPrefix(tt.instance, "x://t/"),
			strings.Replace(tt.instance, "e", "%65", 1),
		} {
			if got, ok := own.variable(other); ok && other != tt.instance && got == tt.id {
				t.Errorf("%s is another spelling of %s, and there", other, tt.instance)
			}
		}
	}
	elsewhere := Resource{Server: "files", URI: "x://t/{id}"}
	for _, uri := range []string{"x://t/svc:web", "x://t/svc%3Aweb", "x://t/svc%3aweb"} {
		if got, ok := elsewhere.variable(uri); !ok || got != "svc:web" {
			t.Errorf("%s of a server: got %q %t, want svc:web", uri, got, ok)
		}
	}
}

// TestSegmentsElsewhere: what a server means by {+path} may be several segments, and
// grants are of one.
func TestSegmentsElsewhere(t *testing.T) {
	read := func(context.Context, Call, string) (Result, error) { return Result{}, nil }
	left := NewRegistry(grant.Classes()).Set("files", grant.Classes(), Offer{Resources: []Resource{{URI: "file:///srv/{+path}", Read: read}, {URI: "file:///srv/{name}", Read: read}}})
	if len(left) != 1 || !strings.Contains(left[0].Error(), "{+path}") {
		t.Errorf("got %v left out, want the one with a plus", left)
	}
}
