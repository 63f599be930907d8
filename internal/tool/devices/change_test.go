// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// field is one field of a device as the fake has it now, as JSON; "" when there is
// no such device.
func (r *rig) field(nodeID, name string) string {
	r.Helper()
	for _, device := range r.fake.Devices() {
		if device.NodeID != nodeID {
			continue
		}
		text, err := json.Marshal(device)
		var fields map[string]json.RawMessage
		if err != nil || json.Unmarshal(text, &fields) != nil {
			r.Fatalf("got %s and error %v", text, err)
		}
		return string(fields[name])
	}
	return ""
}

// changed calls a tool as somebody who may.
func (r *rig) changed(name, arguments string) (string, error) {
	r.Helper()
	text, err := r.callBy(by(r, "alice@example.com", mayChange), name, arguments)
	if err == nil {
		r.fits(name, text)
	}
	return string(text), err
}

// Every change is sent once it is confirmed, never before, and shows in the API,
// at that device and no other. The refusal says what is there and what comes.
func TestChanges(t *testing.T) {
	unapproved := func(d *fakeapi.Device) { d.Authorized = false }
	forEver := func(d *fakeapi.Device) { d.KeyExpiryDisabled = true }
	expired := func(d *fakeapi.Device) { d.KeyExpiryDisabled, d.Expires = true, "2020-01-01T00:00:00Z" }
	lasting := func(d *fakeapi.Device) { d.KeyExpiryDisabled, d.Expires = true, "2999-01-01T00:00:00Z" }
	unknown := func(d *fakeapi.Device) { d.KeyExpiryDisabled, d.Expires = true, "never" }
	untagged := func(d *fakeapi.Device) { d.Tags = []string{} }
	for _, c := range []struct {
		name, op, rest       string
		prepare              func(*fakeapi.Device)
		body                 string
		field, before, after string
		effect               string
	}{
		{"set_device_routes", "setDeviceRoutes", `,"routes":["10.0.0.0/16"]`, nil, `{"routes":["10.0.0.0/16"]}`, "enabledRoutes", `["10.1.0.0/24"]`, `["10.0.0.0/16"]`, `approves the routes ["10.0.0.0/16"] of the device web-1 and disables ["10.1.0.0/24"]`},
		{"set_device_routes", "setDeviceRoutes", `,"routes":[]`, nil, `{"routes":[]}`, "enabledRoutes", `["10.1.0.0/24"]`, `[]`, `disables the routes ["10.1.0.0/24"] of the device web-1`},
		{"set_device_routes", "setDeviceRoutes", `,"routes":["10.1.0.0/24","::/0"]`, nil, `{"routes":["10.1.0.0/24","::/0"]}`, "enabledRoutes", `["10.1.0.0/24"]`, `["10.1.0.0/24","::/0"]`, `approves the routes ["::/0"] of the device web-1; 0.0.0.0/0 and ::/0 make it an exit node`},
		{"authorize_device", "authorizeDevice", ``, unapproved, `{"authorized":true}`, "authorized", `false`, `true`, "lets the device web-1 into the tailnet; it was registered by alice@example.com"},
		{"authorize_device", "authorizeDevice", `,"approved":true`, unapproved, `{"authorized":true}`, "authorized", `false`, `true`, "lets the device web-1 into the tailnet; it was registered by alice@example.com"},
		{"authorize_device", "authorizeDevice", `,"approved":false`, nil, `{"authorized":false}`, "authorized", `true`, `false`, "takes back the approval of the device web-1"},
		{"set_device_tags", "setDeviceTags", `,"tags":["web","tag:db"]`, nil, `{"tags":["tag:db","tag:web"]}`, "tags", `["tag:web","tag:prod"]`, `["tag:db","tag:web"]`, `replaces the tags of the device web-1 by ["tag:db" "tag:web"]; it loses ["tag:prod"]`},
		{"set_device_tags", "setDeviceTags", `,"tags":["db"]`, untagged, `{"tags":["tag:db"]}`, "tags", `[]`, `["tag:db"]`, `by ["tag:db"]; it is no longer owned by alice@example.com`},
		{"set_device_tags", "setDeviceTags", `,"tags":[]`, nil, `{"tags":[]}`, "tags", `["tag:web","tag:prod"]`, `[]`, `replaces the tags of the device web-1 by []; it loses ["tag:web" "tag:prod"]; who owns it without tags is not documented`},
		{"set_device_key_expiry", "updateDeviceKey", `,"expires":false`, nil, `{"keyExpiryDisabled":true}`, "keyExpiryDisabled", `false`, `true`, "keeps the key of the device web-1 valid for ever"},
		{"set_device_key_expiry", "updateDeviceKey", `,"expires":true`, lasting, `{"keyExpiryDisabled":false}`, "keyExpiryDisabled", `true`, `false`, "lets the key of the device web-1 expire; it expires at 2999-01-01T00:00:00Z"},
		{"set_device_key_expiry", "updateDeviceKey", `,"expires":true`, expired, `{"keyExpiryDisabled":false}`, "keyExpiryDisabled", `true`, `false`, "at 2020-01-01T00:00:00Z, which is past: the device is cut off at once"},
		{"set_device_key_expiry", "updateDeviceKey", `,"expires":true`, unknown, `{"keyExpiryDisabled":false}`, "keyExpiryDisabled", `true`, `false`, "at a time that is not known: when it is past, the device is cut off at once"},
		{"set_device_ip", "setDeviceIp", `,"ipv4":"100.64.0.99"`, nil, `{"ipv4":"100.64.0.99"}`, "addresses", `["100.64.0.11","fd7a:115c:a1e0::b"]`, `["100.64.0.99","fd7a:115c:a1e0::b"]`, `replaces the addresses ["100.64.0.11" "fd7a:115c:a1e0::b"] of the device web-1 by 100.64.0.99`},
		{"expire_device_key", "expireDeviceKey", ``, forEver, ``, "keyExpiryDisabled", `true`, `false`, "cuts the device web-1 off"},
		{"delete_device", "deleteDevice", ``, nil, ``, "name", `"web-1.tailfe8c.ts.net"`, ``, "removes the device web-1 from the tailnet for good"},
	} {
		t.Run(c.name+c.rest, func(t *testing.T) {
			r := newRig(t, few()...)
			devices := r.fake.Devices()
			if c.prepare != nil {
				c.prepare(&devices[0])
				r.fake.SetDevices(devices)
			}
			call := func(device, confirm string) (string, error) {
				return r.changed(c.name, `{"device":"`+device+`"`+c.rest+confirm+`}`)
			}
			for _, confirm := range []string{``, `,"confirm":""`, `,"confirm":"web-2"`, `,"confirm":"WEB-1"`, `,"confirm":"nWeb1CNTRL"`} {
				_, err := call("web-1", confirm)
				if e := told(t, err, tool.CodeConfirmationRequired, "confirm set to"); !strings.Contains(e.Message, c.effect) || strings.Contains(e.Message, "past") != strings.Contains(c.effect, "past") ||
					strings.Contains(e.Message, "exit node") != strings.Contains(c.effect, "exit node") {
					t.Errorf("got %s, want %s", e.Message, c.effect)
				}
			}
			for _, device := range []string{"nobody", "nNoneCNTRL"} {
				_, err := call(device, `,"confirm":"CODE"`)
				told(t, err, string(failure.NotFound), "list_all_devices")
			}
			for _, device := range []string{"", " ", ".", "..", "...", " .. "} {
				_, err := call(device, `,"confirm":"CODE"`)
				told(t, err, tool.CodeInvalidArgument, "name a device by")
			}
			if n := r.fake.Count(c.op); n != 0 {
				t.Fatalf("got %d changes before one was confirmed", n)
			}
			r.fake.Fail(c.op, fakeapi.Status(403).Times(1))
			_, err := call("web-1", `,"confirm":"CODE"`)
			told(t, err, string(failure.PermissionDenied), "")
			if got := r.field("nWeb1CNTRL", c.field); got != c.before {
				t.Fatalf("got %s %s before, want %s", c.field, got, c.before)
			}

			text, err := call("web-1", `,"confirm":"CODE"`)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.field("nWeb1CNTRL", c.field); got != c.after {
				t.Errorf("got %s %s, want %s", c.field, got, c.after)
			}
			var out struct{ Previous, Now map[string]json.RawMessage }
			if err := json.Unmarshal([]byte(text), &out); err != nil {
				t.Fatal(err)
			}
			var several struct {
				Devices []struct{ Previous, Now map[string]json.RawMessage }
			}
			if err := json.Unmarshal([]byte(text), &several); err != nil {
				t.Fatal(err)
			}
			if len(several.Devices) == 1 {
				out.Previous, out.Now = several.Devices[0].Previous, several.Devices[0].Now
			}
			if string(out.Previous[c.field]) != c.before || string(out.Now[c.field]) != c.after {
				t.Errorf("got %s, want %s before as %s and after as %s", text, c.field, c.before, c.after)
			}
			for _, q := range r.fake.Requests() {
				if q.Operation == c.op && string(q.Body) != c.body {
					t.Errorf("got the body %s, want %s", q.Body, c.body)
				}
			}
			if n := r.fake.Count(c.op); n != 2 {
				t.Errorf("got %d requests, want the one that failed and one more", n)
			}
			if diff := cmp.Diff(devices[1:], r.fake.Devices()[len(r.fake.Devices())-4:]); diff != "" {
				t.Errorf("other devices changed (-want +got):\n%s", diff)
			}
		})
	}
}

// What comes after a change that was made is no reason to make it again.
func TestChangeThatCannotBeRead(t *testing.T) {
	r := newRig(t, few()...)
	held, release := fakeapi.Hold()
	script := r.fake.Fail("authorizeDevice", held.Times(1))
	done := make(chan error)
	var text string
	go func() {
		var err error
		text, err = r.changed("authorize_device", `{"device":"web-1","approved":false,"confirm":"CODE"}`)
		done <- err
	}()
	<-script.Reached()
	r.fake.Fail("getDevice", fakeapi.Status(500))
	release()
	if err := <-done; err != nil || !strings.Contains(text, "the change was made; do not repeat the call") || strings.Contains(text, `"now"`) {
		t.Errorf("got %s and error %v, want a note", text, err)
	}
}

// prepare has web-1 in another state than the change makes: what is so already is not
// asked about.
func (r *rig) prepare(name, rest string) {
	devices := r.fake.Devices()
	for i := range devices {
		d := &devices[i]
		switch name {
		case "authorize_device":
			d.Authorized = strings.Contains(rest, "false")
		case "set_device_key_expiry":
			d.KeyExpiryDisabled = strings.Contains(rest, "true")
		}
	}
	r.fake.SetDevices(devices)
}

// Whoever is about to cut its own device off is told so, and nobody else is.
func TestChangesOfTheCallersDevice(t *testing.T) {
	for _, c := range []struct {
		name, rest string
		cuts       bool
	}{
		{"delete_device", ``, true},
		{"expire_device_key", ``, true},
		{"authorize_device", `,"approved":false`, true},
		{"authorize_device", ``, false},
		{"set_device_key_expiry", `,"expires":true`, true},
		{"set_device_key_expiry", `,"expires":false`, false},
		{"set_device_tags", `,"tags":["web"]`, true},
		{"set_device_ip", `,"ipv4":"100.64.0.99"`, true},
		{"set_device_routes", `,"routes":[]`, false},
		{"update_device_attributes", `,"attributes":[{"key":"custom:tier","flag":true}]`, true},
	} {
		r := newRig(t, few()...)
		r.fake.SetDevices(append(r.fake.Devices(), fakeapi.Device{ID: "16", NodeID: "nBobCNTRL", Hostname: "desk"}))
		r.prepare(c.name, c.rest)
		device := `"device":"web-1"`
		if c.name == "update_device_attributes" {
			device = `"devices":["web-2","web-1"]`
		}
		for nodeID, own := range map[string]bool{"nWeb1CNTRL": true, "nBobCNTRL": false, "": false} {
			who := by(t, "alice@example.com", mayChange)
			who.NodeID = nodeID
			_, err := r.callBy(who, c.name, `{`+device+c.rest+`}`)
			e := told(t, err, tool.CodeConfirmationRequired, "confirm set to")
			if n := strings.Count(e.Message, " is the device that you call from"); n > 1 || (n == 1) != (own && c.cuts) {
				t.Errorf("%s%s from %q: got %s, want it said: %t", c.name, c.rest, nodeID, e.Message, own && c.cuts)
			}
		}
	}
	// Neither an operator nor such a device has a node ID.
	r := newRig(t, few()...)
	r.fake.Fail("getDevice", fakeapi.Body(200, "application/json", `{"id":"12"}`))
	_, err := r.callBy(caller.Operator("root"), "delete_device", `{"device":"12"}`)
	if e := told(t, err, tool.CodeConfirmationRequired, "confirm set to"); strings.Contains(e.Message, "you call from") {
		t.Errorf("got %s of a device that may be another", e.Message)
	}
}

// One of another tailnet's with the same first label is confirmed by its whole
// name: the short one means our own.
func TestChangesOfSharedDevices(t *testing.T) {
	r := newRig(t, few()...)
	const arguments = `{"device":"nSharedCNTRL","tags":["web"]`
	_, err := r.changed("set_device_tags", arguments+`,"confirm":"web-1"}`)
	if e := told(t, err, tool.CodeConfirmationRequired, "confirm set to"); !strings.Contains(e.Message, "web-1.tail9999.ts.net") {
		t.Errorf("got %s, want the whole name in it", e.Message)
	}
	if _, err := r.changed("set_device_tags", arguments+`,"confirm":"CODE"}`); err != nil {
		t.Error(err)
	}
	for name, op := range map[string]string{"delete_device": "deleteDevice", "expire_device_key": "expireDeviceKey"} {
		_, err = r.changed(name, `{"device":"nSharedCNTRL","confirm":"CODE"}`)
		told(t, err, tool.CodeInvalidArgument, "stop sharing it")
		if n := r.fake.Count(op); n != 0 {
			t.Errorf("%s was sent %d times of another tailnet's device", op, n)
		}
	}
}

// What would be lost has to be known first.
func TestRoutesUnread(t *testing.T) {
	for _, body := range []string{`{"enabledRoutes":"10.0.0.0/16"}`, `[]`} {
		r := newRig(t, few()...)
		r.fake.Fail("listDeviceRoutes", fakeapi.Body(200, "application/json", body))
		_, err := r.changed("set_device_routes", `{"device":"web-1","routes":[],"confirm":"CODE"}`)
		told(t, err, string(failure.UpstreamMalformed), "")
		if n := r.fake.Count("setDeviceRoutes"); n != 0 {
			t.Errorf("%s: got %d changes", body, n)
		}
	}
}

func TestChangesOfAmbiguousNames(t *testing.T) {
	r := newRig(t, alike()...)
	_, err := r.changed("delete_device", `{"device":"runner","confirm":"CODE"}`)
	e := told(t, err, tool.CodeInvalidArgument, "nBuild1CNTRL (ci.tailfe8c.ts.net, hostname runner)")
	if !strings.Contains(e.Next, "nBuild3CNTRL") || r.fake.Count("deleteDevice") != 0 {
		t.Errorf("got %v and %d removals, want all candidates and none", e, r.fake.Count("deleteDevice"))
	}
}

func TestChangesRefused(t *testing.T) {
	r := newRig(t, few()...)
	for _, c := range []struct{ name, rest string }{
		{"set_device_routes", `,"routes":["10.0.0.1/16"]`},
		{"set_device_routes", `,"routes":["10.0.0.0"]`},
		{"set_device_routes", `,"routes":[""]`},
		{"set_device_routes", `,"routes":null`},
		{"set_device_routes", ``},
		{"set_device_tags", `,"tags":["tag:"]`},
		{"set_device_tags", `,"tags":["web",""]`},
		{"set_device_tags", `,"tags":[" "]`},
		{"set_device_tags", ``},
		{"set_device_key_expiry", ``},
		{"set_device_ip", `,"ipv4":"10.0.0.1"`},
		{"set_device_ip", `,"ipv4":"fd7a::1"`},
		{"set_device_ip", `,"ipv4":"::ffff:100.64.0.1"`},
		{"set_device_ip", `,"ipv4":""`},
		{"authorize_device", `,"approved":"perhaps"`},
		{"authorize_device", `,"aproved":false`},
	} {
		_, err := r.changed(c.name, `{"device":"web-1","confirm":"CODE"`+c.rest+`}`)
		told(t, err, tool.CodeInvalidArgument, "")
	}
	if n := r.requests(); n != 0 {
		t.Errorf("got %d requests for arguments that are wrong", n)
	}
}
