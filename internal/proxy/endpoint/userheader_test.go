// SPDX-License-Identifier: MIT

package endpoint

import (
	"strings"
	"testing"
)

// TestPX27CheckHeader is what a user may set, whatever the case.
func TestPX27CheckHeader(t *testing.T) {
	for _, name := range []string{"Authorization", "authorization", "Cookie", "X-Api-Key", "CF-Access-Client-Id", "User-Agent", "X-Tail", "Mcp"} {
		if err := CheckHeader(name, "Bearer a.b-c="); err != nil {
			t.Errorf("%s: got %v, want it to be allowed", name, err)
		}
	}
	for _, name := range []string{
		"X-Tailscale-User", "x-tailscale-node", "X-TAILSCALE-TAGS", "X-Tailscale-Anything", "Mcp-Session-Id", "MCP-Protocol-Version", "mcp-method", "Mcp-Param-X", "last-event-id",
		"Content-Type", "content-length", "Content-Encoding", "ACCEPT", "Accept-Encoding", "Host", "host",
		"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "upgrade", "Proxy-Authorization", "Expect", "", "a b", "a:", "a\r\nb", "ü",
	} {
		if err := CheckHeader(name, "hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, want a refusal without the value", name, err)
		}
	}
	for _, value := range []string{"", "hunter2\n", "hunter2\r\nX: y", "hunter2\x00", " hunter2", "hunter2 ", "hunter2\x7f", "hunter2ü"} {
		if err := CheckHeader("X-Key", value); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, want a refusal without the value", value, err)
		}
	}
}
