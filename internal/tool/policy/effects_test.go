// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/testbed/fakeapi"
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

// What may not be read is said, and the caller's own way taken for lost where that hangs
// on it.
func TestEffectsUnknown(t *testing.T) {
	next := file(mine + `,{"src": ["autogroup:admin"], "dst": ["tag:mcp"], "ip": ["tcp:22"]}`)
	for operation, parts := range map[string][]string{
		"listTailnetDevices": {`"policy without my access"`, "who gains and loses what cannot be told, since the devices of the tailnet may not be read (permission_denied); it may take away the access by which you use this server right now"},
		"listUsers":          {"alice@example.com and bob@example.com of autogroup:admin may gain tcp:22 on device mcp of tag:mcp (it hangs on who is in autogroup:admin)", "not known to this server is the users and their roles"},
	} {
		t.Run(operation, func(t *testing.T) {
			r, etag := startWith(t, file(mine))
			r.Fake.Fail(operation, fakeapi.Status(403))
			r.Refuses("set_policy", setting(next, etag, ""), tool.CodeConfirmationRequired, parts...)
			r.Answers("set_policy", setting(next, etag, "CODE"), `"etag":`)
		})
	}
	for _, operation := range []string{"listTailnetDevices", "listUsers"} {
		r, etag := startWith(t, file(mine))
		r.Fake.Fail(operation, fakeapi.Status(500))
		r.Refuses("set_policy", setting(next, etag, ""), string(failure.UpstreamUnavailable))
	}
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

// A change of which not every effect can be named is not made.
func TestTooManyEffects(t *testing.T) {
	r, etag := startWith(t, file(mine))
	devices := r.Fake.Devices()
	var rules []string
	for i := range mostEffects + 20 {
		login := fmt.Sprintf("p%d@example.com", i)
		devices = append(devices, fakeapi.Device{NodeID: fmt.Sprintf("nP%dCNTRL", i), ID: fmt.Sprint(900 + i), Hostname: fmt.Sprintf("p-%d", i), User: login, Addresses: []string{fmt.Sprintf("100.66.0.%d", 1+i)}})
		rules = append(rules, fmt.Sprintf(`{"src": [%q], "dst": ["tag:mcp"], "ip": ["tcp:%d"]}`, login, 1000+i))
	}
	r.Fake.SetDevices(devices)
	r.Refuses("set_policy", setting(file(mine+","+strings.Join(rules, ",")), etag, ""), failure.InvalidArgument,
		"20 gains and losses more than 100 would follow", "smaller steps")
}
