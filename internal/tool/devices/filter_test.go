// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// ago is a time so many days before now, or after it.
func ago(days float64) string {
	return time.Now().Add(-time.Duration(days * 24 * float64(time.Hour))).UTC().Format(time.RFC3339)
}

// states is a tailnet with a device in each state, and its neighbours.
func states() []fakeapi.Device {
	online := func(id string, d fakeapi.Device) fakeapi.Device {
		d.NodeID, d.Hostname, d.ConnectedToControl, d.User = id, strings.ToLower(strings.TrimPrefix(id, "n")), true, "alice@example.com"
		return d
	}
	offline := func(id, seen string, d fakeapi.Device) fakeapi.Device {
		d = online(id, d)
		d.ConnectedToControl, d.LastSeen, d.User = false, seen, "bob@example.com"
		return d
	}
	routes := func(advertised, enabled string) *fakeapi.Details {
		return &fakeapi.Details{AdvertisedRoutes: strings.Fields(advertised), EnabledRoutes: strings.Fields(enabled)}
	}
	return []fakeapi.Device{
		online("nFresh", fakeapi.Device{OS: "linux", Created: ago(400), Expires: ago(-90)}),
		online("nEnding", fakeapi.Device{OS: "macOS", Created: ago(400), Expires: ago(-10), UpdateAvailable: true, ClientVersion: "1.80.0"}),
		online("nForEver", fakeapi.Device{OS: "linux", Created: ago(400), Expires: ago(5), KeyExpiryDisabled: true, Tags: []string{"tag:web"}}),
		online("nYearOne", fakeapi.Device{OS: "linux", Created: ago(400), Expires: "0001-01-01T00:00:00Z", Tags: []string{"tag:web"}}),
		online("nRouter", fakeapi.Device{OS: "linux", Created: ago(400), Expires: ago(-90), Tags: []string{"tag:router"}, Details: routes("10.0.0.0/16 10.1.0.0/16", "10.0.0.0/16")}),
		online("nExit", fakeapi.Device{OS: "linux", Created: ago(400), Expires: ago(-90), Details: routes("0.0.0.0/0 ::/0", "0.0.0.0/0 ::/0")}),
		offline("nAway10", ago(10), fakeapi.Device{OS: "windows", Created: ago(400), Expires: ago(-90)}),
		offline("nAway60", ago(60.1), fakeapi.Device{OS: "windows", Created: ago(400), Expires: ago(30)}),
		offline("nNever", "", fakeapi.Device{OS: "iOS", Created: ago(100), Expires: ago(-90)}),
		offline("nOnce", ago(20), fakeapi.Device{OS: "iOS", Created: ago(20), Expires: ago(-90)}),
		offline("nShared", ago(90), fakeapi.Device{OS: "linux", Created: ago(100), Name: "shared.tail9999.ts.net", IsExternal: true, Expires: ago(90), Details: routes("10.9.0.0/16", "")}),
	}
}

func TestStateFilters(t *testing.T) {
	r := newRig(t, states()...)
	base := slices.Clip([]string{"lastSeen", "name", "nodeId", "user"})
	for _, c := range []struct {
		filter string
		want   string // node IDs
		fields []string
	}{
		{`"offlineDays":60`, "nAway60 nNever nShared", append(base, "online")},
		{`"offlineDays":5`, "nAway10 nAway60 nNever nOnce nShared", append(base, "online")},
		{`"offlineDays":1000000000`, "", nil},
		{`"keyExpiresWithinDays":14`, "nAway60 nEnding", append(base, "expires")},
		{`"keyExpiresWithinDays":0`, "nAway60", append(base, "expires")},
		{`"outdated":true`, "nEnding", []string{"clientVersion", "name", "nodeId", "online", "os", "user"}},
		{`"outdated":false,"os":"macOS"`, "nEnding", nil},
		{`"neverUsed":true`, "nNever nOnce", append(base, "created", "online")},
		{`"unapprovedRoutes":true`, "nRouter", []string{"enabledRoutes", "name", "nodeId", "online", "tags", "unapprovedRoutes"}},
		{`"untagged":true`, "nAway10 nAway60 nEnding nExit nFresh nNever nOnce", append(base, "os")},
		{`"untagged":true,"online":true`, "nEnding nExit nFresh", nil},
		{`"offlineDays":60,"owner":"bob","os":"windows"`, "nAway60", base},
		{`"neverUsed":true,"offlineDays":60`, "nNever", nil},
	} {
		got := r.list(`{` + c.filter + `}`)
		if diff := cmp.Diff(strings.Fields(c.want), got.ids()); diff != "" && len(c.want)+len(got.Devices) > 0 {
			t.Errorf("%s (-want +got):\n%s", c.filter, diff)
			continue
		}
		if c.fields == nil {
			continue
		}
		// Of those that are shown of any, each.
		shown := map[string]bool{}
		for _, d := range got.Devices {
			for name := range maps.Keys(d) {
				shown[name] = true
			}
		}
		delete(shown, "isExternal")
		want := slices.Sorted(slices.Values(slices.Compact(c.fields)))
		if strings.Contains(c.want, "nEnding") && !slices.Contains(want, "online") {
			want = slices.Sorted(slices.Values(append(want, "online")))
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(shown))); diff != "" {
			t.Errorf("%s: fields (-want +got):\n%s", c.filter, diff)
		}
	}
	// The routes are those that wait, beside those that a change has to name too.
	got := r.list(`{"unapprovedRoutes":true}`).Devices[0]
	if fmt.Sprint(got["unapprovedRoutes"], got["enabledRoutes"], got["tags"]) != "[10.1.0.0/16] [10.0.0.0/16] [tag:router]" {
		t.Errorf("got %v", got)
	}
	// Fields that are asked for are those that are shown.
	if got := r.list(`{"outdated":true,"fields":["expires","name"]}`).Devices[0]; len(got) != 2 || got["name"] != "ending" {
		t.Errorf("got %v", got)
	}
}

// What no device is, is answered with those there are, and that none is in a state with
// how many there were to choose from: a list of nobody would be taken for an answer.
func TestNoSilentZeros(t *testing.T) {
	r := newRig(t, append(states(), fakeapi.Device{NodeID: "nTwin", User: "bob@example.org", OS: "linux", ConnectedToControl: true})...)
	for arguments, want := range map[string]string{
		`{"owner":"zoe"}`:                   `"alice@example.com", "bob@example.com", "bob@example.org"`,
		`{"owner":"alise@example.com"}`:     `use "alice@example.com" if it is meant`,
		`{"user":"nobody@example.com"}`:     `these logins have devices: "alice@example.com"`,
		`{"owner":"tag:roter"}`:             `use "tag:router" if it is meant; the devices have these: "tag:router", "tag:web"`,
		`{"os":"mac"}`:                      `use "macOS" if it is meant; the devices have these: "iOS", "linux", "macOS", "windows"`,
		`{"tags":["tag:webb"]}`:             `use "tag:web" if it is meant`,
		`{"tags":["web","nosuch"]}`:         `the devices have these: "tag:router", "tag:web"`,
		`{"os":"mac","offlineDays":3}`:      `use "macOS"`,
		`{"os":"mac","summary":true}`:       `use "macOS"`,
		`{"owner":"\u001b[31m","os":"ios"}`: `these logins have devices`,
	} {
		_, err := r.call("list_all_devices", arguments)
		told(t, err, string(failure.NotFound), want)
	}
	_, err := r.call("list_all_devices", `{"owner":"bob"}`)
	if e := told(t, err, tool.CodeInvalidArgument, `use one of these logins: "bob@example.com", "bob@example.org"`); !strings.Contains(e.Message, "fits 2 logins") {
		t.Errorf("got %v", e)
	}
	for arguments, of := range map[string]int{
		`{"offlineDays":9999}`:                           12,
		`{"offlineDays":9999,"os":"windows"}`:            2,
		`{"owner":"alice","outdated":true,"os":"linux"}`: 5,
		`{"os":"windows","owner":"alice"}`:               12, // both are, and not together
		`{"name":"nobody"}`:                              12,
	} {
		text, err := r.call("list_all_devices", arguments)
		if want := fmt.Sprintf(`{"devices":[],"total":0,"returned":0,"of":%d}`, of); err != nil || string(text) != want {
			t.Errorf("%s: got %s and error %v, want %s", arguments, text, err, want)
		}
	}
}

// Whoever may see some devices is told of no other's system, owner or tag.
func TestCandidatesOfANarrowedCaller(t *testing.T) {
	r := newRig(t, states()...)
	c := by(t, "carol@example.com", `{"tools":["*"],"devices":["tag:web"]}`)
	for _, arguments := range []string{`{"owner":"bob"}`, `{"os":"iOS"}`, `{"tags":["router"]}`} {
		_, err := r.callBy(c, "list_all_devices", arguments)
		e := told(t, err, string(failure.NotFound), "")
		for _, secret := range []string{"bob@", "windows", "iOS\",", "tag:router\""} {
			if strings.Contains(e.Next, secret) {
				t.Errorf("%s: got %v, which tells of %s", arguments, e, secret)
			}
		}
	}
	text, err := r.callBy(c, "list_all_devices", `{"offlineDays":1}`)
	if err != nil || string(text) != `{"devices":[],"total":0,"returned":0,"of":2}` {
		t.Errorf("got %s and error %v, want none of 2", text, err)
	}
}

func TestSummary(t *testing.T) {
	r := newRig(t, append(states(), fakeapi.Device{NodeID: "nIn", OS: "linux", Authorized: true, ConnectedToControl: true, KeyExpiryDisabled: true})...)
	for arguments, want := range map[string]string{
		`{"summary":true}`: `{"summary":{"owner":{"user":8,"tagged":3,"shared":1},"os":{"iOS":2,"linux":7,"macOS":1,"windows":2},"online":7,"offline":5,"outdated":1,"notApproved":10,` +
			`"keys":{"expired":1,"within30Days":1,"later":6,"never":3},"routes":{"advertise":2,"unapproved":1,"exitNodes":1}},"total":12,"returned":0}`,
		`{"summary":true,"os":"macos"}`: `{"summary":{"owner":{"user":1,"tagged":0,"shared":0},"os":{"macOS":1},"online":1,"offline":0,"outdated":1,"notApproved":1,` +
			`"keys":{"expired":0,"within30Days":1,"later":0,"never":0},"routes":{"advertise":0,"unapproved":0,"exitNodes":0}},"total":1,"returned":0}`,
	} {
		text, err := r.call("list_all_devices", arguments)
		if diff := cmp.Diff(want, string(text)); err != nil || diff != "" {
			t.Errorf("%s: error %v (-want +got):\n%s", arguments, err, diff)
		}
		r.fits("list_all_devices", text)
	}
	// However devices call their system, the answer stays small.
	var many []fakeapi.Device
	for i := range 500 {
		many = append(many, fakeapi.Device{OS: fmt.Sprintf("system-%03d", i)})
	}
	r.fake.SetDevices(many)
	var got struct {
		Summary struct{ OS map[string]int }
	}
	text, err := r.call("list_all_devices", `{"summary":true}`)
	if err != nil || json.Unmarshal(text, &got) != nil || len(text) > 700 || got.Summary.OS["others"] != 488 {
		t.Errorf("got %s and error %v", text, err)
	}
}

// A device costs few bytes: that is what a model pays for.
func TestBytesOfADevice(t *testing.T) {
	r := newRig(t)
	r.fake.AddDevices(500)
	for arguments, most := range map[string]int{`{"limit":500}`: 145, `{"limit":500,"offlineDays":1}`: 130, `{"limit":500,"outdated":true}`: 150} {
		text, err := r.call("list_all_devices", arguments)
		var got answered
		if err != nil || json.Unmarshal(text, &got) != nil || got.Returned < 10 {
			t.Fatalf("%s: got %d devices and error %v", arguments, got.Returned, err)
		}
		t.Logf("%s: %d bytes a device: %s", arguments, len(text)/got.Returned, text[:300])
		if each := len(text) / got.Returned; each > most {
			t.Errorf("%s: got %d bytes a device, want at most %d", arguments, each, most)
		}
	}
}

// A name in a list is one by which other tools know the device.
func TestNamesOfAListAreNames(t *testing.T) {
	r := newRig(t, alike()...)
	got := r.list(`{"limit":500}`)
	for _, d := range got.Devices {
		name, _ := d["name"].(string)
		var info struct{ Device map[string]any }
		if r.answer("get_device_info", `{"device":`+quoted(t, name)+`}`, &info); info.Device["nodeId"] != d["nodeId"] {
			t.Errorf("%s: got %v, want %v", name, info.Device["nodeId"], d["nodeId"])
		}
	}
}
