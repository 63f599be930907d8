// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"strings"
	"testing"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
	"tailscale-mcp/internal/tool"
)

// Every change is sent once it is confirmed, never before, and shows in the API.
func TestChanges(t *testing.T) {
	for _, c := range []struct{ name, op, rest, state string }{
		{"set_device_routes", "setDeviceRoutes", `,"routes":["10.0.0.0/16"]`, `"enabledRoutes":["10.0.0.0/16"]`},
		{"authorize_device", "authorizeDevice", ``, `"authorized":true`},
		{"authorize_device", "authorizeDevice", `,"approved":false`, `"authorized":false`},
		{"set_device_tags", "setDeviceTags", `,"tags":["web"]`, `"tags":["tag:web"]`},
		{"set_device_key_expiry", "updateDeviceKey", `,"expires":false`, `"keyExpiryDisabled":true`},
		{"set_device_ip", "setDeviceIp", `,"ipv4":"100.64.0.99"`, `"100.64.0.99"`},
		{"expire_device_key", "expireDeviceKey", ``, `"connectedToControl":false`},
		{"delete_device", "deleteDevice", ``, ``},
	} {
		t.Run(c.name+c.rest, func(t *testing.T) {
			r := newRig(t, few()...)
			alice := by(t, "alice@example.com", `{"tools":["*","escalating:*"]}`)
			call := func(device, confirm string) error {
				_, err := r.callBy(alice, c.name, `{"device":"`+device+`"`+c.rest+confirm+`}`)
				return err
			}
			told(t, call("web-1", ``), tool.CodeConfirmationRequired, `"web-1"`)
			told(t, call("web-1", `,"confirm":"web-2"`), tool.CodeConfirmationRequired, `"web-1"`)
			told(t, call("nobody", `,"confirm":"nobody"`), string(tailnet.CodeNotFound), "")
			if n := r.fake.Count(c.op); n != 0 {
				t.Fatalf("got %d changes before one was confirmed", n)
			}
			r.fake.Fail(c.op, fakeapi.Status(403).Times(1))
			if err := call("web-1", `,"confirm":"web-1"`); err == nil {
				t.Error("got no error of a change that the API refuses")
			}
			if err := call("web-1", `,"confirm":"web-1"`); err != nil {
				t.Fatal(err)
			}
			for _, device := range r.fake.Devices() {
				if device.NodeID != "nWeb1CNTRL" {
					continue
				}
				text, err := json.Marshal(device)
				if err != nil || c.state == "" || !strings.Contains(string(text), c.state) {
					t.Errorf("got the device %s and error %v, want %s", text, err, c.state)
				}
			}
		})
	}
}

func TestChangesRefused(t *testing.T) {
	r := newRig(t, few()...)
	alice := by(t, "alice@example.com", `{"tools":["*","escalating:*"]}`)
	for _, c := range []struct{ name, rest string }{
		{"set_device_routes", `,"routes":["10.0.0.1/16"]`},
		{"set_device_routes", `,"routes":["10.0.0.0"]`},
		{"set_device_tags", `,"tags":["tag:"]`},
		{"set_device_ip", `,"ipv4":"10.0.0.1"`},
		{"set_device_ip", `,"ipv4":"fd7a::1"`},
	} {
		_, err := r.callBy(alice, c.name, `{"device":"web-1","confirm":"web-1"`+c.rest+`}`)
		told(t, err, tool.CodeInvalidArgument, "")
	}
	if n := r.requests(); n != 0 {
		t.Errorf("got %d requests for arguments that are wrong", n)
	}
}
