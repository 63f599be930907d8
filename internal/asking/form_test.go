// SPDX-License-Identifier: MIT

package asking

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestForm: of a form, what its person reads has nothing hidden in it, and all else stays to the
// byte; what goes back to the server cannot be changed, and is refused where it may pass for
// something else.
func TestForm(t *testing.T) {
	all := Offers{Form: true, URL: true}
	for schema, want := range map[string]string{ // empty: refused
		`{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"number","minimum":1.0}}}`:                                             `=`,
		"{ \"title\" : \"A\\u202eB\" ,\n \"properties\":{\"z\":{\"description\":\"x\\u001b[2K\\ry\",\"n\":1.0}, \"a\":{\"title\":\"\u2066é\"}}}": "{ \"title\" : \"A" + "B\" ,\n \"properties\":{\"z\":{\"description\":\"x[2K\\ny\",\"n\":1.0}, \"a\":{\"title\":\"é\"}}}",
		`{"properties":{"c":{"enum":["y","n"],"enumNames":["Yes\u200b","No\u202e"]}}}`:                                                           `{"properties":{"c":{"enum":["y","n"],"enumNames":["Yes","No"]}}}`,
		`{"properties":{"c":{"oneOf":[{"const":"y","title":"Yes\u2067"},{"const":"n","title":"<No>"}]}}}`:                                        `{"properties":{"c":{"oneOf":[{"const":"y","title":"Yes"},{"const":"n","title":"<No>"}]}}}`,
		`{"properties":{"c":{"type":"array","items":{"anyOf":[{"const":"y","Title":"Yes\u2067"}]}}}}`:                                            `{"properties":{"c":{"type":"array","items":{"anyOf":[{"const":"y","Title":"Yes"}]}}}}`,
		`{"properties":{"title":{"title":"T\u200b","default":"\u00e9"},"default":{"description":"\u200b"}}}`:                                     `{"properties":{"title":{"title":"T","default":"\u00e9"},"default":{"description":""}}}`,
		`{"title":"a\u200b","title":"b\u200b"}`:                                `{"title":"a","title":"b"}`,
		`{"title":{"x":1},"description":["a\u200b"],"pattern":"\\d\u200b"}`:    `=`,
		`{"properties":{"\u0646\u200c\u0645":{"enum":["\u2764\ufe0f"]}}}`:      `=`,
		`{"properties":{"a\u202eb":{"type":"string"}}}`:                        ``,
		`{"properties":{"a":{"enum":["no\u202e"]}}}`:                           ``,
		`{"properties":{"a":{"oneOf":[{"const":"n\u0000"}]}}}`:                 ``,
		`{"properties":{"a":{"default":"x\ry"}}}`:                              ``,
		strings.Repeat(`{"title":`, 40) + `"\u200b"` + strings.Repeat(`}`, 40): ``,
		strings.Repeat(`{"items":`, 40) + `"\u200b"` + strings.Repeat(`}`, 40): ``,
		`"\u200b"`: `=`,
		`null`:     `=`,
	} {
		r := Request{Elicit, json.RawMessage(`{"message":"","requestedSchema":` + schema + `}`)}
		err := all.Takes(r)
		if want == "" {
			if err == nil {
				t.Errorf("%s is taken", schema)
			}
			continue
		}
		if want == "=" {
			want = schema
		}
		want = `{"message":"The server s asks: ","requestedSchema":` + want + `}`
		if got := string(r.From("s").Params); err != nil || compact(got) != compact(want) {
			t.Errorf("%s: %v\n%s, want\n%s", schema, err, got, want)
		}
	}
	if err := all.Takes(Request{Elicit, json.RawMessage(`{"RequestedSchema":{}}`)}); err == nil {
		t.Error("a schema in other letters is taken")
	}
}

// compact is text without the spaces between its tokens.
func compact(text string) string {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		return err.Error()
	}
	return b.String()
}
