// SPDX-License-Identifier: MIT

package policy

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/tool"
)

const capability = "jaxxstorm.com/cap/mcp"

func TestSetPolicyThatGives(t *testing.T) {
	r, etag := startWith(t, file(mine))
	all := `{"src": ["*"], "dst": ["tag:mcp"], "app": {"jaxxstorm.com/cap/mcp": [{"tools": ["*", "escalating:*"]}]}}`
	r.Refuses("set_policy", setting(file(mine+","+all), etag, ""), tool.CodeConfirmationRequired,
		`replaces the tailnet policy file; it gives "*" on "tag:mcp" the tools "*", "escalating:*" of servers like this one; the Tailscale API takes the new file, and its tests pass:`)
}
