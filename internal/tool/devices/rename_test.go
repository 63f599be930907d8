// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// nameOf is what a device is called at the API.
func (r *rig) nameOf(nodeID string) string {
	r.Helper()
	for _, device := range r.fake.Devices() {
		if device.NodeID == nodeID {
			return device.Name
		}
	}
	r.Fatalf("there is no device %s", nodeID)
	return ""
}

// renaming is what the tool answers.
type renaming struct {
	NodeID        string
	Previous, Now struct{ Name string }
	Note          string
}

func (r *rig) rename(device, name string) (out renaming, err error) {
	r.Helper()
	text, err := r.call("set_device_name", `{"device":`+quoted(r, device)+`,"name":`+quoted(r, name)+`}`)
	if err != nil {
		return out, err
	}
	r.fits("set_device_name", text)
	if err := json.Unmarshal(text, &out); err != nil {
		r.Fatal(err)
	}
	return out, nil
}

func TestRename(t *testing.T) {
	const domain = ".tailfe8c.ts.net"
	for _, c := range []struct{ title, device, name, want string }{
		{"by node ID", "nWeb1CNTRL", "front", "front"},
		{"by legacy ID", "11", "front", "front"},
		{"by address", "100.64.0.11", "front", "front"},
		{"by MagicDNS name", "web-1.tailfe8c.ts.net.", "front", "front"},
		{"by short name", "WEB-1", "front", "front"},
		{"in capitals", "nWeb1CNTRL", "Front-2", "front-2"},
		{"with space around", "nWeb1CNTRL", " front\n", "front"},
		{"with its own domain", "nWeb1CNTRL", "front" + domain, "front"},
		{"with its own domain as DNS writes it", "nWeb1CNTRL", "front.TAILFE8C.ts.net.", "front"},
		{"to a name that is taken", "nWeb1CNTRL", "web-2", "web-2-1"},
		{"to the name it has", "nWeb1CNTRL", "web-1", "web-1"},
		{"to digits", "nWeb1CNTRL", "7", "7"},
		{"to the longest name", "nWeb1CNTRL", strings.Repeat("a", 63), strings.Repeat("a", 63)},
	} {
		t.Run(c.title, func(t *testing.T) {
			r := newRig(t, few()...)
			got, err := r.rename(c.device, c.name)
			if err != nil {
				t.Fatal(err)
			}
			if got.NodeID != "nWeb1CNTRL" || got.Previous.Name != "web-1"+domain || got.Now.Name != c.want+domain || got.Note != "" {
				t.Errorf("got %+v, want web-1 before and %s now", got, c.want)
			}
			if got := r.nameOf("nWeb1CNTRL"); got != c.want+domain {
				t.Errorf("got the name %s at the API, want %s", got, c.want+domain)
			}
			if n := r.requests(); n != 3 {
				t.Errorf("got %d requests, want 3", n)
			}
		})
	}
}

// What the API would do with these is a guess, so it is not asked.
func TestRenameToNoName(t *testing.T) {
	r := newRig(t, few()...)
	for _, name := range append(tricky, "", " ", "-front", "front-", "fr_ont", "fr ont", "fröнt", strings.Repeat("a", 64), strings.Repeat("a", 100_000), ".tailfe8c.ts.net", "..") {
		_, err := r.rename("nWeb1CNTRL", name)
		told(t, err, tool.CodeInvalidArgument, "")
	}
	for _, name := range []string{"front.example.com", "front.tail9999.ts.net", "front.ts.net", "a.b.tailfe8c.ts.net"} {
		_, err := r.rename("nWeb1CNTRL", name)
		told(t, err, tool.CodeInvalidArgument, "without a domain")
	}
	if n := r.fake.Count("setDeviceName"); n != 0 {
		t.Errorf("got %d renamings, want none", n)
	}
}

func TestRenameAmbiguous(t *testing.T) {
	r := newRig(t, alike()...)
	_, err := r.rename("runner", "front")
	told(t, err, tool.CodeInvalidArgument, "nBuild2CNTRL")
	_, err = r.rename("nobody", "front")
	told(t, err, string(failure.NotFound), "list_all_devices")
	if n := r.fake.Count("setDeviceName"); n != 0 {
		t.Errorf("got %d renamings, want none", n)
	}
}

// Nothing is sent for a caller who may not, not even to find the device.
func TestRenameNeedsWrite(t *testing.T) {
	r := newRig(t, few()...)
	for _, entry := range []string{
		``, `{}`, `{"tools":["read:*"]}`, `{"tools":["get_device_info","list_all_devices"]}`, `{"tools":["group:devices:read"]}`, `{"tools":["destructive:*","escalating:*"]}`,
		`{"resources":["*"]}`,
	} {
		c := by(t, "bob@example.com", entry)
		_, err := r.callBy(c, "set_device_name", `{"device":"nWeb1CNTRL","name":"front"}`)
		e := told(t, err, tool.CodeAccessDenied, `"tools": ["set_device_name"]`)
		if strings.Contains(e.Error(), "nWeb1CNTRL") || strings.Contains(e.Error(), "web-1") {
			t.Errorf("%s: the refusal speaks of the device: %s", entry, e)
		}
		for _, listed := range r.dispatcher.Tools(c) {
			if listed.Name == "set_device_name" {
				t.Errorf("%s: the tool is listed", entry)
			}
		}
	}
	if n := r.requests(); n != 0 {
		t.Errorf("got %d requests, want none", n)
	}
	for i, entry := range []string{`{"tools":["*"]}`, `{"tools":["write:*"]}`, `{"tools":["set_device_name"]}`, `{"tools":["group:devices"]}`, `{"tools":["group:devices:write"]}`} {
		if _, err := r.callBy(by(t, "bob@example.com", entry), "set_device_name", `{"device":"nWeb1CNTRL","name":"front-`+string(rune('a'+i))+`"}`); err != nil {
			t.Errorf("%s: %v", entry, err)
		}
	}
}

// A change is sent once, whatever comes back, and the answer says what is known.
func TestRenameWhenTheAnswerIsLost(t *testing.T) {
	for _, c := range []struct {
		title   string
		fault   fakeapi.Fault
		renamed bool
		code    failure.Code // of the error; empty for an answer
	}{
		{"refused", fakeapi.Status(403), false, failure.PermissionDenied},
		{"refused as unauthorized", fakeapi.Status(401), false, failure.Unauthenticated},
		{"not wanted", fakeapi.Status(400), false, failure.InvalidArgument},
		{"gone meanwhile", fakeapi.Status(404), false, failure.NotFound},
		{"of another tailnet", fakeapi.Status(501), false, failure.Unsupported},
		{"too many", fakeapi.RateLimit(7 * time.Second), false, failure.RateLimited},
		{"failed before", fakeapi.Status(500), false, failure.UpstreamUnavailable},
		{"failed after", fakeapi.Status(500).AfterEffect(), true, ""},
		{"not available, before", fakeapi.Status(503), false, failure.UpstreamUnavailable},
		{"not available, after", fakeapi.Status(503).AfterEffect(), true, ""},
		{"too late, after", fakeapi.Status(504).AfterEffect(), true, ""},
		{"cut before", fakeapi.Cut(), false, failure.UpstreamUnavailable},
		{"cut after", fakeapi.Cut().AfterEffect(), true, ""},
		{"a page before", fakeapi.HTML(200), false, failure.UpstreamMalformed},
		{"a page after", fakeapi.HTML(200).AfterEffect(), true, ""},
	} {
		t.Run(c.title, func(t *testing.T) {
			r := newRig(t, few()...)
			script := r.fake.Fail("setDeviceName", c.fault)
			got, err := r.rename("nWeb1CNTRL", "front")
			if name := r.nameOf("nWeb1CNTRL"); (name == "front.tailfe8c.ts.net") != c.renamed {
				t.Fatalf("the device is called %s", name)
			}
			if n := script.Hits(); n != 1 || r.fake.Count("setDeviceName") != 1 {
				t.Errorf("the change was sent %d times, want once", n)
			}
			if c.code == "" {
				if err != nil || got.Now.Name != "front.tailfe8c.ts.net" || got.Previous.Name != "web-1.tailfe8c.ts.net" || !strings.Contains(got.Note, "did not confirm") {
					t.Errorf("got %+v and error %v, want both names and a note", got, err)
				}
				return
			}
			e := told(t, err, string(c.code), "")
			if uncertain := strings.Contains(e.Message, "is not known"); uncertain != strings.Contains(e.Message, "still called web-1.tailfe8c.ts.net") {
				t.Errorf("got %q, want what the device is called now when the outcome is not known", e.Message)
			}
			if r.fake.Count("getDevice") == 2 && !strings.Contains(e.Next, "read the current state") {
				t.Errorf("got next step %q, want to read before trying again", e.Next)
			}
		})
	}
}

func TestRenameUnread(t *testing.T) {
	t.Run("to the name it has", func(t *testing.T) {
		r := newRig(t, few()...)
		r.fake.Fail("setDeviceName", fakeapi.Cut())
		got, err := r.rename("web-1", "WEB-1")
		if err != nil || got.Now.Name != "web-1.tailfe8c.ts.net" || got.Note == "" {
			t.Errorf("got %+v and error %v, want the name and a note", got, err)
		}
	})
	t.Run("confirmed", func(t *testing.T) {
		r := newRig(t, few()...)
		r.fake.Fail("getDevice", fakeapi.Status(500))
		got, err := r.rename("web-1", "front") // found without getDevice
		if err != nil || got.Previous.Name != "web-1.tailfe8c.ts.net" || got.Now.Name != "" || !strings.Contains(got.Note, "was renamed; do not repeat the call") {
			t.Errorf("got %+v and error %v, want what was made and a note without a name", got, err)
		}
		if name := r.nameOf("nWeb1CNTRL"); name != "front.tailfe8c.ts.net" || r.fake.Count("setDeviceName") != 1 {
			t.Errorf("the device is called %s, after %d changes", name, r.fake.Count("setDeviceName"))
		}
	})
	t.Run("lost", func(t *testing.T) {
		r := newRig(t, few()...)
		r.fake.Fail("getDevice", fakeapi.Status(500))
		r.fake.Fail("setDeviceName", fakeapi.Cut().AfterEffect())
		_, err := r.rename("web-1", "front")
		if e := told(t, err, string(failure.UpstreamUnavailable), "read the current state"); !strings.Contains(e.Message, "is not known") {
			t.Errorf("got %q, want that the outcome is not known", e.Message)
		}
		if n := r.fake.Count("setDeviceName"); n != 1 {
			t.Errorf("the change was sent %d times, want once", n)
		}
	})
	t.Run("too slow", func(t *testing.T) {
		r := newRigWith(t, tsapi.Options{RetryBudget: -1, Timeout: 2 * time.Second}, few()...)
		held, release := fakeapi.Hold()
		defer release()
		r.fake.Fail("setDeviceName", held)
		_, err := r.rename("web-1", "front")
		told(t, err, string(failure.UpstreamTimeout), "read the current state")
		if n := r.fake.Count("setDeviceName"); n != 1 {
			t.Errorf("the change was sent %d times, want once", n)
		}
	})
}

// A change that has begun ends, though its caller has gone.
func TestRenameOfCallerWhoLeaves(t *testing.T) {
	r := newRig(t, few()...)
	held, release := fakeapi.Hold()
	script := r.fake.Fail("setDeviceName", held)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	alice := by(t, "alice@example.com", mayAll)
	go func() {
		_, err := r.dispatcher.Call(ctx, alice, gate.Request{ID: "1", Method: "tools/call", Name: "set_device_name", Arguments: json.RawMessage(`{"device":"nWeb1CNTRL","name":"front"}`)})
		done <- err
	}()
	<-script.Reached()
	cancel()
	release()
	if err := <-done; err != nil {
		t.Errorf("got %v, want the change made", err)
	}
	if got := r.nameOf("nWeb1CNTRL"); got != "front.tailfe8c.ts.net" {
		t.Errorf("the device is called %s", got)
	}
	records := r.log.Of("set_device_name")
	if len(records) != 2 || records[1].Code != "" || records[1].UpstreamStatus != 200 {
		t.Errorf("got records %+v, want the decision and a good outcome", records)
	}
}

// What an administrator lets nobody change, nobody changes.
func TestRenameOverTheCeiling(t *testing.T) {
	r := newRig(t, few()...)
	r.dispatcher = r.dispatch(Tools(r.api, unknownHost), grant.Read)
	_, err := r.callBy(caller.Operator("root"), "set_device_name", `{"device":"nWeb1CNTRL","name":"front"}`)
	told(t, err, tool.CodeUnknown, "whoami")
	if n := r.requests(); n != 0 {
		t.Errorf("got %d requests, want none", n)
	}
}
