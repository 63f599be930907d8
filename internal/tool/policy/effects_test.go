// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"net/netip"
	"testing"

	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
)

const capability = "jaxxstorm.com/cap/mcp"

func TestSetPolicyThatGives(t *testing.T) {
	r, etag := startWith(t, file(mine))
	all := `{"src": ["*"], "dst": ["tag:mcp"], "app": {"jaxxstorm.com/cap/mcp": [{"tools": ["*", "escalating:*"]}]}}`
	r.Refuses("set_policy", setting(file(mine+","+all), etag, ""), tool.CodeConfirmationRequired,
		`replaces the tailnet policy file; everyone (who could not before: bob@example.com,`,
		`gains the tools "*" and "escalating:*" of servers like this one on device mcp of tag:mcp, which is this server; `+
			`everyone (who could not before: alice@example.com) gains the tools "escalating:*" of servers like this one on device mcp of tag:mcp, which is this server; `+
			`the Tailscale API takes the new file, and its tests pass:`)
}

// here is the host of a server with the tag tag:mcp.
type here struct{}

func (here) Tags(context.Context) []string { return []string{"tag:mcp"} }
func (here) Addrs(context.Context) []netip.Addr {
	return []netip.Addr{netip.MustParseAddr("100.64.0.13")}
}

// tools makes the tools as the server does.
func tools(api API) tool.Set {
	return Tools(api, Options{Host: here{}, Evaluator: survey.NewEvaluator(api.(survey.API)), Capability: capability})
}
