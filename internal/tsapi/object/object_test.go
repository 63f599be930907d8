// SPDX-License-Identifier: MIT

package object

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObject(t *testing.T) {
	o, err := Parse([]byte(" {\"a\" : 1 , \"b\\u00e9\":\"\\\"}\",\"c\":[{\"a\":2},[]],\"a\":null,\"d\":{\"a\":[\"]\"]}, \"e\":true}\n"))
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
		if _, err := Parse([]byte(bad)); err == nil {
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
		o, err := Parse([]byte(text))
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
	})
}

// FuzzValid: nothing is valid to one of two readers only.
func FuzzValid(f *testing.F) {
	for _, text := range []string{
		`{"a":1,"a":2}`, `["\ud800","\udc00\ud800",""]`, "\"\xff\x80\"", "{\"\xff\":1,\"\xff\":2}", `[1.0e+1,-0,01]`, `"\x"`, "\"\t\"", "\ufeff{}", ` [] `, `[] []`, `{"a":}`, `[1,]`,
		strings.Repeat("[", 10000) + strings.Repeat("]", 10000), strings.Repeat("[", 10001) + strings.Repeat("]", 10001), strings.Repeat(`{"":`, 9999) + "{}" + strings.Repeat("}", 9999),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := valid(text), json.Valid(text); got != want {
			t.Errorf("%.80q: got %v, and %v of encoding/json", text, got, want)
		}
	})
}
