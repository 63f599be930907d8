// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// Every tool that is listed has one icon.
func TestIcons(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	c := b.alice(t, modern)
	var listed struct{ Tools []struct{ Icons []mcp.Icon } }
	if err := json.Unmarshal(c.do(t, c.request(t.Context(), 1, "tools/list", nil)).Result, &listed); err != nil || len(listed.Tools) == 0 {
		t.Fatalf("got %+v and %v", listed, err)
	}
	for _, tool := range listed.Tools {
		if len(tool.Icons) != 1 || tool.Icons[0].Src == "" {
			t.Errorf("got icons %v, want one", tool.Icons)
		}
	}
}
