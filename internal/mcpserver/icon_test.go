// SPDX-License-Identifier: MIT

package mcpserver

import (
	"strings"
	"testing"
)

// The server has its icon in the handshake and nowhere else, in either era: what is in a
// list or in an answer is paid for each time.
func TestIconOnce(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"],"resources":["*"]}`)
	for revision, hello := range map[string]string{legacy: "initialize", modern: "server/discover"} {
		c := b.alice(t, revision)
		for method, params := range map[string]map[string]any{
			"tools/list": nil, "prompts/list": nil, "resources/list": nil, "resources/templates/list": nil,
			"tools/call":     {"name": "get_echo", "arguments": map[string]any{"text": "x"}},
			"resources/read": {"uri": "test://fixed"},
			"prompts/get":    {"name": "ask", "arguments": map[string]any{"what": "x"}},
		} {
			if r := c.do(t, c.request(t.Context(), 1, method, params)); r.status != 200 || strings.Contains(r.body, "image/svg") {
				t.Errorf("%s %s: %d %s", revision, method, r.status, r.body)
			}
		}
		params := map[string]any{"protocolVersion": revision, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "c", "version": "1"}}
		if r := c.do(t, c.request(t.Context(), 1, hello, params)); strings.Count(r.body, "data:image/svg") != 1 {
			t.Errorf("%s: %s", hello, r.body)
		}
	}
}
