// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// parts are what the API keeps beside the device web-1 of a rig with routes of
// both kinds and an attribute.
func parts(t *testing.T) (r *rig, routes, attributes string) {
	t.Helper()
	devices := few()
	devices[0].Details.AdvertisedRoutes = []string{"10.1.0.0/24", "10.2.0.0/24"}
	r = newRig(t, devices...)
	if _, err := r.changed(update, `{"devices":["web-1"],"attributes":[{"key":"custom:tier","text":"gold","expiry":"2027-01-31T12:00:00Z"}],"confirm":"CODE"}`); err != nil {
		t.Fatal(err)
	}
	return r, `{"advertisedRoutes":["10.1.0.0/24","10.2.0.0/24"],"enabledRoutes":["10.1.0.0/24"]}`,
		`{"attributes":{"custom:tier":"gold","node:os":"linux","node:tsVersion":"1.102.5"},"expiries":{"custom:tier":"2027-01-31T12:00:00Z"}}`
}

func TestInfoIncludes(t *testing.T) {
	r, routes, attributes := parts(t)
	for _, c := range []struct {
		include, routes, attributes string
		requests                    int
	}{
		{``, "", "", 2},
		{`,"include":[]`, "", "", 2},
		{`,"include":["routes"]`, routes, "", 3},
		{`,"include":"attributes"`, "", attributes, 3},
		{`,"include":["attributes","routes","routes"],"fields":["nodeId"]`, routes, attributes, 4},
	} {
		before := r.requests()
		var got map[string]json.RawMessage
		r.answer("get_device_info", `{"device":"web-1"`+c.include+`}`, &got)
		if diff := cmp.Diff([]string{c.routes, c.attributes}, []string{string(got["routes"]), string(got["attributes"])}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.include, diff)
		}
		if n := r.requests() - before; n != c.requests || !strings.Contains(string(got["device"]), `"nWeb1CNTRL"`) {
			t.Errorf("%s: got %s by %d requests, want %d", c.include, got["device"], n, c.requests)
		}
	}
	before := r.requests()
	for _, include := range []string{`["invites"]`, `["routes","all"]`, `["Routes"]`, `[""]`, `{"routes":true}`} {
		_, err := r.call("get_device_info", `{"device":"web-1","include":`+include+`}`)
		if e := told(t, err, tool.CodeInvalidArgument, ""); include[0] == '[' && (!strings.Contains(e.Error(), "routes") || !strings.Contains(e.Error(), "attributes")) {
			t.Errorf("%s: got %v, want the values there are", include, e)
		}
	}
	if n := r.requests() - before; n != 0 {
		t.Errorf("got %d requests for what cannot be included", n)
	}
	// Half of what was asked for would look like all of it.
	for op, other := range map[string]string{"listDeviceRoutes": "attributes", "getDevicePostureAttributes": "routes"} {
		r.fake.Fail(op, fakeapi.Status(403))
		text, err := r.call("get_device_info", `{"device":"web-1","include":["routes","attributes"]}`)
		if told(t, err, string(failure.PermissionDenied), ""); text != nil {
			t.Errorf("%s: got %s with the error", op, text)
		}
		if _, err := r.call("get_device_info", `{"device":"web-1","include":["`+other+`"]}`); err != nil {
			t.Errorf("%s alone: %v", other, err)
		}
		r.fake.ClearFaults()
	}
}

func TestDeviceParts(t *testing.T) {
	r, routes, attributes := parts(t)
	for uri, want := range map[string]string{"tailscale://device-routes/": routes, "tailscale://device-attributes/": attributes} {
		for _, id := range []string{"nWeb1CNTRL", "11", "100.64.0.11", "web-1", "web-1.tailfe8c.ts.net"} {
			text, mimeType, err := r.read(uri + id)
			if err != nil || mimeType != "application/json" || text != want {
				t.Errorf("%s%s: got %s %s and error %v, want %s", uri, id, mimeType, text, err, want)
			}
		}
		_, _, err := r.read(uri + "nobody")
		told(t, err, string(failure.NotFound), "list_all_devices")
		for _, id := range []string{"", ".", "..", "%2e%2e", "web-1%2F..", "web-1/x"} {
			if text, _, err := r.read(uri + id); err == nil {
				t.Errorf("%s%s: got %s, want a refusal", uri, id, text)
			}
		}
		before := r.requests()
		_, _, err = r.readBy(by(t, "bob@example.com", `{"resources":["tailscale://device/*"]}`), uri+"web-1")
		if told(t, err, tool.CodeAccessDenied, uri+"web-1"); r.requests() != before {
			t.Errorf("%s: the API was asked for a caller who may not", uri)
		}
	}
	text, _, err := r.read("tailscale://device-routes/web-2")
	if want := `{"advertisedRoutes":[],"enabledRoutes":[]}`; err != nil || text != want {
		t.Errorf("got %s and error %v, want %s", text, err, want)
	}
	for op, uri := range map[string]string{"listDeviceRoutes": "tailscale://device-routes/web-1", "getDevicePostureAttributes": "tailscale://device-attributes/web-1"} {
		r.fake.Fail(op, fakeapi.Status(403))
		_, _, err := r.read(uri)
		told(t, err, string(failure.PermissionDenied), "")
	}
}

// The resource has every field that the API has, as it has it.
func TestDeviceResourceContent(t *testing.T) {
	r, _, _ := parts(t)
	text, _, err := r.read("tailscale://device/web-1")
	var got map[string]any
	if err != nil || json.Unmarshal([]byte(text), &got) != nil {
		t.Fatalf("got %s and error %v", text, err)
	}
	have, err := json.Marshal(r.fake.Devices()[0])
	want := map[string]any{}
	if err != nil || json.Unmarshal(have, &want) != nil {
		t.Fatal(err)
	}
	maps.Copy(want, map[string]any{"online": true, "someDay": map[string]any{"x": 1.0}})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	text, _, err = r.read("tailscale://devices")
	var all answered
	if err != nil || json.Unmarshal([]byte(text), &all) != nil {
		t.Fatalf("got %s and error %v", text, err)
	}
	for _, device := range all.Devices {
		i := slices.IndexFunc(r.fake.Devices(), func(d fakeapi.Device) bool { return d.NodeID == device["nodeId"] })
		if i < 0 {
			t.Errorf("got %v, which is none of the API's", device)
			continue
		}
		is := r.fake.Devices()[i]
		if !strings.HasPrefix(is.Name, device["name"].(string)) || device["user"] != nil && device["user"] != is.User || (device["online"] == true) != is.ConnectedToControl {
			t.Errorf("got %v, which is none of the API's", device)
		}
	}
	if len(all.Devices) != len(few()) {
		t.Errorf("got %d devices, want %d", len(all.Devices), len(few()))
	}
}
