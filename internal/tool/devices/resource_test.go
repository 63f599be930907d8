// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

func TestDevicesResource(t *testing.T) {
	r := newRig(t, few()...)
	text, mimeType, err := r.read("tailscale://devices")
	if err != nil || mimeType != "application/json" {
		t.Fatalf("got %s and error %v, want JSON", mimeType, err)
	}
	var got answered
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Total != 5 || got.Returned != 5 || len(got.Devices) != 5 {
		t.Errorf("got %d of %d devices, want all 5", got.Returned, got.Total)
	}
	if want := r.list(`{"name":"web-2"}`).Devices[0]; !slices.ContainsFunc(got.Devices, func(d map[string]any) bool { return cmp.Equal(d, want) }) {
		t.Errorf("got %v, want the same as the tool's %v", got.Devices, want)
	}
}

func TestDeviceResource(t *testing.T) {
	r := newRig(t, alike()...)
	for _, id := range []string{
		"nWeb1CNTRL", "11", "100.64.0.11", "fd7a:115c:a1e0::b", "web-1", "WEB-1", "web-1.tailfe8c.ts.net",
	} {
		text, mimeType, err := r.read("tailscale://device/" + id)
		var got map[string]any
		if err != nil || mimeType != "application/json" || json.Unmarshal([]byte(text), &got) != nil {
			t.Errorf("%s: got %s %s and error %v, want JSON", id, mimeType, text, err)
			continue
		}
		if got["nodeId"] != "nWeb1CNTRL" || got["online"] != true || got["sshEnabled"] != true || got["someDay"] == nil {
			t.Errorf("%s: got %v, want web-1 with all fields", id, got)
		}
	}
	for _, id := range []string{"fd7a%3A115c%3Aa1e0%3A%3Ab", "%77eb-1"} { // another spelling
		_, _, err := r.read("tailscale://device/" + id)
		told(t, err, tool.CodeUnknown, "")
	}
	text, _, err := r.read("tailscale://device/" + url.PathEscape("Alice’s MacBook"))
	if err != nil || !strings.Contains(text, "nMacCNTRL") {
		t.Errorf("got %s and error %v, want the MacBook", text, err)
	}
	_, _, err = r.read("tailscale://device/runner")
	told(t, err, tool.CodeInvalidArgument, "nBuild1CNTRL (ci.tailfe8c.ts.net, hostname runner)")
	_, _, err = r.read("tailscale://device/nNoneCNTRL")
	told(t, err, string(failure.NotFound), "list_all_devices")
	_, _, err = r.read("tailscale://device/wbe")
	told(t, err, string(failure.NotFound), "list_all_devices")
}

// Whatever a URI holds, the API sees its listing asked for and nothing else.
func TestDeviceResourceTrickyURIs(t *testing.T) {
	r := newRig(t, few()...)
	for _, id := range append(tricky, "", strings.Repeat("x", 1<<20), "web-1/", "web-1?x", "%zz", "%00", "{id}", "*", "web-1%20") {
		for _, uri := range []string{"tailscale://device/" + id, "tailscale://device/" + url.PathEscape(id), "tailscale://device/" + url.QueryEscape(id)} {
			if uri == "tailscale://device/web-1%20" {
				continue // white space around a name is no name's
			}
			_, _, err := r.read(uri)
			e := told(t, err, codeOf(err), "")
			if !slices.Contains([]failure.Code{failure.NotFound, tool.CodeInvalidArgument, tool.CodeUnknown}, e.Code) {
				t.Errorf("%.60q: got %v, want a refusal", uri, e)
			}
		}
	}
	for _, q := range r.fake.Requests() {
		if q.Operation != "listTailnetDevices" {
			t.Errorf("got the request %s %.100s, want none that a name becomes part of", q.Method, q.Path)
		}
	}
}

func TestDeviceResourceGrants(t *testing.T) {
	r := newRig(t, few()...)
	for _, c := range []struct {
		entry string
		may   []string
	}{
		{``, nil},
		{`{"tools":["*"]}`, nil},
		{`{"resources":["*"]}`, []string{"tailscale://devices", "tailscale://device/web-1", "tailscale://device/nWeb2CNTRL"}},
		{`{"resources":["tailscale://*"]}`, []string{"tailscale://devices", "tailscale://device/web-1", "tailscale://device/nWeb2CNTRL"}},
		{`{"resources":["tailscale://devices"]}`, []string{"tailscale://devices"}},
		{`{"resources":["tailscale://device"]}`, []string{"tailscale://device/web-1", "tailscale://device/nWeb2CNTRL"}},
		{`{"resources":["tailscale://device/*"]}`, []string{"tailscale://device/web-1", "tailscale://device/nWeb2CNTRL"}},
		{`{"resources":["tailscale://device/{id}"]}`, []string{"tailscale://device/web-1", "tailscale://device/nWeb2CNTRL"}},
		{`{"resources":["tailscale://device/web-1"]}`, []string{"tailscale://device/web-1"}},
	} {
		t.Run(c.entry, func(t *testing.T) {
			bob := by(t, "bob@example.com", c.entry)
			for _, uri := range []string{"tailscale://devices", "tailscale://device/web-1", "tailscale://device/nWeb2CNTRL"} {
				before := r.requests()
				text, _, err := r.readBy(bob, uri)
				if slices.Contains(c.may, uri) {
					if err != nil || !strings.Contains(text, `"nodeId"`) {
						t.Errorf("%s: got %s and error %v, want an answer", uri, text, err)
					}
					continue
				}
				told(t, err, tool.CodeAccessDenied, `"resources": ["`+uri+`"]`)
				if r.requests() != before {
					t.Errorf("%s: the API was asked for a caller who may not", uri)
				}
			}
		})
	}
}

func (r *rig) complete(entry, prefix string) ([]string, error) {
	values, total, err := r.dispatcher.CompleteResource(r.Context(), by(r, "bob@example.com", entry),
		gate.Request{ID: "1", Method: "completion/complete", Name: "tailscale://device/{+id}"}, prefix)
	if total < len(values) {
		r.Errorf("got total %d of %d values", total, len(values))
	}
	return values, err
}

func TestDeviceCompletion(t *testing.T) {
	r := newRig(t, alike()...)
	for prefix, want := range map[string][]string{
		"web":          {"web-1", "web-1.tail9999.ts.net", "web-2"},
		"WEB-1":        {"web-1", "web-1.tail9999.ts.net"},
		"nWeb":         {"nWeb1CNTRL", "nWeb2CNTRL"},
		"alices":       {"alices-macbook"},
		"nas":          {"nas.tail9999.ts.net"},
		"zzz":          {},
		"web-1.tail99": {"web-1.tail9999.ts.net"},
	} {
		got, err := r.complete(`{"resources":["*"]}`, prefix)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q (-want +got), error %v:\n%s", prefix, err, diff)
		}
	}
	// Each value offered is one device, and readable.
	all, err := r.complete(mayAll, "")
	if err != nil || len(all) == 0 || slices.Contains(all, "") {
		t.Errorf("got %q and error %v, want names", all, err)
	}
	for _, id := range all {
		if _, _, err := r.read("tailscale://device/" + url.PathEscape(id)); err != nil {
			t.Errorf("%q is offered and cannot be read: %v", id, err)
		}
	}

	got, err := r.complete(`{"resources":["tailscale://device/web-1"]}`, "web")
	if diff := cmp.Diff([]string{"web-1"}, got); err != nil || diff != "" {
		t.Errorf("of one grant (-want +got), error %v:\n%s", err, diff)
	}
	before := r.requests()
	_, err = r.complete(`{"tools":["*"]}`, "web")
	told(t, err, tool.CodeAccessDenied, "tailscale://device/{id}")
	if r.requests() != before {
		t.Error("the API was asked for a caller who may not")
	}
	r.fake.Fail("listTailnetDevices", fakeapi.Status(500))
	_, err = r.complete(mayAll, "web")
	told(t, err, string(failure.UpstreamUnavailable), "")
}

// What another tailnet shares may have no name at all.
func TestDeviceCompletionWithoutName(t *testing.T) {
	r := newRig(t)
	r.fake.Fail("listTailnetDevices", fakeapi.Body(200, "application/json", `{"devices":[{"id":"7","isExternal":true},{"nodeId":"nA","name":""}]}`))
	got, err := r.complete(mayAll, "")
	if diff := cmp.Diff([]string{"7", "nA"}, got); err != nil || diff != "" {
		t.Errorf("(-want +got), error %v:\n%s", err, diff)
	}
}

func TestDeviceCompletionOfMany(t *testing.T) {
	r := newRig(t)
	r.fake.AddDevices(1000)
	got, err := r.complete(mayAll, "")
	if err != nil || len(got) != 100 || !slices.IsSorted(got) {
		t.Errorf("got %d values and error %v, want the protocol's most, sorted", len(got), err)
	}
}
