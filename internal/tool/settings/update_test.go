// SPDX-License-Identifier: MIT

package settings

import (
	"encoding/json"
	"strings"
	"testing"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/tooltest"
)

func TestUpdateSettings(t *testing.T) {
	for _, c := range []struct {
		name, arguments, want string // want is in the answer or the error
		sent                  int
		fault                 bool
	}{
		{"two of them", `{"devicesApprovalOn":true,"devicesKeyDurationDays":90,"confirm":"settings"}`, `"previous":{"devicesApprovalOn":false,"devicesKeyDurationDays":180}`, 1, false},
		{"without confirm", `{"usersApprovalOn":false}`, "usersApprovalOn: true -> false", 0, false},
		{"none", `{"confirm":"settings"}`, tool.CodeInvalidArgument, 0, false},
		{"too many days", `{"devicesKeyDurationDays":181,"confirm":"settings"}`, tool.CodeInvalidArgument, 0, false},
		{"no role", `{"usersRoleAllowedToJoinExternalTailnets":"owner","confirm":"settings"}`, tool.CodeInvalidArgument, 0, false},
		{"no address", `{"aclsExternalLink":"here","confirm":"settings"}`, tool.CodeInvalidArgument, 0, false},
		{"two that exclude each other", `{"regionalRoutingOn":true,"routeSelection":"regional-routing","confirm":"settings"}`, tool.CodeInvalidArgument, 0, false},
		{"absent before", `{"routeSelection":"regional-routing","confirm":"settings"}`, `"routeSelection":"regional-routing"`, 1, false},
		{"refused", `{"httpsEnabled":true,"confirm":"settings"}`, string(tailnet.CodePermissionDenied), 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake, dispatcher := startTools(t)
			if c.fault {
				fake.Fail("updateTailnetSettings", fakeapi.Status(403))
			}
			rules, err := grant.Parse([]string{`{"tools":["*","escalating:*"]}`})
			if err != nil {
				t.Fatal(err)
			}
			text, err := dispatcher.Call(t.Context(), caller.Caller{Login: "alice@example.com", Rules: rules},
				tool.Request{ID: "1", Method: "tools/call", Name: "update_settings", Arguments: json.RawMessage(c.arguments)})
			got := string(text)
			if err != nil {
				got = err.Error()
			}
			if n := fake.Count("updateTailnetSettings"); !strings.Contains(got, c.want) || n != c.sent {
				t.Errorf("got %s and %d sent, want %s and %d", got, n, c.want, c.sent)
			}
		})
	}
}

func startTools(t *testing.T) (*fakeapi.Server, *tool.Dispatcher) {
	t.Helper()
	r := tooltest.NewAPI(t, fakeapi.Options{}, Tools)
	return r.Fake, r.Dispatcher
}
