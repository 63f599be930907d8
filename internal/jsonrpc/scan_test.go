// SPDX-License-Identifier: MIT

package jsonrpc

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
		want      Envelope // without positions
		kind      Kind
	}{
		{"request", `{"jsonrpc":"2.0","id":7,"method":"ping"}`, Envelope{ID: []byte("7"), Method: "ping"}, Request},
		{"id last", `{"method":"ping","params":{"id":1},"jsonrpc":"2.0","id":"a"}`, Envelope{ID: []byte(`"a"`), Method: "ping"}, Request},
		{"big id as written", `{"id":12345678901234567890,"method":"m"}`, Envelope{ID: []byte("12345678901234567890"), Method: "m"}, Request},
		{"escaped key and method", `{"\u0069d":1,"meth\u006fd":"tools\/call"}`, Envelope{ID: []byte("1"), Method: "tools/call"}, Request},
		{"null id", `{"id":null,"method":"m"}`, Envelope{ID: []byte("null"), Method: "m"}, Invalid},
		{"object id", `{"id":{},"method":"m"}`, Envelope{ID: []byte("{}"), Method: "m"}, Invalid},
		{"notification", `{"method":"notifications/cancelled","params":{"requestId":"x"}}`, Envelope{Method: "notifications/cancelled", RequestID: []byte(`"x"`)}, Notification},
		{"response", `{"id":1,"result":{"method":"no"}}`, Envelope{ID: []byte("1"), HasResult: true}, Response},
		{"error", `{"id":1,"error":{}}`, Envelope{ID: []byte("1"), HasError: true}, Response},
		{"error with null id", `{"id":null,"error":{}}`, Envelope{ID: []byte("null"), HasError: true}, ErrorWithoutID},
		{"error without id", `{"error":{}}`, Envelope{HasError: true}, ErrorWithoutID},
		{"result without id", `{"result":{}}`, Envelope{HasResult: true}, Invalid},
		{"nothing", `{}`, Envelope{}, Invalid},
		{"method of another type", `{"id":1,"method":2}`, Envelope{ID: []byte("1")}, Invalid},
		{
			"modern",
			`{"id":1,"method":"tools/call","params":{"name":"t","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
			Envelope{ID: []byte("1"), Method: "tools/call", Name: "t", HasName: true, Version: "2026-07-28"},
			Request,
		},
		{"uri", `{"id":1,"method":"resources/read","params":{"uri":"a:b"}}`, Envelope{ID: []byte("1"), Method: "resources/read", URI: "a:b", HasURI: true}, Request},
		{"members of other objects", `{"id":1,"method":"m","x":{"params":{"name":"no"}},"params":{"arguments":{"name":"no","_meta":{"io.modelcontextprotocol/protocolVersion":"no"}}}}`, Envelope{ID: []byte("1"), Method: "m"}, Request},
		{"the last of a repeated member", `{"id":1,"id":2,"method":"a","method":"b","params":{"name":"x"},"params":{"uri":"y"}}`, Envelope{ID: []byte("2"), Method: "b", URI: "y", HasURI: true}, Request},
		{"line breaks between tokens", "{\"id\":1,\r\n\t\"method\":\"m\"}", Envelope{ID: []byte("1"), Method: "m", Multiline: true}, Request},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Scan([]byte(tt.msg))
			if err != nil {
				t.Fatal(err)
			}
			if k := got.Kind(); k != tt.kind {
				t.Errorf("kind: got %d, want %d", k, tt.kind)
			}
			if got.ID != nil && tt.msg[got.IDAt:got.IDAt+len(got.ID)] != string(got.ID) {
				t.Errorf("idAt: got %d, which is not where %s is", got.IDAt, got.ID)
			}
			w := tt.want
			if !bytes.Equal(got.ID, w.ID) || got.Method != w.Method || got.Name != w.Name || got.HasName != w.HasName ||
				got.URI != w.URI || got.HasURI != w.HasURI || got.Version != w.Version || !bytes.Equal(got.RequestID, w.RequestID) ||
				got.HasResult != w.HasResult || got.HasError != w.HasError || got.Multiline != w.Multiline {
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
		{"text", "hello", ErrNotJSON},
		{"cut off", `{"id":1,"method":"m"`, ErrNotJSON},
		{"two values", `{}{}`, ErrNotJSON},
		{"trailing comma", `{"a":1,}`, ErrNotJSON},
		{"leading zero", `{"a":01}`, ErrNotJSON},
		{"line break in a string", "{\"a\":\"b\nc\"}", ErrNotJSON},
		{"single quotes", `{'a':1}`, ErrNotJSON},
		{"bad escape", `{"a":"\x"}`, ErrNotJSON},
		{"not UTF-8", "{\"a\":\"\xff\"}", ErrNotJSON},
		{"too deep", `{"a":` + strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1) + `}`, ErrNotJSON},
		{"batch", `[{"id":1,"method":"m"}]`, ErrBatch},
		{"string", `"x"`, ErrNotObject},
		{"number", `1`, ErrNotObject},
		{"null", `null`, ErrNotObject},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Scan([]byte(tt.msg)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestIDKey(t *testing.T) {
	same := [][2]string{{"1", "1.0"}, {"1", "1e0"}, {"-0", "0"}, {`"a"`, `"\u0061"`}, {"100", "1E2"}}
	for _, p := range same {
		if a, b := IDKey([]byte(p[0])), IDKey([]byte(p[1])); a != b {
			t.Errorf("%s and %s: got keys %q and %q, want the same", p[0], p[1], a, b)
		}
	}
	differ := [][2]string{{"1", `"1"`}, {"9007199254740993", "9007199254740992"}, {"12345678901234567890", "12345678901234567891"}, {"1.5", "1"}, {`"a"`, `"A"`}}
	for _, p := range differ {
		if a, b := IDKey([]byte(p[0])), IDKey([]byte(p[1])); a == b {
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
			e, err := Scan([]byte(tt.msg))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(WithID([]byte(tt.msg), &e, []byte(tt.id))); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// FuzzScan holds scan against encoding/json: what is valid, and what the
// members are.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{}},"clientInfo":{"name":"t","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
		`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"b\u0000"}}`, `[]`, `{"id":1e5,"method":"\ud800"}`,
		`{"params":null}`, `{"id":-0.5E+10}`, "{\n}", `{"a":[1,{"b":[]}],"params":{"_meta":[]}}`, `{"id":"x","id":2}`,
		`{"id":2,"Id":2}`, `{"\u0069d":1,"result":{},"id":1}`, `{"re\u017fult":1,"result":{"id":1,"id":1}}`, `{"params":{},"params":{"_meta":{},"_meta":1}}`,
		`{"method":"notifications/cancelled","params":{"requestId":1,"requestId":[2]}}`, "{\"result\" :\r{},\n\"id\":7 }", `{"error":{},"id":null}`, `{"error":1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		if !bytes.Equal(bytes.Trim(msg, Space), msg) || bytes.Count(msg, []byte{'['})+bytes.Count(msg, []byte{'{'}) >= maxDepth {
			t.Skip()
		}
		e, err := Scan(msg)
		valid := json.Valid(msg) && utf8.Valid(msg)
		if valid == errors.Is(err, ErrNotJSON) {
			t.Fatalf("valid JSON: got %v (%v), want %v", err == nil, err, valid)
		}
		if err != nil {
			return
		}
		want := members(t, msg)
		if string(e.ID) != string(want["id"]) {
			t.Errorf("id: got %s, want %s", e.ID, want["id"])
		}
		if s, isText := str(want["method"]); s != e.Method || isText != e.HasMethod {
			t.Errorf("method: got %q %v, want %q %v", e.Method, e.HasMethod, s, isText)
		}
		params := members(t, want["params"])
		if s, isText := str(params["name"]); s != e.Name || isText != e.HasName {
			t.Errorf("name: got %q, want %q", e.Name, s)
		}
		if s, isText := str(params["uri"]); s != e.URI || isText != e.HasURI {
			t.Errorf("uri: got %q, want %q", e.URI, s)
		}
		if s, _ := str(members(t, params["_meta"])[VersionKey]); s != e.Version {
			t.Errorf("version: got %q, want %q", e.Version, s)
		}
		if string(e.RequestID) != string(params["requestId"]) {
			t.Errorf("requestId: got %s, want %s", e.RequestID, params["requestId"])
		}
		if _, has := want["result"]; has != e.HasResult {
			t.Errorf("result: got %v, want %v", e.HasResult, has)
		}
		if _, has := want["error"]; has != e.HasError {
			t.Errorf("error: got %v, want %v", e.HasError, has)
		}
		if breaks := bytes.ContainsAny(msg, "\r\n"); breaks != e.Multiline {
			t.Errorf("line breaks: got %v, want %v", e.Multiline, breaks)
		}
		if got, want := e.Repeated != "", repeats(t, msg); got != want {
			t.Errorf("repeated: got %q, want %v", e.Repeated, want)
		}
		if k := e.Kind(); e.Repeated == "" && (k == Response || k == ErrorWithoutID) {
			checkWithID(t, msg, &e)
		}
		before := compact(t, msg)
		if got := OneLine(bytes.Clone(msg)); bytes.ContainsAny(got, "\r\n") || !bytes.Equal(compact(t, got), before) {
			t.Errorf("on one line: got %q, want %q", got, before)
		}
	})
}

// repeats reports whether a member that the relay reads is in msg twice.
func repeats(t *testing.T, msg []byte) bool {
	t.Helper()
	seen, again := map[string]bool{}, false
	note := func(name string) {
		again = again || seen[name]
		seen[name] = true
	}
	walk(t, msg, func(name string, value json.RawMessage) {
		for _, known := range ownMembers {
			if strings.EqualFold(name, known) {
				note(known)
			}
		}
		if name != "params" || value[0] != '{' {
			return
		}
		walk(t, value, func(name string, _ json.RawMessage) {
			if name == "_meta" || name == "requestId" {
				note("params." + name)
			}
		})
	})
	return again
}

// walk calls visit for each member of an object, in order.
func walk(t *testing.T, object []byte, visit func(name string, value json.RawMessage)) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		visit(name.(string), value)
	}
}

// TestScanRepeated: a member that other programs could read otherwise than the relay
// does is told.
func TestScanRepeated(t *testing.T) {
	for msg, want := range map[string]string{
		`{"id":2,"id":2,"result":{}}`:                           "id",
		`{"id":2,"ID":3,"result":{}}`:                           "id",
		`{"Id":2,"\u0069d":3,"result":{}}`:                      "id",
		`{"id":2,"re\u017fult":{},"result":{}}`:                 "result",
		`{"id":2,"method":"m","method":"m"}`:                    "method",
		`{"jsonrpc":"2.0","id":2,"result":{},"jsonrpc":"1.0"}`:  "jsonrpc",
		`{"id":2,"error":{},"Error":{}}`:                        "error",
		`{"method":"m","params":{},"params":{}}`:                "params",
		`{"method":"m","params":{"requestId":1,"requestId":2}}`: "requestId",
		`{"method":"m","params":{"_meta":{},"_meta":{}}}`:       "_meta",
		`{"id":2,"result":{"id":1,"id":2},"x":1,"x":2}`:         "",
		`{"id":2,"idd":2,"result":{},"results":{}}`:             "",
	} {
		if e, err := Scan([]byte(msg)); err != nil || e.Repeated != want {
			t.Errorf("%s: got %q (%v), want %q", msg, e.Repeated, err, want)
		}
	}
}

// checkWithID checks that another id changes that and nothing else.
func checkWithID(t *testing.T, msg []byte, e *Envelope) {
	t.Helper()
	want := members(t, msg)
	want["id"] = json.RawMessage(`"another"`)
	got := members(t, WithID(msg, e, want["id"]))
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

// TestStrings: wherever in a string a byte stands, it is taken for what it is.
func TestStrings(t *testing.T) {
	for length := 1; length < 20; length++ {
		for at := range length {
			for b := range 256 {
				text := []byte(`"` + strings.Repeat("x", length) + `"`)
				text[1+at] = byte(b)
				rest := len(text)
				ok := b >= 0x20 && b != '\\' // \x is no escape, and one that hides the end leaves none
				if b == '"' {
					rest = at + 2
				}
				s := Scanner{b: text}
				if got := s.Skip(); got != ok || ok && s.Pos() != rest {
					t.Fatalf("%q: %v at %d, want %v at %d", text, got, s.Pos(), ok, rest)
				}
			}
		}
	}
}

// TestAcceptedStrings: a string that is not checked ends where it did when it was.
func TestAcceptedStrings(t *testing.T) {
	parts := []string{"x", `\\`, `\"`, `\n`, `\u0022`, "é"}
	var all func(n int, begin string)
	all = func(n int, begin string) {
		text := []byte(begin + `","\\"`)
		checked, accepted := Scanner{b: text}, NewScanner(text)
		if !checked.Skip() || !accepted.Skip() || checked.Pos() != accepted.Pos() {
			t.Fatalf("%s: ends at %d, want %d", text, accepted.Pos(), checked.Pos())
		}
		for i := 0; n > 0 && i < len(parts); i++ {
			all(n-1, begin+parts[i])
		}
	}
	all(5, `"`)
	for _, text := range []string{`"`, `"x`, `"\"`, `"\`, `"\\\"`} { // and none that has no end is read beyond
		if s := NewScanner([]byte(text)); s.Skip() || s.Pos() > len(text) {
			t.Errorf("%s: it is passed over, to %d", text, s.Pos())
		}
	}
}
