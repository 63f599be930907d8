// SPDX-License-Identifier: MIT

package catalog

import (
	"slices"
	"testing"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// others are calls that reach what the calls of every tool do not, one after the
// other in one tailnet.
var others = []struct{ name, arguments string }{
	{"update_device_attributes", `{"devices":["web-1","web-2"],"attributes":[{"key":"custom:tier","text":"gold"}],"confirm":"CODE"}`},
	{"update_device_attributes", `{"devices":["web-1"],"attributes":[{"key":"custom:tier","remove":true}],"confirm":"CODE"}`},
	{"resend_invite", `{"kind":"user","invite":"29214"}`},
	{"delete_invite", `{"kind":"user","invite":"29214","confirm":"CODE"}`},
	{"set_posture_integration", `{"integration":"pFalconDEVEL","clientId":"another","confirm":"CODE"}`},
	{"set_contact", `{"contact":"support","email":"support@example.com"}`},
	{"set_oauth_app", `{"app":"aDev1CNTRL","description":"another","confirm":"CODE"}`},
}

// TestEveryOperationIsSent: what the definitions say is reached is reached.
func TestEveryOperationIsSent(t *testing.T) {
	r := newRig(t, setup{})
	alice := by(t, "alice@example.com", mayAll)
	r.everything(alice, nil, func(what, _ string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	})
	seed(r.fake)
	for _, c := range others {
		if _, err := r.call(alice, c.name, c.arguments); err != nil {
			t.Errorf("%s %s: %v", c.name, c.arguments, err)
		}
	}
	for _, op := range tsapi.Operations() {
		offered := slices.ContainsFunc(r.offers.Tools, func(d tool.Tool) bool { return slices.Contains(d.Operations, op.ID) })
		if sent := r.fake.Count(op.ID) > 0; sent != offered {
			t.Errorf("%s is sent: %t, and offered: %t", op.ID, sent, offered)
		}
	}
}
