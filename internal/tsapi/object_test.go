// SPDX-License-Identifier: MIT

package tsapi

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObject(t *testing.T) {
	o, err := parseObject([]byte(" {\"a\" : 1 , \"b\\u00e9\":\"\\\"}\",\"c\":[{\"a\":2},[]],\"a\":null,\"d\":{\"a\":[\"]\"]}, \"e\":true}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "null", "bé": `"\"}"`, "c": `[{"a":2},[]]`, "d": `{"a":["]"]}`, "e": "true"}
	for name, value := range want {
		if got, ok := o.Field(name); !ok || string(got) != value {
			t.Errorf("field %s: got %s, %v, want %s", name, got, ok, value)
		}
	}
	for _, name := range []string{"A", "", "f"} {
		if got, ok := o.Field(name); ok {
			t.Errorf("field %q: got %s, want none", name, got)
		}
	}
	order := ""
	for name := range o.Fields() {
		order += name + " "
		if name == "d" {
			break
		}
	}
	if order != "a bé c a d " {
		t.Errorf("got order %q", order)
	}
	if text, err := json.Marshal(struct{ X, Y Object }{X: o}); err != nil || !json.Valid(text) || !bytes.Contains(text, []byte(`"Y":{}`)) {
		t.Errorf("as JSON: got %s, %v", text, err)
	}
	// What is returned is a copy.
	o.Raw()[0] = 'x'
	if _, ok := o.Field("a"); !ok {
		t.Error("the object was changed from outside")
	}
	for _, bad := range []string{"", " ", "{", "[]", "null", "{} {}", `{"a":1}x`, "\xef\xbb\xbf{}"} {
		if _, err := parseObject([]byte(bad)); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}

// FuzzObject compares with encoding/json.
func FuzzObject(f *testing.F) {
	for _, text := range []string{`{}`, `{"a":1}`, ` { "a" : [ 1 , {"b":"\\\""} ] , "c" : -1e5 , "a":null } `, `{"":{"":{}}}`, "{\"\xff\":\"\xff\"}", `{"\ud800":"\ud800"}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want map[string]any
		wantErr := json.Unmarshal([]byte(text), &want)
		o, err := parseObject([]byte(text))
		if (err == nil) != (wantErr == nil && want != nil) {
			t.Fatalf("got error %v, want like %v", err, wantErr)
		}
		if err != nil {
			return
		}
		got := map[string]any{}
		for name, value := range o.Fields() {
			var v any
			if err := json.Unmarshal(value, &v); err != nil {
				t.Fatalf("field %q: %s: %v", name, value, err)
			}
			got[name] = v
			if _, ok := o.Field(name); !ok {
				t.Fatalf("field %q is not found", name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("fields differ (-encoding/json +got):\n%s", diff)
		}
		// Whatever it holds, decoding a device ends in an error or in the object.
		if d, err := newDevice(o); err == nil && !bytes.Equal(d.Raw(), o.Raw()) {
			t.Errorf("got %s, want %s", d.Raw(), o.Raw())
		}
	})
}

func TestParseDevices(t *testing.T) {
	tests := []struct {
		name, body string
		want       int    // devices
		err        string // empty: none
	}{
		{"none", `{"devices":[]}`, 0, ""},
		{"null", `{"devices":null}`, 0, ""},
		{"spaces", " {\"devices\" : [ {\"id\":\"1\"} ,\n{\"nodeId\":\"n2\"} ] , \"x\":1}", 2, ""},
		{"nulls", `{"devices":[{"id":"1","tags":null,"name":null,"authorized":null}]}`, 1, ""},
		{"missing", `{"message":"oops"}`, 0, "the field devices is missing"},
		{"object", `{"devices":{}}`, 0, "the field devices is an object, not an array"},
		{"one of them is a number", `{"devices":[{"id":"1"},5]}`, 0, "device 1 is a number, not an object"},
		{"without ID", `{"devices":[{"name":"x"}]}`, 0, "device 0: neither nodeId nor id is there"},
		{"string for boolean", `{"devices":[{"id":"1","authorized":"yes"}]}`, 0, "device 0: the field authorized: it is a string, not a boolean"},
		{"number for string", `{"devices":[{"id":1}]}`, 0, "device 0: the field id: it is a number, not a string"},
		{"string for list", `{"devices":[{"id":"1","tags":"tag:a"}]}`, 0, "device 0: the field tags: it is a string, not an array"},
		{"list of lists", `{"devices":[{"id":"1","addresses":[[]]}]}`, 0, "device 0: the field addresses: it is an array, not a string"},
		{"cut", `{"devices":[{"id":"1"}`, 0, "it is not one complete JSON value"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			devices, err := parseDevices([]byte(test.body))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != test.err || len(devices) != test.want {
				t.Errorf("got %d devices and %q, want %d and %q", len(devices), got, test.want, test.err)
			}
		})
	}
}

func TestOnline(t *testing.T) {
	tests := map[string]bool{
		`{"id":"1","connectedToControl":true}`:                    true,
		`{"id":"1","connectedToControl":false}`:                   false, // never online
		`{"id":"1","connectedToControl":false,"lastSeen":"2026"}`: false,
		`{"id":"1"}`: true,
		`{"id":"1","lastSeen":"2026-01-01T00:00:00Z"}`:              false,
		`{"id":"1","connectedToControl":null,"lastSeen":"2026-01"}`: false,
	}
	for text, want := range tests {
		d, err := newDevice(Object{text})
		if err != nil || d.Online() != want {
			t.Errorf("%s: got %v, %v, want %v", text, d.Online(), err, want)
		}
	}
}
