// SPDX-License-Identifier: MIT

package tsapi

import (
	"bytes"
	"testing"

	"tailscale-mcp/internal/tsapi/object"
)

// FuzzDevice: whatever an object holds, decoding it ends in an error or in a device with
// the same text.
func FuzzDevice(f *testing.F) {
	for _, text := range []string{`{}`, `{"id":"1"}`, `{"nodeId":"n1CNTRL","tags":["tag:a"],"authorized":true}`, `{"id":"1","addresses":[{"a":[]}]}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := object.Parse([]byte(text))
		if err != nil {
			return
		}
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
		d, err := newDevice(object.Of(text))
		if err != nil || d.Online() != want {
			t.Errorf("%s: got %v, %v, want %v", text, d.Online(), err, want)
		}
	}
}
