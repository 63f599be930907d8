// SPDX-License-Identifier: MIT

package devices

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// alike is a tailnet of devices that are easily taken for one another.
func alike() []fakeapi.Device {
	return append(few(), []fakeapi.Device{
		// Three machines of one image: one hostname, three MagicDNS names.
		{NodeID: "nBuild1CNTRL", ID: "21", Hostname: "runner", Name: "ci.tailfe8c.ts.net", Addresses: []string{"100.64.0.21"}},
		{NodeID: "nBuild2CNTRL", ID: "22", Hostname: "runner", Name: "ci-1.tailfe8c.ts.net", Addresses: []string{"100.64.0.22"}},
		{NodeID: "nBuild3CNTRL", ID: "23", Hostname: "Runner", Name: "ci-2.tailfe8c.ts.net", Addresses: []string{"100.64.0.23"}},
		// Called like another's ID, address and MagicDNS name.
		{NodeID: "nImpostor1CNTRL", ID: "31", Hostname: "nWeb2CNTRL", Name: "impostor-1.tailfe8c.ts.net", Addresses: []string{"100.64.0.31"}},
		{NodeID: "nImpostor2CNTRL", ID: "32", Hostname: "12", Name: "impostor-2.tailfe8c.ts.net", Addresses: []string{"100.64.0.32"}},
		{NodeID: "nImpostor3CNTRL", ID: "33", Hostname: "100.64.0.12", Name: "impostor-3.tailfe8c.ts.net", Addresses: []string{"100.64.0.33"}},
		{NodeID: "nImpostor4CNTRL", ID: "34", Hostname: "web-2.tailfe8c.ts.net", Name: "impostor-4.tailfe8c.ts.net", Addresses: []string{"100.64.0.34"}},
		{NodeID: "nImpostor5CNTRL", ID: "35", Hostname: "ci", Name: "impostor-5.tailfe8c.ts.net", Addresses: []string{"100.64.0.35"}},
		// Called like nobody, in the form of an ID.
		{NodeID: "nOddCNTRL", ID: "41", Hostname: "nNobodyCNTRL", Name: "odd.tailfe8c.ts.net", Addresses: []string{"100.64.0.41"}},
		{NodeID: "nYearCNTRL", ID: "42", Hostname: "2026", Name: "year.tailfe8c.ts.net", Addresses: []string{"100.64.0.42"}},
		// Shared, under a name that nobody here has.
		{NodeID: "nNASCNTRL", ID: "51", Hostname: "diskstation", Name: "nas.tail9999.ts.net", IsExternal: true, Addresses: []string{"100.64.0.51"}},
		// From a tailnet of another kind of IDs.
		{NodeID: "node-61", ID: "61", Hostname: "other-ids", Addresses: []string{"100.64.0.61"}},
	}...)
}

func TestInfoByEveryName(t *testing.T) {
	r := newRig(t, alike()...)
	for _, c := range []struct {
		name, device, want string
		requests           int
	}{
		{"node ID", "nWeb1CNTRL", "nWeb1CNTRL", 1},
		{"node ID with space around", "  nWeb1CNTRL\n", "nWeb1CNTRL", 1},
		{"legacy ID", "11", "nWeb1CNTRL", 1},
		{"node ID of another form", "node-61", "node-61", 2},
		{"IPv4", "100.64.0.11", "nWeb1CNTRL", 2},
		{"IPv4 in IPv6", "::ffff:100.64.0.11", "nWeb1CNTRL", 2},
		{"IPv6", "fd7a:115c:a1e0::b", "nWeb1CNTRL", 2},
		{"IPv6 written otherwise", "FD7A:115C:A1E0:0:0:0:0:000B", "nWeb1CNTRL", 2},
		{"MagicDNS name", "web-1.tailfe8c.ts.net", "nWeb1CNTRL", 2},
		{"MagicDNS name as DNS writes it", "web-1.tailfe8c.ts.net.", "nWeb1CNTRL", 2},
		{"MagicDNS name in another case", "WEB-1.TailFE8C.ts.net", "nWeb1CNTRL", 2},
		{"MagicDNS name of another tailnet", "web-1.tail9999.ts.net", "nSharedCNTRL", 2},
		{"short name, which is ours before it is another tailnet's", "web-1", "nWeb1CNTRL", 2},
		{"short name in another case", "Web-2", "nWeb2CNTRL", 2},
		{"short name of another tailnet's", "nas", "nNASCNTRL", 2},
		{"hostname", "Alice’s MacBook", "nMacCNTRL", 2},
		{"hostname in another case", "aLICE’S macbook", "nMacCNTRL", 2},
		{"hostname of another tailnet's", "diskstation", "nNASCNTRL", 2},
		{"hostname in the form of a node ID", "nNobodyCNTRL", "nOddCNTRL", 3},
		{"hostname in the form of a legacy ID", "2026", "nYearCNTRL", 3},
		{"a node ID before a hostname", "nWeb2CNTRL", "nWeb2CNTRL", 1},
		{"a legacy ID before a hostname", "12", "nWeb2CNTRL", 1},
		{"an address before a hostname", "100.64.0.12", "nWeb2CNTRL", 2},
		{"a MagicDNS name before a hostname", "web-2.tailfe8c.ts.net", "nWeb2CNTRL", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := r.requests()
			var got struct{ Device map[string]any }
			r.answer("get_device_info", `{"device":`+quoted(t, c.device)+`}`, &got)
			if got.Device["nodeId"] != c.want {
				t.Errorf("%q: got %v, want %s", c.device, got.Device["nodeId"], c.want)
			}
			if n := r.requests() - before; n != c.requests {
				t.Errorf("%q: got %d requests, want %d", c.device, n, c.requests)
			}
		})
	}
	// Exactly these, or the one path of a tool is not the other's.
	text, _, err := r.read("tailscale://device/100.64.0.11")
	if err != nil || !strings.Contains(text, `"nodeId":"nWeb1CNTRL"`) {
		t.Errorf("got %s and error %v, want web-1", text, err)
	}
}

func TestInfoFields(t *testing.T) {
	r := newRig(t, few()...)
	for _, c := range []struct {
		name, fields string
		want         []string
	}{
		{"the usual ones", ``, []string{
			"addresses", "advertisedRoutes", "authorized", "blocksIncomingConnections", "clientVersion", "created", "distro", "enabledRoutes", "expires",
			"hostname", "id", "isEphemeral", "isExternal", "keyExpiryDisabled", "name", "nodeId", "online", "os", "sshEnabled", "tags", "tailnetLockError",
			"updateAvailable", "user",
		}},
		{"one", `,"fields":"machineKey"`, []string{"machineKey"}},
		{"documented and absent", `,"fields":["multipleConnections","name"]`, []string{"name"}},
		{"unknown to us", `,"fields":["someDay"]`, []string{"someDay"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got struct{ Device map[string]any }
			r.answer("get_device_info", `{"device":"nWeb1CNTRL"`+c.fields+`}`, &got)
			if diff := cmp.Diff(c.want, slices.Sorted(maps.Keys(got.Device))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	var got struct{ Device map[string]any }
	r.answer("get_device_info", `{"device":"web-1","fields":["all"]}`, &got)
	if len(got.Device) != 28 || got.Device["someDay"] == nil || got.Device["online"] != true {
		t.Errorf("got %d fields %v, want every one", len(got.Device), got.Device)
	}
	_, err := r.call("get_device_info", `{"device":"web-1","fields":["name","lastseen"]}`)
	if e := told(t, err, tool.CodeInvalidArgument, "someDay"); !strings.Contains(e.Next, "lastSeen") {
		t.Errorf("got %v, want lastSeen named", e)
	}
}

func TestInfoAmbiguous(t *testing.T) {
	r := newRig(t, alike()...)
	_, err := r.call("get_device_info", `{"device":"RUNNER"}`)
	e := told(t, err, tool.CodeInvalidArgument, "nBuild1CNTRL (ci.tailfe8c.ts.net, hostname runner), nBuild2CNTRL (ci-1.tailfe8c.ts.net, hostname runner), nBuild3CNTRL (ci-2.tailfe8c.ts.net, hostname Runner)")
	if !strings.Contains(e.Message, `3 devices are called "RUNNER"`) {
		t.Errorf("got %q, want how many there are", e.Message)
	}

	// Two that share one hostname, one of them under another tailnet's short name.
	r.fake.SetDevices([]fakeapi.Device{
		{NodeID: "nA", Hostname: "box", Name: "box-7.tailfe8c.ts.net"},
		{NodeID: "nB", Hostname: "other", Name: "box.tail9999.ts.net", IsExternal: true},
	})
	// The own one is meant, as with two machine names.
	var got struct{ Device map[string]any }
	if r.answer("get_device_info", `{"device":"box"}`, &got); got.Device["nodeId"] != "nA" {
		t.Errorf("got %v, want the device of this tailnet", got.Device["nodeId"])
	}

	// Many, with names that are no names.
	var many []fakeapi.Device
	for range 300 {
		many = append(many, fakeapi.Device{Hostname: "same", Name: strings.Repeat("x\x1b\u202e", 100)})
	}
	r.fake.SetDevices(many)
	_, err = r.call("get_device_info", `{"device":"same"}`)
	e = told(t, err, tool.CodeInvalidArgument, "and 290 more")
	if strings.ContainsRune(e.Next, '\u202e') {
		t.Errorf("got a control character in %q", e.Next)
	}
}

func TestInfoNotFound(t *testing.T) {
	r := newRig(t, alike()...)
	for _, device := range []string{
		"wbe", "nNoneCNTRL", "999999", "100.64.9.9", "fd7a::1", "web-1.example.com", "web", "web-", "-1", "web-1 web-2", "*", "tag:web", "alice@example.com",
		"100.64.0.0/10", "100.64.0.11:22", "fe80::1%eth0", "nWeb1", "web1CNTRL", "11CNTRL", "nweb1cntrl", "http://web-1", "web-1.tailfe8c.ts.net..", "null", "undefined",
	} {
		_, err := r.call("get_device_info", `{"device":`+quoted(t, device)+`}`)
		told(t, err, string(failure.NotFound), "")
		_, err = r.call("set_device_name", `{"name":"x","device":`+quoted(t, device)+`}`)
		told(t, err, string(failure.NotFound), "")
	}
	if n := r.fake.Count("setDeviceName"); n != 0 {
		t.Errorf("got %d renamings, want none", n)
	}
}

// tricky are names that mean something to whoever builds, cleans or logs paths.
var tricky = []string{
	".", "..", "...", "/", "//", "a/b", "../x", "../../device/nWeb1CNTRL", "nWeb1CNTRL/..", "nWeb1CNTRL/name", "%2e%2e", "%2e", "%2f", "%252e%252e", "..%2f",
	"nWeb1CNTRL?fields=all", "nWeb1CNTRL#", "nWeb1CNTRL;x", `..\`, `\`, "nWeb1CNTRL\x00", "n\x00CNTRL", "n..CNTRL", "n/../CNTRL", "n%2fCNTRL", "\x00", "\x1b[31mred", "a\r\nHost: b",
	"\u202e", "\ufeff", "nＡCNTRL", "n²CNTRL", "１２", "-", "nWeb1CNTRL nWeb1CNTRL", "{id}", "*", "'", `"`, "<b>", "$(reboot)",
	strings.Repeat("9", 65), strings.Repeat("9", 255), "n" + strings.Repeat("a", 100) + "CNTRL",
}

func TestTrickyNames(t *testing.T) {
	r := newRig(t, few()...)
	for _, device := range append(tricky, "", " ", ". ", strings.Repeat("x", 256), strings.Repeat("x", 1<<20), strings.Repeat("../", 10_000), "n"+strings.Repeat("9", 10_000)+"CNTRL") {
		for name, arguments := range map[string]string{"get_device_info": `{"device":%}`, "set_device_name": `{"device":%,"name":"renamed"}`} {
			_, err := r.call(name, strings.Replace(arguments, "%", quoted(t, device), 1))
			if e := told(t, err, codeOf(err), ""); e.Code != failure.NotFound && e.Code != tool.CodeInvalidArgument {
				t.Errorf("%s %.40q: got %v, want a refusal", name, device, e)
			}
		}
	}
	for _, q := range r.fake.Requests() {
		if q.Operation != "listTailnetDevices" || q.Path != "/api/v2/tailnet/-/devices" {
			t.Errorf("got the request %s %.100s, want none that a name becomes part of", q.Method, q.Path)
		}
	}
}

// codeOf is the code of err, whatever it is.
func codeOf(err error) string {
	if e, ok := err.(*tool.Error); ok { //nolint:errorlint // the dispatcher returns nothing else
		return string(e.Code)
	}
	return ""
}

// What another tailnet shares may have no name; a name that says nothing is not
// its name.
func TestNothingNamesTheNameless(t *testing.T) {
	r := newRig(t)
	r.fake.Fail("listTailnetDevices", fakeapi.Body(200, "application/json", `{"devices":[{"nodeId":"nACNTRL","name":"","hostname":"","isExternal":true}]}`))
	for _, device := range []string{"", ".", "..", " . ", "\t"} {
		_, err := r.call("get_device_info", `{"device":`+quoted(t, device)+`}`)
		told(t, err, tool.CodeInvalidArgument, "name a device by")
	}
	_, err := r.call("get_device_info", `{"device":"`+strings.Repeat("x", 256)+`"}`)
	told(t, err, tool.CodeInvalidArgument, "name a device by")
	if n := r.requests(); n != 0 {
		t.Errorf("got %d requests, want none", n)
	}
}

// An API that answers with another device than was asked for is not believed.
func TestInfoOfAnother(t *testing.T) {
	r := newRig(t, few()...)
	r.fake.Fail("getDevice", fakeapi.Body(200, "application/json", `{"nodeId":"nOther","id":"99","name":"other"}`).Times(1))
	var got struct{ Device map[string]any }
	r.answer("get_device_info", `{"device":"nWeb1CNTRL"}`, &got)
	if got.Device["nodeId"] != "nWeb1CNTRL" {
		t.Errorf("got %v, want the device that was asked for", got.Device["nodeId"])
	}
}

// Whoever is not found is told whom it may have meant.
func TestInfoNearlyFound(t *testing.T) {
	r := newRig(t, few()...)
	for device, want := range map[string]string{
		"web":                  "if it is meant: nSharedCNTRL (web-1.tail9999.ts.net), nWeb1CNTRL (web-1.tailfe8c.ts.net), nWeb2CNTRL (web-2.tailfe8c.ts.net)",
		"WEB-2.other.ts.net":   "if it is meant: nWeb2CNTRL (web-2.tailfe8c.ts.net); otherwise find",
		"macbook":              "if it is meant: nMacCNTRL (alices-macbook.tailfe8c.ts.net, hostname Alice’s MacBook); otherwise find",
		"nothing of that name": "Next step: find its name",
		"100.64.9.9":           "Next step: find its name",
		".x":                   "Next step: find its name",
	} {
		_, err := r.call("get_device_info", `{"device":`+quoted(t, device)+`}`)
		if told(t, err, string(failure.NotFound), "list_all_devices"); !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", device, err, want)
		}
	}
	// A grant of one resource is not one to know of others.
	for _, uri := range []string{"tailscale://device/web", "tailscale://device-routes/web"} {
		_, _, err := r.readBy(by(t, "bob@example.com", `{"resources":["`+uri+`"]}`), uri)
		if told(t, err, string(failure.NotFound), "list_all_devices"); strings.Contains(err.Error(), "web-1") {
			t.Errorf("%s: got %v, want no other device named", uri, err)
		}
	}
	var many []fakeapi.Device
	for range 300 {
		many = append(many, fakeapi.Device{Hostname: "same-1", Name: strings.Repeat("x\x1b\u202e", 100)})
	}
	r.fake.SetDevices(many)
	_, err := r.call("get_device_info", `{"device":"same"}`)
	if e := told(t, err, string(failure.NotFound), ""); strings.Count(e.Next, "(") != 5 || strings.ContainsRune(e.Next, '\u202e') {
		t.Errorf("got %q, want five and nothing that a terminal acts on", e.Next)
	}
}
