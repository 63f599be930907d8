// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// became is the answer of a change of several devices.
type became struct {
	Done    int
	Devices []struct {
		Device, NodeID, Outcome, Code, Message, Next string
		Previous, Now                                map[string]json.RawMessage
	}
	Next, Note string
}

// outcomes are those of the devices, in their order.
func (b became) outcomes() string {
	var all []string
	for _, d := range b.Devices {
		all = append(all, d.Device+":"+d.Outcome)
	}
	return strings.Join(all, " ")
}

func (r *rig) batch(name, arguments string) became {
	r.Helper()
	text, err := r.changed(name, arguments)
	var b became
	if err != nil || json.Unmarshal([]byte(text), &b) != nil {
		r.Fatalf("%s %s: got %s and error %v", name, arguments, text, err)
	}
	return b
}

// Each of these changes is made of several devices with one question, which says of each
// what is at stake, and one code.
func TestBatches(t *testing.T) {
	for name, c := range map[string]struct {
		op, rest string
		prepare  func(*fakeapi.Device)
		said     []string
		changed  func(fakeapi.Device) bool
	}{
		"set_device_tags": {"setDeviceTags", `,"tags":["db"]`, nil,
			[]string{`replaces the tags of 3 devices by ["tag:db"]`, "\n- web-1 loses [\"tag:web\" \"tag:prod\"]; is tagged tag:web tag:prod, is online now, routes to 10.1.0.0/24", "\n- phone is no longer owned by Bob@GitHub; belongs to Bob@GitHub, was last seen at 2026-09-02T00:00:00Z"},
			func(d fakeapi.Device) bool { return slices.Equal(d.Tags, []string{"tag:db"}) }},
		"delete_device": {"deleteDevice", ``, nil,
			[]string{"removes 3 devices from the tailnet for good", "\n- web-2 is tagged tag:web, was last seen at 2026-09-01T00:00:00Z", "\n- phone belongs to Bob@GitHub"},
			func(d fakeapi.Device) bool { return d.NodeID == "" }},
		"authorize_device": {"authorizeDevice", ``, func(d *fakeapi.Device) { d.Authorized = false },
			[]string{"lets 3 devices into the tailnet", "\n- web-1 was registered by alice@example.com; is tagged"},
			func(d fakeapi.Device) bool { return d.Authorized }},
		"set_device_key_expiry": {"updateDeviceKey", `,"expires":true`, func(d *fakeapi.Device) { d.KeyExpiryDisabled, d.Expires = true, "2020-01-01T00:00:00Z" },
			[]string{"lets the key of 3 devices expire", "\n- web-2 expires at 2020-01-01T00:00:00Z, which is past: the device is cut off at once"},
			func(d fakeapi.Device) bool { return !d.KeyExpiryDisabled }},
		"expire_device_key": {"expireDeviceKey", ``, func(d *fakeapi.Device) { d.KeyExpiryDisabled = true },
			[]string{"cuts 3 devices off until somebody authenticates there again", "\n- phone belongs to Bob@GitHub, was last seen"},
			func(d fakeapi.Device) bool { return !d.KeyExpiryDisabled && d.NodeID != "" && !d.ConnectedToControl }},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, few()...)
			all := r.fake.Devices()
			for i := range all {
				if c.prepare != nil {
					c.prepare(&all[i])
				}
			}
			r.fake.SetDevices(all)
			const three = `{"devices":["web-1","nWeb2CNTRL","100.64.0.14"]`
			_, err := r.changed(name, three+c.rest+`}`)
			e := told(t, err, tool.CodeConfirmationRequired, "confirm set to")
			for _, said := range c.said {
				if !strings.Contains(e.Message, said) {
					t.Errorf("got %s, want %q in it", e.Message, said)
				}
			}
			if n := r.fake.Count(c.op); n != 0 {
				t.Fatalf("%d changes were sent before anybody wanted them", n)
			}
			before := r.requests()
			got := r.batch(name, three+c.rest+`,"confirm":"CODE"}`)
			if got.Done != 3 || got.outcomes() != "web-1:done web-2:done phone:done" || got.Next+got.Note != "" {
				t.Errorf("got %+v", got)
			}
			// The call without a code and the one with it read once each; then three
			// changes, and one more reading of what is there.
			if n := r.requests() - before; n > 8 {
				t.Errorf("got %d requests", n)
			}
			now := map[string]fakeapi.Device{}
			for _, d := range r.fake.Devices() {
				now[d.NodeID] = d
			}
			for _, d := range got.Devices {
				if !c.changed(now[d.NodeID]) || len(d.Previous) == 0 || (len(d.Now) == 0) != (name == "delete_device") {
					t.Errorf("%s: got %v -> %v, and it is %+v", d.Device, d.Previous, d.Now, now[d.NodeID])
				}
			}
			if c.changed(now["nMacCNTRL"]) && name != "expire_device_key" {
				t.Errorf("a device that nobody named is %+v", now["nMacCNTRL"])
			}
			// The audit names each of them, before and after.
			for _, event := range []audit.Event{audit.Confirmation, audit.Outcome} {
				records := slices.DeleteFunc(r.log.Records(), func(a audit.Record) bool { return a.Event != event })
				if last := records[len(records)-1]; last.Target != "web-1,web-2,phone" {
					t.Errorf("the record %s names %q", event, last.Target)
				}
			}
			// Said again, nothing is done again.
			sent := r.fake.Count(c.op)
			if name == "delete_device" {
				_, err := r.changed(name, three+`,"confirm":"CODE"}`)
				told(t, err, string(failure.NotFound), "list_all_devices")
			} else if again := r.batch(name, three+c.rest+`}`); again.Done != 0 || again.outcomes() != "web-1:already web-2:already phone:already" || again.Note == "" {
				t.Errorf("said again: got %+v", again)
			}
			if n := r.fake.Count(c.op); n != sent {
				t.Errorf("said again: %d more were sent", n-sent)
			}
		})
	}
}

// What fails of one device is told of that one; the others are changed, and a second call
// with the same arguments leaves those alone.
func TestBatchInPart(t *testing.T) {
	r := newRig(t, few()...)
	const call = `{"devices":["web-1","web-2","phone"],"tags":["db"],"confirm":"CODE"}`
	r.fake.Fail("setDeviceTags", fakeapi.Status(409).Times(1))
	got := r.batch("set_device_tags", call)
	if got.Done != 2 || got.outcomes() != "web-1:failed web-2:done phone:done" || got.Devices[0].Code != string(failure.Conflict) || got.Devices[0].Next == "" ||
		!strings.Contains(got.Next, `call again with devices ["web-1"]`) || len(got.Devices[0].Now) != 0 {
		t.Errorf("got %+v", got)
	}
	records := r.log.Of("set_device_tags")
	if last := records[len(records)-1]; last.Event != audit.Outcome || last.Target != "web-2,phone" {
		t.Errorf("got %s of %q on record, want those that were changed", last.Event, last.Target)
	}
	_, err := r.changed("set_device_tags", strings.Replace(call, `,"confirm":"CODE"`, "", 1))
	if e := told(t, err, tool.CodeConfirmationRequired, ""); !strings.Contains(e.Message, "the device web-1 by") || strings.Contains(e.Message, "web-2") {
		t.Errorf("got %s, want the question about the one that is left", e.Message)
	}
	again := r.batch("set_device_tags", call)
	if again.outcomes() != "web-1:done web-2:already phone:already" || r.fake.Count("setDeviceTags") != 4 {
		t.Errorf("got %+v after %d changes", again, r.fake.Count("setDeviceTags"))
	}
}

// Where the API asks for fewer requests, or fails, no more are sent, and what was not
// begun is named.
func TestBatchStops(t *testing.T) {
	for name, c := range map[string]struct {
		fault   fakeapi.Fault
		code    failure.Code
		outcome string
	}{
		"too often":   {fakeapi.Status(429), failure.RateLimited, "failed"},
		"refused":     {fakeapi.Status(403), failure.PermissionDenied, "failed"},
		"not certain": {fakeapi.Status(500), failure.UpstreamUnavailable, "uncertain"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, few()...)
			held, release := fakeapi.Hold()
			first := r.fake.Fail("deleteDevice", held.Times(1))
			done := make(chan became)
			go func() {
				text, err := r.callBy(by(r, "alice@example.com", mayChange), "delete_device", `{"devices":["web-1","web-2","phone"],"confirm":"CODE"}`)
				var b became
				if err != nil || json.Unmarshal(text, &b) != nil {
					t.Errorf("got %s and error %v", text, err)
				}
				done <- b
			}()
			<-first.Reached()
			r.fake.Fail("deleteDevice", c.fault)
			release()
			got := <-done
			if want := "web-1:done web-2:" + c.outcome + " phone:not_begun"; got.outcomes() != want || got.Devices[1].Code != string(c.code) || !strings.Contains(got.Next, `"phone"`) {
				t.Errorf("got %+v, want %s", got, want)
			}
			if n := r.fake.Count("deleteDevice"); n != 2 {
				t.Errorf("%d removals were sent, want 2", n)
			}
		})
	}
	// Where nothing was done, the call itself fails.
	r := newRig(t, few()...)
	r.fake.Fail("deleteDevice", fakeapi.Status(403))
	_, err := r.changed("delete_device", `{"devices":["web-1","web-2"],"confirm":"CODE"}`)
	told(t, err, string(failure.PermissionDenied), "")
	if n := r.fake.Count("deleteDevice"); n != 1 {
		t.Errorf("%d removals were sent, want 1", n)
	}
}

// Fifty devices are changed within the share of one caller: the call waits for it.
func TestBatchOfFifty(t *testing.T) {
	r := newRig(t)
	o := tsapi.Options{RetryBudget: -1}
	r.fake.AddDevices(50)
	devices := r.fake.Devices()
	for i := range devices {
		devices[i].KeyExpiryDisabled = false
	}
	r.fake.SetDevices(devices)
	api := newAPI(t, r.fake, o, 147) // 49 at once, and then half as many in ten seconds
	r.dispatcher = r.dispatch(Tools(api, unknownHost), "read", "write", "destructive", "escalating")
	names := nodeIDs(r.fake.Devices())
	text, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	got := r.batch("set_device_key_expiry", `{"devices":`+string(text)+`,"expires":false,"confirm":"CODE"}`)
	if got.Done != 50 || r.fake.Count("updateDeviceKey") != 50 {
		t.Errorf("got %d done after %d changes: %s", got.Done, r.fake.Count("updateDeviceKey"), got.Next)
	}
	records := r.log.Records()
	if target := records[len(records)-1].Target; strings.Count(target, ",") != got.Done-1 {
		t.Errorf("the audit names %q", target)
	}
	_, err = r.changed("set_device_key_expiry", fmt.Sprintf(`{"devices":["x",%s,"expires":false}`, string(text)[1:]))
	told(t, err, tool.CodeInvalidArgument, "1 to 50 in one call")
}

// Nothing is asked or done when one device of several is not to be had.
func TestBatchIsWholeOrNothing(t *testing.T) {
	r := newRig(t, alike()...)
	for arguments, c := range map[string]struct{ code, next string }{
		`{"devices":["web-1","nobody","nothing"]}`: {string(failure.NotFound), `these are there: "web-1"`},
		`{"devices":["web-1","runner"]}`:           {tool.CodeInvalidArgument, "nBuild1CNTRL"},
		`{"devices":["web-1","nWeb1CNTRL"]}`:       {tool.CodeInvalidArgument, "give each device once"},
		`{"devices":["web-1","nSharedCNTRL"]}`:     {tool.CodeInvalidArgument, "stop sharing it"},
		`{"devices":["web-1",""]}`:                 {tool.CodeInvalidArgument, "name a device by"},
		`{"devices":["web-1"],"device":"web-2"}`:   {tool.CodeInvalidArgument, "the arguments are: confirm, devices"},
		`{"devices":[]}`:                           {tool.CodeInvalidArgument, "1 to 50"},
		`{"devices":["web-1","../x"]}`:             {string(failure.NotFound), ""},
	} {
		_, err := r.changed("delete_device", strings.Replace(arguments, "{", `{"confirm":"CODE",`, 1))
		told(t, err, c.code, c.next)
	}
	// One outside of the caller's grant is one that is not there.
	c := by(t, "alice@example.com", `{"tools":["*","escalating:*"],"devices":["tag:prod"]}`)
	_, err := r.callBy(c, "delete_device", `{"devices":["web-1","web-2"],"confirm":"CODE"}`)
	if e := told(t, err, string(failure.NotFound), "web-1"); strings.Contains(e.Error(), "nWeb2CNTRL") {
		t.Errorf("got %v", e)
	}
	if n := r.fake.Count("deleteDevice"); n != 0 {
		t.Errorf("%d devices were removed", n)
	}
}

// Bug 10: a name that is the machine name of one device and the hostname of another is
// refused with both, by every tool that takes a device.
func TestNameOfTwoDevices(t *testing.T) {
	devices := few()
	devices[1].Name = "x.tailfe8c.ts.net"     // hostname web-2
	devices[3].Name = "web-2.tailfe8c.ts.net" // hostname phone
	r := newRig(t, devices...)
	for name, rest := range map[string]string{
		"get_device_info": ``, "set_device_name": `,"name":"y"`, "set_device_routes": `,"routes":[]`, "set_device_ip": `,"ipv4":"100.64.0.99"`,
		"delete_device": ``, "expire_device_key": ``, "authorize_device": ``, "set_device_tags": `,"tags":["web"]`, "set_device_key_expiry": `,"expires":true`,
		"update_device_attributes": `,"attributes":[{"key":"custom:tier","flag":true}]`,
	} {
		argument := `"device":"web-2"`
		if name == "update_device_attributes" {
			argument = `"devices":["web-2"]`
		}
		_, err := r.changed(name, `{`+argument+rest+`}`)
		e := told(t, err, tool.CodeInvalidArgument, "nWeb2CNTRL (x.tailfe8c.ts.net, hostname web-2)")
		if !strings.Contains(e.Next, "nPhoneCNTRL (web-2.tailfe8c.ts.net, hostname phone)") {
			t.Errorf("%s: got %v, want both", name, e)
		}
	}
	// By its whole name either is meant, and who is asked sees what it calls itself.
	_, err := r.changed("delete_device", `{"devices":["web-2.tailfe8c.ts.net"]}`)
	if e := told(t, err, tool.CodeConfirmationRequired, ""); !strings.Contains(e.Message, "belongs to Bob@GitHub") || !strings.Contains(e.Message, "calls itself phone") {
		t.Errorf("got %s", e.Message)
	}
}

// Bug 11: nobody is asked for a tag that the API must refuse.
func TestTagsThatNobodyMayAssign(t *testing.T) {
	r := newRig(t, few()...)
	_, err := r.changed("set_device_tags", `{"devices":["web-1"],"tags":["wbe"]}`)
	e := told(t, err, tool.CodeInvalidArgument, `use "tag:web" if it is meant; the policy file defines these: `)
	if !strings.Contains(e.Message, `does not define "tag:wbe"`) {
		t.Errorf("got %v", e)
	}
	narrowed := by(t, "carol@example.com", `{"tools":["*","escalating:*"],"devices":["tag:web"]}`)
	_, err = r.callBy(narrowed, "set_device_tags", `{"devices":["web-1"],"tags":["wbe"]}`)
	if e := told(t, err, tool.CodeInvalidArgument, "ask an administrator"); strings.Contains(e.Error(), `"tag:web"`) {
		t.Errorf("got %v, which tells a narrowed caller of tags", e)
	}
	for _, fault := range []fakeapi.Fault{fakeapi.Status(403), fakeapi.Status(500), fakeapi.Body(200, "application/hujson", `{"tagOwners": 7}`)} {
		r.fake.ClearFaults()
		r.fake.Fail("getPolicyFile", fault)
		_, err := r.changed("set_device_tags", `{"devices":["web-1"],"tags":["wbe"]}`)
		told(t, err, tool.CodeConfirmationRequired, "")
	}
}

// A route that a device does not advertise is approved for nothing, and that is said.
func TestRouteThatIsNotAdvertised(t *testing.T) {
	devices := few()
	devices[0].Details.AdvertisedRoutes = []string{"10.0.0.0/16"}
	r := newRig(t, devices...)
	const call = `{"device":"web-1","routes":["10.0.0.0/16","10.9.0.0/16"]`
	_, err := r.changed("set_device_routes", call+`}`)
	const warning = `the device does not advertise ["10.9.0.0/16"]`
	if e := told(t, err, tool.CodeConfirmationRequired, ""); !strings.Contains(e.Message, warning) {
		t.Errorf("got %s, want %s", e.Message, warning)
	}
	text, err := r.changed("set_device_routes", call+`,"confirm":"CODE"}`)
	var out struct{ Note string }
	if err != nil || json.Unmarshal([]byte(text), &out) != nil || !strings.HasPrefix(out.Note, warning) {
		t.Errorf("got %s and error %v", text, err)
	}
}

// A code is for the devices that the question was about: one that has come to their name
// since then, and looks the same, is asked about anew.
func TestCodeIsForTheDeviceAsked(t *testing.T) {
	for name, call := range map[string]string{
		"delete_device":            `{"devices":["web-2","phone"]%s}`,
		"expire_device_key":        `{"devices":["web-2"]%s}`,
		"set_device_routes":        `{"device":"web-2","routes":["10.2.0.0/24"]%s}`,
		"update_device_attributes": `{"devices":["web-2"],"attributes":[{"key":"custom:a","text":"b"}]%s}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, few()...)
			_, err := r.changed(name, fmt.Sprintf(call, ""))
			_, after, _ := strings.Cut(told(t, err, tool.CodeConfirmationRequired, "confirm set to").Next, "confirm set to ")
			code, _, _ := strings.Cut(after, " ")
			all := r.fake.Devices()
			for i := range all {
				if all[i].NodeID == "nWeb2CNTRL" {
					all[i].NodeID, all[i].ID = "nOtherCNTRL", "99"
				}
			}
			r.fake.SetDevices(all)
			_, err = r.changed(name, fmt.Sprintf(call, `,"confirm":"`+code+`"`))
			if e := told(t, err, tool.CodeConfirmationRequired, "confirm set to"); !strings.Contains(e.Message, "has changed since") {
				t.Errorf("got %s", e.Message)
			}
		})
	}
}

// One device that is named like a key hides no other from the audit.
func TestRecordsNameAllButKeys(t *testing.T) {
	devices := few()
	devices[1].Hostname, devices[1].Name = "tskey-auth-x", "tskey-auth-x.tailfe8c.ts.net"
	r := newRig(t, devices...)
	got := r.batch("delete_device", `{"devices":["web-1","nWeb2CNTRL","phone"],"confirm":"CODE"}`)
	if got.Done != 3 {
		t.Errorf("got %+v", got)
	}
	for _, record := range r.log.Records() {
		if record.Event != audit.Decision && record.Code == "" && record.Target != "web-1,[redacted],phone" {
			t.Errorf("the record %s names %q", record.Event, record.Target)
		}
	}
}

// A rate is no wider for who names many devices in one call: each counts.
func TestRateCountsEachDevice(t *testing.T) {
	r := newRig(t, few()...)
	for entry, may := range map[string]int{
		`{"tools":["*","escalating:*"],"rate":"2/h"}`:                             2,
		`{"tools":["*","escalating:*"],"devices":["tag:web"],"rate":"1/h"}`:       1,
		`{"tools":["*","escalating:*"],"devices":["tag:web"],"rate":"2/h"}`:       2,
		`{"tools":["*","escalating:*"],"devices":["tag:web"]}`:                    3,
		`{"tools":["*","escalating:*"],"devices":["web-1","web-2"],"rate":"3/h"}`: 3,
	} {
		for name, rest := range map[string]string{"delete_device": ``, "update_device_attributes": `,"attributes":[{"key":"custom:a","text":"b"}]`} {
			// A question is a call too, so each is asked by another node.
			c := by(t, fmt.Sprintf("u%d@example.com", len(entry)*100+len(name)), entry)
			_, err := r.dispatcher.Call(t.Context(), c, gate.Request{Name: name, Arguments: json.RawMessage(`{"devices":["web-1","web-2"]` + rest + `}`)})
			code := tool.CodeConfirmationRequired
			if may < 2 {
				code = string(failure.RateLimited)
			}
			if e := told(t, err, code, ""); may < 2 && !strings.Contains(e.Next, "name fewer devices") {
				t.Errorf("%s: got %v", entry, e)
			}
			_, err = r.dispatcher.Call(t.Context(), c, gate.Request{Name: name, Arguments: json.RawMessage(`{"devices":["web-1"]` + rest + `}`)})
			if told := codeOf(err); may == 3 && told != tool.CodeConfirmationRequired || may == 2 && told != string(failure.RateLimited) {
				t.Errorf("%s %s: after that got %v", entry, name, err)
			}
		}
	}
}
