// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// TestNarrowed: lists show, and calls touch, only the devices of the grant; any other
// is answered as one that there is not.
func TestNarrowed(t *testing.T) {
	tests := []struct {
		devices string
		login   string
		want    string // node IDs
	}{
		{`["tag:web"]`, "alice@example.com", "nWeb1CNTRL nWeb2CNTRL"},
		{`["autogroup:self"]`, "alice@example.com", "nMacCNTRL"}, // her tagged one is nobody's
		{`["autogroup:self"]`, "carol@example.com", ""},
		{`["alice@example.com","nPhoneCNTRL"]`, "bob@example.com", "nMacCNTRL nPhoneCNTRL"},
		{`["web-2.tailfe8c.ts.net"]`, "alice@example.com", "nWeb2CNTRL"},
		{`["alices-macbook"]`, "bob@example.com", "nMacCNTRL"},
	}
	all := []string{"nWeb1CNTRL", "nWeb2CNTRL", "nMacCNTRL", "nPhoneCNTRL", "nSharedCNTRL"}
	for _, tt := range tests {
		r := newRig(t, few()...)
		c := by(t, tt.login, `{"tools":["*","escalating:*"],"resources":["*"],"devices":`+tt.devices+`}`)
		want := strings.Fields(tt.want)
		slices.Sort(want)

		out, err := r.callBy(c, "list_all_devices", `{}`)
		if got := ids(t, out); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: listed %v, %v; want %v", tt.devices, got, err, want)
		}
		text, _, err := r.readBy(c, "tailscale://devices")
		if got := ids(t, []byte(text)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: the resource lists %v, %v; want %v", tt.devices, got, err, want)
		}
		completed, _, err := r.dispatcher.CompleteResource(r.Context(), c, gate.Request{ID: "1", Name: "tailscale://device/{+id}"}, "")
		if err != nil || len(completed) != len(want) {
			t.Errorf("%s: completed %v, %v; want %d", tt.devices, completed, err, len(want))
		}
		for _, id := range all {
			_, err := r.callBy(c, "get_device_info", `{"device":"`+id+`"}`)
			_, _, readErr := r.readBy(c, "tailscale://device/"+id)
			_, _, routesErr := r.readBy(c, "tailscale://device-routes/"+id)
			for what, err := range map[string]error{"get_device_info": err, "the resource": readErr, "its routes": routesErr} {
				if covered := slices.Contains(want, id); covered != (err == nil) {
					t.Errorf("%s: %s of %s: got %v", tt.devices, what, id, err)
				}
			}
		}
	}
}

// TestNarrowedChanges: every tool that changes a device keeps to those of the grant,
// and its refusal is the one for a device that is not there, to the letter.
func TestNarrowedChanges(t *testing.T) {
	for name, more := range map[string]string{
		"set_device_name": `,"name":"x"`, "set_device_routes": `,"routes":[]`, "authorize_device": ``, "set_device_tags": `,"tags":["tag:x"]`,
		"set_device_key_expiry": `,"expires":false`, "set_device_ip": `,"ipv4":"100.64.0.99"`, "expire_device_key": ``, "delete_device": ``, "get_device_info": ``,
	} {
		r := newRig(t, few()...)
		c := by(t, "alice@example.com", `{"tools":["*","escalating:*"],"devices":["tag:prod"]}`)
		_, outside := r.callBy(c, name, `{"device":"nWeb2CNTRL"`+more+`}`)
		_, nowhere := r.callBy(c, name, `{"device":"nWeb9CNTRL"`+more+`}`)
		if failure.CodeOf(outside) != failure.NotFound {
			t.Errorf("%s: got %v for a device outside, want %s", name, outside, failure.NotFound)
			continue
		}
		if got, want := outside.Error(), strings.ReplaceAll(nowhere.Error(), "nWeb9CNTRL", "nWeb2CNTRL"); got != want {
			t.Errorf("%s: outside: %s\nnowhere: %s", name, got, want)
		}
		for _, request := range r.fake.Requests() {
			if request.Method != "GET" {
				t.Errorf("%s: sent %s %s", name, request.Method, request.Path)
			}
		}
	}
	// A tool of this group that were not marked would be missing here.
	r := newRig(t, few()...)
	c := by(t, "alice@example.com", `{"tools":["*","escalating:*"],"devices":["tag:prod"]}`)
	if got, want := len(r.dispatcher.Tools(c)), len(r.dispatcher.Snapshot().Tools()); got != want {
		t.Errorf("got %d of %d tools about devices, want all", got, want)
	}
}

func ids(t *testing.T, text []byte) (all []string) {
	t.Helper()
	if text == nil {
		return nil
	}
	var out struct {
		Total   int
		Devices []struct{ NodeID string }
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for _, d := range out.Devices {
		all = append(all, d.NodeID)
	}
	if out.Total != len(all) {
		t.Errorf("got %d devices of %d", len(all), out.Total)
	}
	slices.Sort(all)
	return all
}

// TestNarrowedCompletion: an entry for one URI lets a caller complete that one; the
// devices of another entry stay as narrow as that entry says.
func TestNarrowedCompletion(t *testing.T) {
	r := newRig(t, few()...)
	c := by(t, "bob@example.com", "")
	var err error
	if c.Rules, err = grant.Parse([]string{
		`{"resources":["tailscale://device/nWeb1CNTRL"]}`,
		`{"resources":["tailscale://device/{id}"],"devices":["nPhoneCNTRL"]}`,
	}); err != nil {
		t.Fatal(err)
	}
	ids, _, err := r.dispatcher.CompleteResource(t.Context(), c, gate.Request{ID: "1", Name: "tailscale://device/{+id}"}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if _, _, err := r.readBy(c, "tailscale://device/"+id); err != nil {
			t.Errorf("%s is offered, but not to be read: %v", id, err)
		}
	}
}
