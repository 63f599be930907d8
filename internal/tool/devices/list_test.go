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
	"tailscale-mcp/internal/tool/devices/view"
)

// few is a tailnet with a device of every kind.
func few() []fakeapi.Device {
	return []fakeapi.Device{
		{
			NodeID: "nWeb1CNTRL", ID: "11", Hostname: "web-1", OS: "linux", User: "alice@example.com", Tags: []string{"tag:web", "tag:prod"},
			Addresses: []string{"100.64.0.11", "fd7a:115c:a1e0::b"}, ConnectedToControl: true, Authorized: true, ClientVersion: "1.102.5",
			Details: &fakeapi.Details{EnabledRoutes: []string{"10.1.0.0/24"}, SSHEnabled: true, Distro: &fakeapi.Distro{Name: "debian"}},
			Extra:   map[string]any{"someDay": map[string]any{"x": 1}},
		},
		{
			NodeID: "nWeb2CNTRL", ID: "12", Hostname: "web-2", OS: "linux", User: "bob@example.com", Tags: []string{"tag:web"},
			Addresses: []string{"100.64.0.12"}, LastSeen: "2026-09-01T00:00:00Z", UpdateAvailable: true,
		},
		{
			NodeID: "nMacCNTRL", ID: "13", Hostname: "Alice’s MacBook", Name: "alices-macbook.tailfe8c.ts.net", OS: "macOS", User: "alice@example.com",
			Addresses: []string{"100.64.0.13"}, ConnectedToControl: true,
		},
		{
			NodeID: "nPhoneCNTRL", ID: "14", Hostname: "phone", OS: "iOS", User: "Bob@GitHub",
			Addresses: []string{"100.64.0.14"}, LastSeen: "2026-09-02T00:00:00Z",
		},
		{
			NodeID: "nSharedCNTRL", ID: "15", Hostname: "web-1", Name: "web-1.tail9999.ts.net", OS: "linux", User: "carol@example.org",
			Addresses: []string{"100.64.0.15"}, IsExternal: true, ConnectedToControl: true,
		},
	}
}

func TestListDefault(t *testing.T) {
	r := newRig(t, few()...)
	text, err := r.call("list_all_devices", ``)
	if err != nil {
		t.Fatal(err)
	}
	r.fits("list_all_devices", text)
	want := `{"devices":[` +
		`{"address":"100.64.0.13","name":"alices-macbook","nodeId":"nMacCNTRL","online":true,"os":"macOS","user":"alice@example.com"},` +
		`{"address":"100.64.0.14","lastSeen":"2026-09-02T00:00:00Z","name":"phone","nodeId":"nPhoneCNTRL","os":"iOS","user":"Bob@GitHub"},` +
		`{"address":"100.64.0.15","isExternal":true,"name":"web-1.tail9999.ts.net","nodeId":"nSharedCNTRL","online":true,"os":"linux","user":"carol@example.org"},` +
		`{"address":"100.64.0.11","name":"web-1","nodeId":"nWeb1CNTRL","online":true,"os":"linux","tags":["tag:web","tag:prod"]},` +
		`{"address":"100.64.0.12","lastSeen":"2026-09-01T00:00:00Z","name":"web-2","nodeId":"nWeb2CNTRL","os":"linux","tags":["tag:web"]}` +
		`],"domain":"tailfe8c.ts.net","total":5,"returned":5}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := r.requests(); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
	if q := r.fake.Requests()[0].Query; len(q) != 0 {
		t.Errorf("got query %v, want the API's default", q)
	}
}

func TestListFields(t *testing.T) {
	r := newRig(t, few()...)
	for _, c := range []struct {
		name, fields string
		want         []string // the names that web-1 is shown with
		all          bool     // the API has to send them all
	}{
		{"one", `["hostname"]`, []string{"hostname"}, false},
		{"one that is not in a list", `"hostname"`, []string{"hostname"}, false},
		{"ours", `["online"]`, []string{"online"}, false},
		{"several, one of them twice", `["os","nodeId","os"]`, []string{"nodeId", "os"}, false},
		{"absent while online", `["name","lastSeen"]`, []string{"name"}, false},
		{"documented, and sent only when all are", `["enabledRoutes","multipleConnections"]`, []string{"enabledRoutes"}, true},
		{"unknown to us", `["nodeId","someDay"]`, []string{"nodeId", "someDay"}, true},
		{"none are the usual ones", `[]`, []string{"address", "name", "nodeId", "online", "os", "tags"}, false},
		{"all", `["all"]`, []string{
			"addresses", "advertisedRoutes", "authorized", "blocksIncomingConnections", "clientVersion", "connectedToControl", "created", "distro",
			"enabledRoutes", "expires", "hostname", "id", "isEphemeral", "isExternal", "keyExpiryDisabled", "machineKey", "name", "nodeId", "nodeKey",
			"online", "os", "someDay", "sshEnabled", "tags", "tailnetLockError", "tailnetLockKey", "updateAvailable", "user",
		}, true},
		{"all and another", `["os","all"]`, []string{
			"addresses", "advertisedRoutes", "authorized", "blocksIncomingConnections", "clientVersion", "connectedToControl", "created", "distro",
			"enabledRoutes", "expires", "hostname", "id", "isEphemeral", "isExternal", "keyExpiryDisabled", "machineKey", "name", "nodeId", "nodeKey",
			"online", "os", "someDay", "sshEnabled", "tags", "tailnetLockError", "tailnetLockKey", "updateAvailable", "user",
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := r.requests()
			got := r.list(`{"tags":["prod"],"fields":` + c.fields + `}`)
			if len(got.Devices) != 1 {
				t.Fatalf("got %d devices, want web-1", len(got.Devices))
			}
			if diff := cmp.Diff(c.want, slices.Sorted(maps.Keys(got.Devices[0]))); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			if q := r.fake.Requests()[before].Query; q.Has("fields") != c.all {
				t.Errorf("got query %v, want all fields: %t", q, c.all)
			}
		})
	}
}

func TestListFieldValues(t *testing.T) {
	r := newRig(t, few()...)
	got := r.list(`{"name":"web-1","tags":["web"],"fields":["someDay","distro","sshEnabled","enabledRoutes"]}`)
	want := []map[string]any{{
		"someDay": map[string]any{"x": 1.0}, "distro": map[string]any{"name": "debian", "version": "", "codeName": ""},
		"sshEnabled": true, "enabledRoutes": []any{"10.1.0.0/24"},
	}}
	if diff := cmp.Diff(want, got.Devices); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListUnknownField(t *testing.T) {
	r := newRig(t, few()...)
	for _, fields := range []string{`["lastseen"]`, `["name","hostName"]`, `[""]`, `["all","nothing"]`, `["someDay","someday"]`, `["\u0007\u001b[31m"]`} {
		_, err := r.call("list_all_devices", `{"fields":`+fields+`}`)
		e := told(t, err, tool.CodeInvalidArgument, "the fields are: all, ")
		for _, known := range []string{"lastSeen", "clientConnectivity", "online", "someDay"} {
			if !strings.Contains(e.Next, known) {
				t.Errorf("%s: the next step does not name %s: %s", fields, known, e.Next)
			}
		}
	}
}

// How often a field is named costs nothing: here 500 devices would be looked
// through 5 million times.
func TestListFieldOverAndOver(t *testing.T) {
	if diff := cmp.Diff([]string{"os", "user"}, view.Distinct([]string{"user", "os", "user", "user"})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r := newRig(t)
	r.fake.AddDevices(500)
	got := r.list(`{"limit":500,"fields":[` + strings.TrimSuffix(strings.Repeat(`"user",`, 10_000), ",") + `]}`)
	if len(got.Devices) != 500 || len(got.Devices[0]) != 1 {
		t.Errorf("got %d devices of %v, want 500 of one field", len(got.Devices), got.Devices[0])
	}
}

// A field that only one device has is a field, whichever page is asked for.
func TestListFieldOfOneDevice(t *testing.T) {
	r := newRig(t)
	r.fake.AddDevices(30)
	devices := r.fake.Devices()
	devices[17].Extra = map[string]any{"someDay": true}
	r.fake.SetDevices(devices)
	cursor, have, seen := "", 0, 0
	for {
		got := r.list(`{"fields":["someDay"],"limit":7,"cursor":"` + cursor + `"}`)
		for _, device := range got.Devices {
			have += len(device)
			seen++
		}
		if cursor = got.NextCursor; cursor == "" {
			break
		}
	}
	if have != 1 || seen != 30 {
		t.Errorf("got %d devices of %d with the field, want 1 of 30", have, seen)
	}
	if got := r.list(`{"name":"nobody","fields":["someDay"]}`); len(got.Devices) != 0 {
		t.Errorf("got %v, want none", got.Devices)
	}
}

func TestListFilters(t *testing.T) {
	r := newRig(t, few()...)
	const web1, web2, mac, phone, shared = "nWeb1CNTRL", "nWeb2CNTRL", "nMacCNTRL", "nPhoneCNTRL", "nSharedCNTRL"
	for _, c := range []struct {
		name, arguments string
		want            []string
		requests        int
	}{
		{"name", `{"name":"web"}`, []string{shared, web1, web2}, 1},
		{"name in another case", `{"name":"WEB-2"}`, []string{web2}, 1},
		{"name by hostname", `{"name":"alice’s mac"}`, []string{mac}, 1},
		{"name by its domain", `{"name":"web-1.tailfe8c"}`, []string{web1}, 1},
		{"name as DNS writes it", `{"name":"web-1.tailfe8c.ts.net."}`, []string{web1}, 1},
		{"name with space around", `{"name":" phone "}`, []string{phone}, 1},
		{"nobody's name", `{"name":"wbe"}`, nil, 1},
		{"os", `{"os":"linux"}`, []string{shared, web1, web2}, 1},
		{"os in another case", `{"os":"macos"}`, []string{mac}, 2},
		{"user", `{"user":"alice@example.com"}`, []string{mac, web1}, 1},
		{"owner", `{"owner":"alice@example.com"}`, []string{mac, web1}, 1},
		{"user in another case", `{"user":"bob@github"}`, []string{phone}, 2},
		{"part of one owner", `{"owner":"alice"}`, []string{mac, web1}, 1},
		{"another part of one owner", `{"owner":"CAROL@"}`, []string{shared}, 2},
		{"owner that is a tag", `{"owner":"tag:prod"}`, []string{web1}, 1},
		{"things that are, and not together", `{"os":"iOS","tags":["web"]}`, nil, 2},
		{"in another case, and not together", `{"name":"web","os":"LINUX","online":true,"user":"bob@example.com"}`, nil, 2},
		{"tag", `{"tags":["tag:web"]}`, []string{web1, web2}, 1},
		{"tag without its prefix", `{"tags":["web"]}`, []string{web1, web2}, 1},
		{"tag that is not in a list", `{"tags":"prod"}`, []string{web1}, 1},
		{"tag in another case", `{"tags":["TAG:Web","prod"]}`, []string{web1}, 2},
		{"all of the tags", `{"tags":["web","tag:prod"]}`, []string{web1}, 1},
		{"a tag twice", `{"tags":["web","tag:web"]}`, []string{web1, web2}, 1},
		{"online", `{"online":true}`, []string{mac, shared, web1}, 1},
		{"offline", `{"online":false}`, []string{phone, web2}, 1},
		{"online as text", `{"online":"False"}`, []string{phone, web2}, 1},
		{"everything at once", `{"name":"web","os":"linux","user":"bob@example.com","tags":["web"],"online":false}`, []string{web2}, 1},
		{"everything at once, and nobody", `{"name":"web","os":"linux","user":"bob@example.com","tags":["web"],"online":true}`, nil, 1},
		{"nothing given", `{"name":"","os":" ","user":"","tags":[""," "],"online":null}`, []string{mac, phone, shared, web1, web2}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := r.requests()
			got := r.list(c.arguments)
			if diff := cmp.Diff(c.want, got.ids()); diff != "" && len(c.want)+len(got.Devices) > 0 {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Total != len(c.want) {
				t.Errorf("got total %d, want %d", got.Total, len(c.want))
			}
			if n := r.requests() - before; n != c.requests {
				t.Errorf("got %d requests, want %d", n, c.requests)
			}
		})
	}
}

func TestListFiltersRefused(t *testing.T) {
	r := newRig(t, few()...)
	var many []string
	for i := range 60 {
		many = append(many, "t"+strings.Repeat("x", i))
	}
	tags, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	for name, arguments := range map[string]string{
		"unknown filter":    `{"hostname":"web"}`,
		"an empty tag":      `{"tags":["tag:"]}`,
		"endless os":        `{"os":"` + strings.Repeat("x", 100_000) + `"}`,
		"endless user":      `{"user":"` + strings.Repeat("%", 5000) + `"}`,
		"endless tag":       `{"tags":["` + strings.Repeat("x", 100_000) + `"]}`,
		"too many tags":     `{"tags":` + string(tags) + `}`,
		"no boolean":        `{"online":"maybe"}`,
		"no list of fields": `{"fields":{"name":true}}`,
		"no page":           `{"limit":0}`,
		"too large a page":  `{"limit":501}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.call("list_all_devices", arguments)
			told(t, err, tool.CodeInvalidArgument, "")
		})
	}
	if got := r.requests(); got != 0 {
		t.Errorf("got %d requests, want none", got)
	}
}

// Whatever a filter holds arrives as its value and as nothing else.
func TestListFilterIsNoQuery(t *testing.T) {
	r := newRig(t, few()...)
	for _, text := range []string{"a&os=linux", "a=b", "%2e%2e", "../..", "#", "\x00\x1b\r\n", "ü ", "?fields=all"} {
		before := r.requests()
		text = strings.TrimSpace(text) + "@"
		_, err := r.call("list_all_devices", `{"owner":`+quoted(t, text)+`}`)
		told(t, err, string(failure.NotFound), "alice@example.com")
		if diff := cmp.Diff(map[string][]string{"user": {strings.TrimSpace(text)}}, map[string][]string(r.fake.Requests()[before].Query)); diff != "" {
			t.Errorf("query (-want +got):\n%s", diff)
		}
	}
}

func TestListEmpty(t *testing.T) {
	r := newRig(t)
	for _, arguments := range []string{``, `{"os":"linux"}`, `{"fields":["all"]}`, `{"online":true}`} {
		text, err := r.call("list_all_devices", arguments)
		if want := `{"devices":[],"total":0,"returned":0,"of":0}`; err != nil || string(text) != want {
			t.Errorf("%s: got %s and error %v, want %s", arguments, text, err, want)
		}
	}
	// One request for each, and a second one where filters fitted nothing.
	if n := r.requests(); n != 5 {
		t.Errorf("got %d requests, want 5", n)
	}
	text, _, err := r.read("tailscale://devices")
	if want := `{"devices":[],"total":0,"returned":0}`; err != nil || text != want {
		t.Errorf("got %s and error %v, want %s", text, err, want)
	}
	// Null is how an API written in Go says "none".
	for _, body := range []string{`{"devices":null}`, `{"devices": [ ] }`} {
		r.fake.ClearFaults()
		r.fake.Fail("listTailnetDevices", fakeapi.Body(200, "application/json", body))
		if got := r.list(``); got.Devices == nil || got.Total != 0 {
			t.Errorf("%s: got %+v, want an empty list", body, got)
		}
	}
}

// What another tailnet shares comes with empty strings, and with less.
func TestListExternal(t *testing.T) {
	r := newRig(t)
	r.fake.Fail("listTailnetDevices", fakeapi.Body(200, "application/json", `{"devices":[
		{"nodeId":"nA","name":"","hostname":"","os":"","user":"","created":"","clientVersion":"","isExternal":true,"tags":null,"addresses":null},
		{"id":"7","isExternal":true,"lastSeen":null}]}`))
	text, err := r.call("list_all_devices", `{}`)
	want := `{"devices":[{"isExternal":true,"online":true},` +
		`{"isExternal":true,"nodeId":"nA","online":true}],"total":2,"returned":2}`
	if err != nil || string(text) != want {
		t.Errorf("got %s and error %v, want %s", text, err, want)
	}
	r.fits("list_all_devices", text)
	if got := r.list(`{"name":"a","os":"linux"}`); len(got.Devices) != 0 {
		t.Errorf("got %v, want none with that name", got.Devices)
	}
}

// Online is what the API says, else what lastSeen means.
func TestListOnline(t *testing.T) {
	r := newRig(t)
	r.fake.Fail("listTailnetDevices", fakeapi.Body(200, "application/json", `{"devices":[
		{"nodeId":"n1"},
		{"nodeId":"n2","lastSeen":"2026-01-01T00:00:00Z"},
		{"nodeId":"n3","connectedToControl":true,"lastSeen":"2026-01-01T00:00:00Z"},
		{"nodeId":"n4","connectedToControl":false},
		{"nodeId":"n5","lastSeen":""},
		{"nodeId":"n6","online":"their own field of that name"}]}`))
	for filter, want := range map[string][]string{"true": {"n1", "n3", "n5", "n6"}, "false": {"n2", "n4"}} {
		got := r.list(`{"online":` + filter + `,"fields":["nodeId","online"]}`)
		if diff := cmp.Diff(want, got.ids()); diff != "" {
			t.Errorf("online %s (-want +got):\n%s", filter, diff)
		}
		for _, device := range got.Devices {
			if device["online"] != (filter == "true") {
				t.Errorf("got %v, want online %s", device, filter)
			}
		}
	}
}
