// SPDX-License-Identifier: MIT

package devices

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// Who is asked about a change that cuts a device off is told what is lost by it.
func TestStake(t *testing.T) {
	for title, c := range map[string]struct {
		device fakeapi.Device
		want   string
	}{
		"a server online": {fakeapi.Device{User: "bob@example.com", Tags: []string{"tag:db", "tag:prod"}, ConnectedToControl: true}, "; it is tagged tag:db tag:prod, is online now"},
		"a laptop away":   {fakeapi.Device{User: "bob@example.com", LastSeen: "2026-09-01T00:00:00Z"}, "; it belongs to bob@example.com, was last seen at 2026-09-01T00:00:00Z"},
		"a router": {fakeapi.Device{User: "bob@example.com", ConnectedToControl: true, Details: &fakeapi.Details{EnabledRoutes: []string{"0.0.0.0/0", "10.0.0.0/16", "::/0"}}},
			"; it belongs to bob@example.com, is online now, is an exit node, routes to 10.0.0.0/16"},
		"many routes": {fakeapi.Device{User: "bob@example.com", ConnectedToControl: true, Details: &fakeapi.Details{EnabledRoutes: []string{"10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16", "10.5.0.0/16", "10.6.0.0/16"}}},
			"routes to 10.1.0.0/16 10.2.0.0/16 10.3.0.0/16 10.4.0.0/16 10.5.0.0/16 and 1 more"},
		"hostile text": {fakeapi.Device{User: "a\u202eb", Tags: []string{"tag:\n"}, ConnectedToControl: true}, `; it is tagged tag:\n, is online now`},
	} {
		t.Run(title, func(t *testing.T) {
			c.device.NodeID, c.device.ID, c.device.Hostname = "nWeb1CNTRL", "11", "web-1"
			r := newRig(t, c.device)
			for name, more := range map[string]string{
				"delete_device": ``, "expire_device_key": ``, "set_device_ip": `,"ipv4":"100.80.0.1"`, "authorize_device": `,"approved":false`,
				"set_device_key_expiry": `,"expires":true`,
			} {
				for _, device := range []string{"web-1", "nWeb1CNTRL"} {
					r.prepare(name, more)
					_, err := r.callBy(by(t, "alice@example.com", mayChange), name, `{"device":"`+device+`"`+more+`}`)
					e := told(t, err, tool.CodeConfirmationRequired, "confirm")
					if !strings.Contains(e.Message, c.want) {
						t.Errorf("%s of %s: got %q, want %q in it", name, device, e.Message, c.want)
					}
				}
			}
		})
	}
}
