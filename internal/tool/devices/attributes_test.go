// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

const update = "update_device_attributes"

// attributed is a rig whose web-1 has attributes already; web-2 has none.
func attributed(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, few()...)
	_, err := r.changed(update, `{"devices":["web-1"],"attributes":[{"key":"custom:tier","text":"gold","expiry":"2027-01-31T12:00:00Z"},`+
		`{"key":"custom:score","number":80},{"key":"custom:Kept","flag":true}],"confirm":"CODE"}`)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// attributesAt is what the API has about a device now.
func (r *rig) attributesAt(device string) map[string]any {
	r.Helper()
	text, mimeType, err := r.read("tailscale://device-attributes/" + device)
	var got map[string]any
	if err != nil || mimeType != "application/json" || json.Unmarshal([]byte(text), &got) != nil {
		r.Fatalf("got %s and error %v", text, err)
	}
	return got
}

func (r *rig) last(op string) string {
	body := "not sent"
	for _, q := range r.fake.Requests() {
		if q.Operation == op {
			body = string(q.Body)
		}
	}
	return body
}

const (
	setOne    = "setCustomDevicePostureAttributes"
	removeOne = "deleteCustomDevicePostureAttributes"
	batch     = "batchUpdateCustomDevicePostureAttributes"
)

func TestAttributes(t *testing.T) {
	const web1, both = `{"devices":["web-1"],"confirm":"CODE","attributes":[`, `{"devices":["nWeb2CNTRL","web-1"],"confirm":"CODE","attributes":[`
	type values = map[string]any
	has := func(v values) values { return v }
	base := func(more values) values {
		v := values{"node:os": "linux", "node:tsVersion": "1.102.5", "custom:tier": "gold", "custom:score": 80.0, "custom:Kept": true}
		for name, value := range more {
			if v[name] = value; value == nil {
				delete(v, name)
			}
		}
		return v
	}
	bare := func(more values) values {
		more["node:os"], more["node:tsVersion"] = "linux", ""
		return more
	}
	until := values{"custom:tier": "2027-01-31T12:00:00Z"}
	for name, c := range map[string]struct {
		arguments, op, body string
		one, expiries, two  values
	}{
		"text":                   {web1 + `{"key":"custom:tier","text":"silver"}]}`, setOne, `{"value":"silver"}`, base(values{"custom:tier": "silver"}), has(values{}), bare(values{})},
		"number":                 {web1 + `{"key":"custom:score","number":-9007199254740991}]}`, setOne, `{"value":-9007199254740991}`, base(values{"custom:score": -9007199254740991.0}), until, bare(values{})},
		"flag":                   {web1 + `{"key":"custom:Kept","flag":false}]}`, setOne, `{"value":false}`, base(values{"custom:Kept": false}), until, bare(values{})},
		"new, with expiry":       {web1 + `{"key":"custom:new","text":"x","expiry":"2027-02-01T00:00:00+01:00"}]}`, setOne, `{"expiry":"2027-02-01T00:00:00+01:00","value":"x"}`, base(values{"custom:new": "x"}), values{"custom:tier": "2027-01-31T12:00:00Z", "custom:new": "2027-02-01T00:00:00+01:00"}, bare(values{})},
		"with comment":           {web1 + `{"key":"custom:score","number":0}],"comment":"ticket 4711"}`, setOne, `{"comment":"ticket 4711","value":0}`, base(values{"custom:score": 0.0}), until, bare(values{})},
		"removal":                {web1 + `{"key":"custom:tier","remove":true}]}`, removeOne, ``, base(values{"custom:tier": nil}), values{}, bare(values{})},
		"removal, with comment":  {web1 + `{"key":"custom:tier","remove":true}],"comment":"why"}`, batch, `{"comment":"why","nodes":{"nWeb1CNTRL":{"custom:tier":null}}}`, base(values{"custom:tier": nil}), values{}, bare(values{})},
		"several of one":         {web1 + `{"key":"custom:tier","remove":true},{"key":"custom:score","number":1}]}`, batch, `{"nodes":{"nWeb1CNTRL":{"custom:score":{"value":1},"custom:tier":null}}}`, base(values{"custom:tier": nil, "custom:score": 1.0}), values{}, bare(values{})},
		"one of several devices": {both + `{"key":"custom:score","number":7}]}`, batch, `{"nodes":{"nWeb1CNTRL":{"custom:score":{"value":7}},"nWeb2CNTRL":{"custom:score":{"value":7}}}}`, base(values{"custom:score": 7.0}), until, bare(values{"custom:score": 7.0})},
		"removal from several":   {both + `{"key":"custom:score","remove":true}],"comment":"why"}`, batch, `{"comment":"why","nodes":{"nWeb1CNTRL":{"custom:score":null},"nWeb2CNTRL":{"custom:score":null}}}`, base(values{"custom:score": nil}), until, bare(values{})},
	} {
		t.Run(name, func(t *testing.T) {
			r := attributed(t)
			before := []any{r.attributesAt("web-1"), r.attributesAt("web-2")}
			text, err := r.changed(update, c.arguments)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.last(c.op); got != c.body {
				t.Errorf("got the body %s, want %s", got, c.body)
			}
			now := []any{r.attributesAt("web-1"), r.attributesAt("web-2")}
			want := []any{map[string]any{"attributes": c.one, "expiries": c.expiries}, map[string]any{"attributes": c.two, "expiries": values{}}}
			if diff := cmp.Diff(want, now); diff != "" {
				t.Errorf("at the API (-want +got):\n%s", diff)
			}
			if strings.HasPrefix(c.arguments, both) { // in the order of the call
				before[0], before[1], now[0], now[1] = before[1], before[0], now[1], now[0]
			} else {
				before, now = before[:1], now[:1]
			}
			var out struct{ Previous, Now []any }
			if err := json.Unmarshal([]byte(text), &out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]any{before, now}, [][]any{out.Previous, out.Now}); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// Whoever confirms sees what each device has and what it gets.
func TestAttributesConfirmed(t *testing.T) {
	r := attributed(t)
	sent := r.fake.Count(setOne) + r.fake.Count(removeOne) + r.fake.Count(batch)
	for _, c := range []struct{ arguments, name, effect string }{
		{`"devices":["web-1"],"attributes":[{"key":"custom:tier","text":"silver"}]`, "web-1", `web-1 custom:tier: "gold" until 2027-01-31T12:00:00Z -> "silver")`},
		{`"devices":["web-1"],"attributes":[{"key":"custom:score","remove":true},{"key":"custom:new","flag":true,"expiry":"2027-01-31T12:00:00Z"}]`, "web-1", `web-1 custom:score: 80 -> removed, web-1 custom:new: absent -> true until 2027-01-31T12:00:00Z)`},
		{`"devices":["web-2","web-1"],"attributes":[{"key":"custom:score","number":81}]`, "web-2,web-1", `web-2 custom:score: absent -> 81, web-1 custom:score: 80 -> 81)`},
		{`"devices":["nSharedCNTRL","web-1"],"attributes":[{"key":"custom:score","number":81}]`, "web-1.tail9999.ts.net,web-1", `web-1.tail9999.ts.net custom:score: absent`},
	} {
		for _, confirm := range []string{``, `,"confirm":""`, `,"confirm":"web-3"`, `,"confirm":"web-1,web-2"`, `,"confirm":"attributes"`} {
			_, err := r.changed(update, `{`+c.arguments+confirm+`}`)
			if e := told(t, err, tool.CodeConfirmationRequired, "confirm set to"); !strings.Contains(e.Message, c.effect) {
				t.Errorf("got %s, want %s", e.Message, c.effect)
			}
			if records := r.log.Of(update); records[len(records)-1].Target != c.name {
				t.Errorf("got %+v, want the target %s", records[len(records)-1], c.name)
			}
		}
	}
	if n := r.fake.Count(setOne) + r.fake.Count(removeOne) + r.fake.Count(batch); n != sent {
		t.Errorf("%d changes were sent unconfirmed", n-sent)
	}
}

func TestAttributesRefused(t *testing.T) {
	r := newRig(t, few()...)
	const device = `{"devices":["web-1"],"confirm":"CODE","attributes":[`
	many := strings.TrimSuffix(strings.Repeat(`"x",`, 21), ",")
	keys := ""
	for i := range 21 {
		keys += fmt.Sprintf(`,{"key":"custom:a%d","flag":true}`, i)
	}
	for _, arguments := range []string{
		`{"devices":[],"confirm":"","attributes":[{"key":"custom:a","flag":true}]}`,
		`{"devices":[` + many + `],"attributes":[{"key":"custom:a","flag":true}]}`,
		device + `]}`,
		device + keys[1:] + `]}`,
		device + `{"key":"custom:a","flag":true}],"comment":"` + strings.Repeat("ü", 201) + `"}`,
		device + `{"key":"tier","flag":true}]}`,
		device + `{"key":"node:os","text":"plan9"}]}`,
		device + `{"key":"custom:","flag":true}]}`,
		device + `{"key":"custom:a/../b","flag":true}]}`,
		device + `{"key":"custom:a b","flag":true}]}`,
		device + `{"key":"custom:a\n","flag":true}]}`,
		device + `{"key":"custom:` + strings.Repeat("x", 122) + `","flag":true}]}`,
		device + `{"key":"custom:a"}]}`,
		device + `{"key":"custom:a","text":null}]}`,
		device + `{"key":"custom:a","remove":false}]}`,
		device + `{"key":"custom:a","text":"x","number":1}]}`,
		device + `{"key":"custom:a","flag":true,"remove":true}]}`,
		device + `{"key":"custom:a","text":""}]}`,
		device + `{"key":"custom:a","text":"two words"}]}`,
		device + `{"key":"custom:a","text":"` + strings.Repeat("x", 51) + `"}]}`,
		device + `{"key":"custom:a","number":9007199254740992}]}`,
		device + `{"key":"custom:a","number":-9007199254740992}]}`,
		device + `{"key":"custom:a","number":1.5}]}`,
		device + `{"key":"custom:a","flag":"perhaps"}]}`,
		device + `{"key":"custom:a","flag":true,"expiry":"tomorrow"}]}`,
		device + `{"key":"custom:a","flag":true,"expiry":"2027-01-31"}]}`,
		device + `{"key":"custom:a","remove":true,"expiry":"2027-01-31T12:00:00Z"}]}`,
		device + `{"key":"custom:a","flag":true},{"key":"custom:a","flag":false}]}`,
		device + `{"key":"custom:a","flag":true},{"key":"custom:A","flag":true}]}`,
		device + `{"key":"custom:a","value":"x"}]}`,
	} {
		_, err := r.changed(update, arguments)
		told(t, err, tool.CodeInvalidArgument, "")
	}
	if n := r.requests(); n != 0 {
		t.Errorf("got %d requests for arguments that are wrong", n)
	}
	for _, name := range []string{"", ".", "..", "web-1,web-2"} {
		_, err := r.changed(update, `{"devices":["web-2","`+name+`"],"confirm":"CODE","attributes":[{"key":"custom:a","flag":true}]}`)
		told(t, err, codeOf(err), "")
	}
	_, err := r.changed(update, `{"devices":["web-1","100.64.0.11"],"confirm":"CODE","attributes":[{"key":"custom:a","flag":true}]}`)
	told(t, err, tool.CodeInvalidArgument, "each device once")
	r = attributed(t)
	_, err = r.changed(update, device+`{"key":"custom:TIER","remove":true}]}`)
	told(t, err, tool.CodeInvalidArgument, "custom:tier")
	if n := r.fake.Count(removeOne); n != 0 {
		t.Errorf("got %d removals", n)
	}
}

func TestAttributesOfTheAPI(t *testing.T) {
	const arguments = `{"devices":["web-1"],"confirm":"CODE","attributes":[{"key":"custom:a","flag":true}]}`
	for name, c := range map[string]struct {
		op    string
		fault fakeapi.Fault
		want  string // the code, or what is in the answer
	}{
		"no attributes":     {"getDevicePostureAttributes", fakeapi.Body(200, "application/json", `{"attributes":null,"expiries":null}`).Times(2), `"previous":[{}],"now":[{"attributes":{"custom:a":true`},
		"nothing at all":    {"getDevicePostureAttributes", fakeapi.Body(200, "application/json", `{}`).Times(2), `"previous":[{}],"now":[{`},
		"null":              {"getDevicePostureAttributes", fakeapi.Body(200, "application/json", `null`), string(failure.UpstreamMalformed)},
		"a list":            {"getDevicePostureAttributes", fakeapi.Body(200, "application/json", `{"attributes":[]}`), string(failure.UpstreamMalformed)},
		"not readable":      {"getDevicePostureAttributes", fakeapi.Status(403), string(failure.PermissionDenied)},
		"refused":           {setOne, fakeapi.Status(403), string(failure.PermissionDenied)},
		"an answer of null": {setOne, fakeapi.Body(200, "application/json", `null`).AfterEffect(), `"now":[{"attributes":{"custom:a":true`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, few()...)
			r.fake.Fail(c.op, c.fault)
			text, err := r.changed(update, arguments)
			if code := codeOf(err); code != c.want && (err != nil || !strings.Contains(text, c.want)) {
				t.Errorf("got %s and error %v, want %s", text, err, c.want)
			}
			if made := r.attributesAtAPI("nWeb1CNTRL"); made != (err == nil) {
				t.Errorf("the change was made: %t, with error %v", made, err)
			}
		})
	}
	r := newRig(t, few()...)
	held, release := fakeapi.Hold()
	script, done := r.fake.Fail(setOne, held), make(chan struct{})
	go func() {
		defer close(done)
		if text, err := r.changed(update, arguments); err != nil || !strings.Contains(text, "do not repeat the call") || strings.Contains(text, `"now"`) {
			t.Errorf("got %s and error %v, want that it was made", text, err)
		}
	}()
	<-script.Reached()
	r.fake.Fail("getDevicePostureAttributes", fakeapi.Status(500))
	release()
	<-done
}

// attributesAtAPI reports whether custom:a is there, whatever reads answer now.
func (r *rig) attributesAtAPI(nodeID string) bool {
	r.fake.ClearFaults()
	_, ok := r.attributesAt(nodeID)["attributes"].(map[string]any)["custom:a"]
	return ok
}
