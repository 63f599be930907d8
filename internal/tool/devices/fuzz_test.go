// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
)

// seeds are arguments that mean something to some tool of the group.
var seeds = []string{
	``, `{}`, `null`, `[]`, `{"name":"web","os":"linux","user":"bob@example.com","tags":["web"],"online":false,"fields":["all"],"limit":2}`,
	`{"tags":"tag:web","online":"TRUE","limit":"3"}`, `{"fields":["someDay","name",""]}`, `{"cursor":"AAAA"}`, `{"limit":-1}`, `{"tags":["tag:","\u0000"]}`,
	`{"user":"a&fields=all","os":"%2e%2e/#?"}`, `{"os":"\ud800"}`, `{"device":"web-1"}`, `{"device":"nWeb1CNTRL","fields":["all","x"]}`, `{"device":"100.64.0.11","fields":"user"}`,
	`{"device":".."}`, `{"device":"n/../CNTRL"}`, `{"device":"%2e%2e"}`, `{"device":"12","name":"front"}`, `{"device":"nWeb1CNTRL","name":"front.tailfe8c.ts.net"}`,
	`{"device":"nWeb1CNTRL","name":"../x"}`, `{"device":"nWeb1CNTRL","name":""}`, `{"device":"nWeb1CNTRL","name":"a..b"}`, `{"device":11,"name":7}`, `{"device":["web-1"],"name":{}}`,
}

// fuzzed calls one tool with anything. The answer is JSON that fits its schema
// or an error that says what to do, and the API sees operations of its document.
func fuzzed(f *testing.F, name string, may ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	for _, device := range append(tricky, "web-1", "runner") {
		f.Add(`{"device":` + quoted(f, device) + `,"name":` + quoted(f, device) + `}`)
	}
	shared := newRig(f)
	f.Fuzz(func(t *testing.T, arguments string) {
		r := *shared
		r.TB = t
		r.fake.SetDevices(few())
		before := r.count()
		text, err := r.call(name, arguments)
		switch code := codeOf(err); {
		case err == nil && !json.Valid(text):
			t.Errorf("got %q, want JSON", text)
		case err == nil:
			r.fits(name, text)
		case code == "" || code == tool.CodeInternal || code == string(failure.Internal):
			t.Errorf("got %v, want an error that says what to do", err)
		default:
			told(t, err, code, "")
		}
		r.onlyNew(before, may)
	})
}

// count is how many requests of ours there were.
func (r *rig) count() int {
	return r.fake.Count("listTailnetDevices") + r.fake.Count("getDevice") + r.fake.Count("setDeviceName")
}

// onlyNew checks the requests since there were before.
func (r *rig) onlyNew(before int, may []string) {
	for _, u := range r.fake.Unexpected() {
		r.Fatalf("the API got an unexpected request: %s %.200s: %s", u.Method, u.Path, u.Why)
	}
	now, sent := r.fake.Requests(), r.count()-before
	if sent > 4 || sent > len(now) {
		r.Fatalf("got %d requests for one call", sent)
	}
	changes := 0
	for _, q := range now[len(now)-sent:] {
		if !slices.Contains(may, q.Operation) {
			r.Errorf("got the request %s %.200s, want only %v", q.Method, q.Path, may)
		}
		if q.Operation == "setDeviceName" {
			changes++
		}
		if strings.Count(q.Path, "/") > 5 || strings.ContainsAny(q.Path, "%\\") || strings.Contains(q.Path, "..") {
			r.Errorf("got the path %.200s", q.Path)
		}
	}
	if changes > 1 {
		r.Errorf("got %d changes", changes)
	}
}

func FuzzListDevices(f *testing.F) { fuzzed(f, "list_all_devices", "listTailnetDevices") }

func FuzzDeviceInfo(f *testing.F) { fuzzed(f, "get_device_info", "listTailnetDevices", "getDevice") }

func FuzzRename(f *testing.F) {
	fuzzed(f, "set_device_name", "listTailnetDevices", "getDevice", "setDeviceName")
}

// FuzzDeviceResource reads any URI of the family.
func FuzzDeviceResource(f *testing.F) {
	for _, id := range append(tricky, "web-1", "100.64.0.11", "%77eb-1", "%00", "{id}", "*") {
		f.Add(id)
	}
	shared := newRig(f, few()...)
	f.Fuzz(func(t *testing.T, id string) {
		r := *shared
		r.TB = t
		before := r.count()
		text, _, err := r.read("tailscale://device/" + id)
		switch code := codeOf(err); {
		case err == nil && !json.Valid([]byte(text)):
			t.Errorf("got %q, want JSON", text)
		case err != nil && (code == "" || code == tool.CodeInternal):
			t.Errorf("got %v, want an error that says what to do", err)
		}
		if _, err := r.complete(mayAll, id); err != nil {
			t.Errorf("completing %q: %v", id, err)
		}
		r.onlyNew(before, []string{"listTailnetDevices", "getDevice"})
	})
}
