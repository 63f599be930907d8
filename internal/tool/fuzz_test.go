// SPDX-License-Identifier: MIT

package tool

import (
	"encoding/json"
	"testing"

	"tailscale-mcp/internal/testbed/told"
)

// FuzzDecode takes any text for arguments: it is refused in words that a caller
// can be told, or what the tool gets is what its schema promises.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `{"nam":1}`,
		`{"name":42,"mode":"fast","count":"1e2","big":9007199254740993,"port":80.0,"ratio":"0.5","on":"TRUE","maybe":false}`,
		`{"tags":"[\"a\",2]","modes":"safe","ports":["80",443]}`,
		`{"rule":{"action":"drop","weight":"3"},"rules":"[{\"action\":\"accept\"}]","labels":{"a":1,"b":null},"raw":[{"a":null}]}`,
		`{"name":"a","\u006eame":"b"}`, `{"count":-1e400}`, `{"name":"\ud800"}`, "{\"name\":\"\xff\"}", `{"limit":5,"cursor":"x"} `,
	} {
		f.Add(seed)
	}
	schema := inputOf[everyKind](f)
	resolved, err := schema.Resolve(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, arguments string) {
		var in everyKind
		if err := decode(schema, json.RawMessage(arguments), &in); err != nil {
			told.Check(t, err)
			return
		}
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", in, err)
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(v); err != nil {
			t.Errorf("the tool gets %s, which its schema refuses: %v", text, err)
		}
		var again everyKind
		if err := decode(schema, text, &again); err != nil {
			t.Errorf("%s is refused the second time: %v", text, err)
		}
		textAgain, err := json.Marshal(again)
		if err != nil || string(textAgain) != string(text) {
			t.Errorf("got %s the second time, want %s (error %v)", textAgain, text, err)
		}
		// Nothing was dropped: every name that was sent is one of ours.
		var sent map[string]any
		if json.Unmarshal([]byte(arguments), &sent) == nil {
			for name := range sent {
				if schema.Properties[name] == nil {
					t.Errorf("the argument %q was ignored", name)
				}
			}
		}
	})
}
