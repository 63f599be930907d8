// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScan(t *testing.T) {
	tests := []struct {
		name, msg string
		want      envelope // without positions
		kind      kind
	}{
		{"request", `{"jsonrpc":"2.0","id":7,"method":"ping"}`, envelope{id: []byte("7"), method: "ping"}, request},
		{"id last", `{"method":"ping","params":{"id":1},"jsonrpc":"2.0","id":"a"}`, envelope{id: []byte(`"a"`), method: "ping"}, request},
		{"big id as written", `{"id":12345678901234567890,"method":"m"}`, envelope{id: []byte("12345678901234567890"), method: "m"}, request},
		{"escaped key and method", `{"\u0069d":1,"meth\u006fd":"tools\/call"}`, envelope{id: []byte("1"), method: "tools/call"}, request},
		{"null id", `{"id":null,"method":"m"}`, envelope{id: []byte("null"), method: "m"}, invalid},
		{"object id", `{"id":{},"method":"m"}`, envelope{id: []byte("{}"), method: "m"}, invalid},
		{"notification", `{"method":"notifications/cancelled","params":{"requestId":"x"}}`, envelope{method: "notifications/cancelled", requestID: []byte(`"x"`)}, notification},
		{"response", `{"id":1,"result":{"method":"no"}}`, envelope{id: []byte("1"), hasResult: true}, response},
		{"error", `{"id":1,"error":{}}`, envelope{id: []byte("1"), hasError: true}, response},
		{"error with null id", `{"id":null,"error":{}}`, envelope{id: []byte("null"), hasError: true}, errorWithoutID},
		{"error without id", `{"error":{}}`, envelope{hasError: true}, errorWithoutID},
		{"result without id", `{"result":{}}`, envelope{hasResult: true}, invalid},
		{"nothing", `{}`, envelope{}, invalid},
		{"method of another type", `{"id":1,"method":2}`, envelope{id: []byte("1")}, invalid},
		{
			"modern",
			`{"id":1,"method":"tools/call","params":{"name":"t","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
			envelope{id: []byte("1"), method: "tools/call", name: "t", hasName: true, version: "2026-07-28"},
			request,
		},
		{"uri", `{"id":1,"method":"resources/read","params":{"uri":"a:b"}}`, envelope{id: []byte("1"), method: "resources/read", uri: "a:b", hasURI: true}, request},
		{"members of other objects", `{"id":1,"method":"m","x":{"params":{"name":"no"}},"params":{"arguments":{"name":"no","_meta":{"io.modelcontextprotocol/protocolVersion":"no"}}}}`, envelope{id: []byte("1"), method: "m"}, request},
		{"the last of a repeated member", `{"id":1,"id":2,"method":"a","method":"b","params":{"name":"x"},"params":{"uri":"y"}}`, envelope{id: []byte("2"), method: "b", uri: "y", hasURI: true}, request},
		{"line breaks between tokens", "{\"id\":1,\r\n\t\"method\":\"m\"}", envelope{id: []byte("1"), method: "m", multiline: true}, request},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := scan([]byte(tt.msg))
			if err != nil {
				t.Fatal(err)
			}
			if k := got.kind(); k != tt.kind {
				t.Errorf("kind: got %d, want %d", k, tt.kind)
			}
			if got.id != nil && tt.msg[got.idAt:got.idAt+len(got.id)] != string(got.id) {
				t.Errorf("idAt: got %d, which is not where %s is", got.idAt, got.id)
			}
			w := tt.want
			if !bytes.Equal(got.id, w.id) || got.method != w.method || got.name != w.name || got.hasName != w.hasName ||
				got.uri != w.uri || got.hasURI != w.hasURI || got.version != w.version || !bytes.Equal(got.requestID, w.requestID) ||
				got.hasResult != w.hasResult || got.hasError != w.hasError || got.multiline != w.multiline {
				t.Errorf("got %+v, want %+v", got, w)
			}
		})
	}
}

func TestScanRefuses(t *testing.T) {
	tests := []struct {
		name, msg string
		want      error
	}{
		{"text", "hello", errNotJSON},
		{"cut off", `{"id":1,"method":"m"`, errNotJSON},
		{"two values", `{}{}`, errNotJSON},
		{"trailing comma", `{"a":1,}`, errNotJSON},
		{"leading zero", `{"a":01}`, errNotJSON},
		{"line break in a string", "{\"a\":\"b\nc\"}", errNotJSON},
		{"single quotes", `{'a':1}`, errNotJSON},
		{"bad escape", `{"a":"\x"}`, errNotJSON},
		{"not UTF-8", "{\"a\":\"\xff\"}", errNotJSON},
		{"too deep", `{"a":` + strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1) + `}`, errNotJSON},
		{"batch", `[{"id":1,"method":"m"}]`, errBatch},
		{"string", `"x"`, errNotObject},
		{"number", `1`, errNotObject},
		{"null", `null`, errNotObject},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := scan([]byte(tt.msg)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestIDKey(t *testing.T) {
	same := [][2]string{{"1", "1.0"}, {"1", "1e0"}, {"-0", "0"}, {`"a"`, `"\u0061"`}, {"100", "1E2"}}
	for _, p := range same {
		if a, b := idKey([]byte(p[0])), idKey([]byte(p[1])); a != b {
			t.Errorf("%s and %s: got keys %q and %q, want the same", p[0], p[1], a, b)
		}
	}
	differ := [][2]string{{"1", `"1"`}, {"9007199254740993", "9007199254740992"}, {"12345678901234567890", "12345678901234567891"}, {"1.5", "1"}, {`"a"`, `"A"`}}
	for _, p := range differ {
		if a, b := idKey([]byte(p[0])), idKey([]byte(p[1])); a == b {
			t.Errorf("%s and %s: got the same key %q, want two", p[0], p[1], a)
		}
	}
}

func TestWithID(t *testing.T) {
	tests := []struct{ name, msg, id, want string }{
		{"the same", `{"id": 1, "error":{}}`, "1", `{"id": 1, "error":{}}`},
		{"another", `{"x":1, "id" : null , "error":{}}`, `"a"`, `{"x":1, "id" : "a" , "error":{}}`},
		{"none", `{"error":{}}`, "5", `{"id":5,"error":{}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := scan([]byte(tt.msg))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(withID([]byte(tt.msg), &e, []byte(tt.id))); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// FuzzScan holds scan against encoding/json: what is valid, and what the
// members are.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		initialize, greeting, modernCall("1", "x"), legacyCall(`"a"`, `b\u0000`), `[]`, `{"id":1e5,"method":"\ud800"}`,
		`{"params":null}`, `{"id":-0.5E+10}`, "{\n}", `{"a":[1,{"b":[]}],"params":{"_meta":[]}}`, `{"id":"x","id":2}`,
		`{"method":"notifications/cancelled","params":{"requestId":1,"requestId":[2]}}`, "{\"result\" :\r{},\n\"id\":7 }", `{"error":{},"id":null}`, `{"error":1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		if !bytes.Equal(bytes.Trim(msg, jsonSpace), msg) || bytes.Count(msg, []byte{'['})+bytes.Count(msg, []byte{'{'}) >= maxDepth {
			t.Skip()
		}
		e, err := scan(msg)
		valid := json.Valid(msg) && utf8.Valid(msg)
		if valid == errors.Is(err, errNotJSON) {
			t.Fatalf("valid JSON: got %v (%v), want %v", err == nil, err, valid)
		}
		if err != nil {
			return
		}
		want := members(t, msg)
		if string(e.id) != string(want["id"]) {
			t.Errorf("id: got %s, want %s", e.id, want["id"])
		}
		if s, isText := str(want["method"]); s != e.method || isText != e.hasMethod {
			t.Errorf("method: got %q %v, want %q %v", e.method, e.hasMethod, s, isText)
		}
		params := members(t, want["params"])
		if s, isText := str(params["name"]); s != e.name || isText != e.hasName {
			t.Errorf("name: got %q, want %q", e.name, s)
		}
		if s, isText := str(params["uri"]); s != e.uri || isText != e.hasURI {
			t.Errorf("uri: got %q, want %q", e.uri, s)
		}
		if s, _ := str(members(t, params["_meta"])[versionKey]); s != e.version {
			t.Errorf("version: got %q, want %q", e.version, s)
		}
		if string(e.requestID) != string(params["requestId"]) {
			t.Errorf("requestId: got %s, want %s", e.requestID, params["requestId"])
		}
		if _, has := want["result"]; has != e.hasResult {
			t.Errorf("result: got %v, want %v", e.hasResult, has)
		}
		if _, has := want["error"]; has != e.hasError {
			t.Errorf("error: got %v, want %v", e.hasError, has)
		}
		if breaks := bytes.ContainsAny(msg, "\r\n"); breaks != e.multiline {
			t.Errorf("line breaks: got %v, want %v", e.multiline, breaks)
		}
		if k := e.kind(); k == response || k == errorWithoutID {
			checkWithID(t, msg, &e)
		}
		before := compact(t, msg)
		if got := oneLine(bytes.Clone(msg)); bytes.ContainsAny(got, "\r\n") || !bytes.Equal(compact(t, got), before) {
			t.Errorf("on one line: got %q, want %q", got, before)
		}
	})
}

// checkWithID checks that another id changes that and nothing else.
func checkWithID(t *testing.T, msg []byte, e *envelope) {
	t.Helper()
	want := members(t, msg)
	want["id"] = json.RawMessage(`"another"`)
	got := members(t, withID(msg, e, want["id"]))
	if len(got) != len(want) {
		t.Errorf("with another id: got %q, want %q", got, want)
	}
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("with another id: got %s %s, want %s", name, got[name], want[name])
		}
	}
}

func compact(t *testing.T, msg []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, msg); err != nil {
		t.Fatalf("%q: %v", msg, err)
	}
	return b.Bytes()
}

func members(t *testing.T, raw []byte) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if len(raw) > 0 && raw[0] == '{' {
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func str(raw []byte) (string, bool) {
	var s *string
	if json.Unmarshal(raw, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}
