// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithMembers(t *testing.T) {
	tests := []struct{ msg, want string }{
		{`{"method":"m","id":1}`, `{"method":"m","id":"new","params":{"_meta":{"a":1},"b":2}}`},
		{`{"params":null,"method":"m","id":7}`, `{"params":{"_meta":{"a":1},"b":2},"method":"m","id":"new"}`},
		{`{"id": 7 ,"params": { },"method":"m"}`, `{"id": "new" ,"params": {"_meta":{"a":1},"b":2 },"method":"m"}`},
		{`{"params":{"x":1.0},"method":"m","id":7}`, `{"params":{"_meta":{"a":1},"b":2,"x":1.0},"method":"m","id":"new"}`},
		{`{"id": 7 ,"params":{"x":1,"_meta":{}}}`, `{"id": "new" ,"params":{"b":2,"x":1,"_meta":{"a":1}}}`},
		{`{"params":{"_meta":null},"id":7}`, `{"params":{"b":2,"_meta":{"a":1}},"id":"new"}`},
		{`{"id": 7 ,"params":{"_meta": {"t":0}}}`, `{"id": "new" ,"params":{"b":2,"_meta": {"a":1,"t":0}}}`},
	}
	for _, tt := range tests {
		e, err := Scan([]byte(tt.msg))
		if err != nil {
			t.Fatal(err)
		}
		got, err := WithMembers([]byte(tt.msg), &e, []byte(`"new"`), `"a":1`, []byte(`"b"`), []byte(`:2`))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.msg, got, err, tt.want)
		}
	}
	for _, msg := range []string{`{"params":[]}`, `{"params":1}`, `{"params":{"_meta":"x"}}`} {
		e, err := Scan([]byte(msg))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := WithMembers([]byte(msg), &e, []byte(`"new"`), `"a":1`); !errors.Is(err, ErrParams) {
			t.Errorf("%s: got %s, %v, want %v", msg, got, err, ErrParams)
		}
	}
}

// FuzzWithMembers: what is added is there, and nothing else changes.
func FuzzWithMembers(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"m"}`,
		`{"id":1,"params":{"name":"x","_meta":{"progressToken":1}},"method":"m"}`,
		"{\"params\" : {\t},\"id\":1,\"method\":\"m\"}", `{"id":"a","params":{"_meta":{"a":{}}, "_meta" : { } },"method":"m"}`,
		`{"method":"m","params":1,"params":{},"id":1,"id":2}`, `{"id":1,"method":"m","params":{"_meta":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		msg = bytes.Trim(msg, Space)
		e, err := Scan(msg)
		if err != nil || e.Kind() != Request {
			return
		}
		before := bytes.Clone(msg)
		got, err := WithMembers(msg, &e, []byte(`"\u0001id"`), `"\u0001meta":1`, []byte(`"\u0001params":2`))
		if !bytes.Equal(msg, before) {
			t.Fatalf("got %q, want the request itself unchanged: %q", msg, before)
		}
		if err != nil {
			return
		}
		was, is := object(t, msg), object(t, got)
		params, _ := is["params"].(map[string]any)
		meta, _ := params["_meta"].(map[string]any)
		if meta["\u0001meta"] != json.Number("1") || params["\u0001params"] != json.Number("2") {
			t.Fatalf("%q: got %q, want both members", msg, got)
		}
		if is["id"] != "\u0001id" {
			t.Fatalf("%q: got %q, want the other id", msg, got)
		}
		delete(was, "id")
		delete(is, "id")
		delete(meta, "\u0001meta")
		delete(params, "\u0001params")
		if len(meta) == 0 {
			delete(params, "_meta")
		}
		if len(params) == 0 {
			delete(is, "params")
		}
		if p, ok := was["params"].(map[string]any); ok {
			if m, ok := p["_meta"].(map[string]any); p["_meta"] == nil || ok && len(m) == 0 {
				delete(p, "_meta")
			}
			if len(p) == 0 {
				delete(was, "params")
			}
		} else if was["params"] == nil {
			delete(was, "params")
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatalf("%q: got %q; the rest differs:\n%s", msg, got, diff)
		}
	})
}

func object(t *testing.T, msg []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(msg))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatalf("decoding %q: %v", msg, err)
	}
	return m
}
