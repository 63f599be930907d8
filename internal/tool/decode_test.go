// SPDX-License-Identifier: MIT

package tool

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"tailscale-mcp/internal/testbed/told"
)

// everyKind has a field of every kind that tools use, and is the sample of the
// golden schema.
type everyKind struct {
	Name   string            `json:"name,omitempty" jsonschema:"a name"`
	Mode   string            `json:"mode,omitempty" jsonschema:"how it is done" enum:"fast,safe"`
	Count  int               `json:"count,omitempty" jsonschema:"how many" min:"1" max:"500" default:"50"`
	Big    int64             `json:"big,omitempty" jsonschema:"a large number"`
	Port   uint16            `json:"port,omitempty" jsonschema:"a port"`
	Ratio  float64           `json:"ratio,omitempty" jsonschema:"a share" min:"0" max:"1"`
	On     bool              `json:"on,omitempty" jsonschema:"a switch"`
	Maybe  *bool             `json:"maybe,omitempty" jsonschema:"a switch with a middle"`
	Tags   []string          `json:"tags,omitempty" jsonschema:"some tags"`
	Modes  []string          `json:"modes,omitempty" jsonschema:"some modes" enum:"fast,safe"`
	Ports  []int             `json:"ports,omitempty" jsonschema:"some ports"`
	Rule   *rule             `json:"rule,omitempty" jsonschema:"one rule"`
	Rules  []rule            `json:"rules,omitempty" jsonschema:"some rules"`
	Labels map[string]string `json:"labels,omitempty" jsonschema:"labels by name"`
	Raw    json.RawMessage   `json:"raw,omitempty" jsonschema:"anything"`
	Paging
}

type rule struct {
	Action string `json:"action" jsonschema:"what to do" enum:"accept,drop"`
	Weight int    `json:"weight,omitempty" jsonschema:"how much it counts" min:"1" max:"9"`
}

type required struct {
	Device string `json:"device" jsonschema:"the device"`
	Name   string `json:"name" jsonschema:"its new name" enum:"a,b"`
}

type none struct{}

func inputOf[In any](t testing.TB) *jsonschema.Schema {
	t.Helper()
	s, err := inputSchema[In]()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decoded(t testing.TB, arguments string) (everyKind, error) {
	t.Helper()
	var in everyKind
	err := decode(inputOf[everyKind](t), json.RawMessage(arguments), &in)
	return in, err
}

func TestDecode(t *testing.T) {
	yes, no := true, false
	for _, tt := range []struct {
		name, arguments string
		want            everyKind
	}{
		{"nothing", ``, everyKind{}},
		{"null", ` null `, everyKind{}},
		{"an empty object", ` {} `, everyKind{}},
		{"null is absent", `{"name":null,"count":null,"tags":null,"rule":null,"raw":null}`, everyKind{}},

		{"a string", `{"name":"web"}`, everyKind{Name: "web"}},
		{"a number for a string", `{"name":42}`, everyKind{Name: "42"}},
		{"a long number for a string stays as it was", `{"name":12345678901234567890}`, everyKind{Name: "12345678901234567890"}},
		{"true for a string", `{"name":true}`, everyKind{Name: "true"}},
		{"control characters are data", `{"name":"a\u0000\u001b[2J\nb"}`, everyKind{Name: "a\x00\x1b[2J\nb"}},
		{"an object in a string stays a string", `{"name":"{\"a\":1}"}`, everyKind{Name: `{"a":1}`}},
		{"an accepted value", `{"mode":"fast"}`, everyKind{Mode: "fast"}},

		{"a whole number", `{"count":42}`, everyKind{Count: 42}},
		{"text for a whole number", `{"count":" 42 "}`, everyKind{Count: 42}},
		{"a whole number with a fraction of zero", `{"count":42.0}`, everyKind{Count: 42}},
		{"a whole number with an exponent", `{"count":"4.2e1"}`, everyKind{Count: 42}},
		{"the bounds belong to it", `{"count":500,"limit":1}`, everyKind{Count: 500, Paging: Paging{Limit: 1}}},
		{"minus zero", `{"big":-0}`, everyKind{}},
		{"beyond what a float64 tells apart", `{"big":9007199254740993}`, everyKind{Big: 9007199254740993}},
		{"the largest", `{"big":9223372036854775807}`, everyKind{Big: math.MaxInt64}},
		{"the smallest", `{"big":"-9223372036854775808"}`, everyKind{Big: math.MinInt64}},
		{"a million", `{"big":1e6}`, everyKind{Big: 1000000}},
		{"the largest port", `{"port":65535}`, everyKind{Port: 65535}},
		{"a fraction", `{"ratio":0.25}`, everyKind{Ratio: 0.25}},
		{"text for a fraction", `{"ratio":"2.5e-1"}`, everyKind{Ratio: 0.25}},

		{"a switch", `{"on":true,"maybe":false}`, everyKind{On: true, Maybe: &no}},
		{"text for a switch", `{"on":" True ","maybe":"TRUE"}`, everyKind{On: true, Maybe: &yes}},

		{"a list", `{"tags":["a","b"]}`, everyKind{Tags: []string{"a", "b"}}},
		{"an empty list", `{"tags":[]}`, everyKind{Tags: []string{}}},
		{"one string for a list", `{"tags":"tag:web"}`, everyKind{Tags: []string{"tag:web"}}},
		{"no text for a list", `{"tags":""}`, everyKind{Tags: []string{}}},
		{"a list in a string", `{"tags":" [\"a\",\"b\"] "}`, everyKind{Tags: []string{"a", "b"}}},
		{"numbers in a list of strings", `{"tags":[1,true]}`, everyKind{Tags: []string{"1", "true"}}},
		{"text in a list of numbers", `{"ports":["80",443.0]}`, everyKind{Ports: []int{80, 443}}},
		{"one number as text for a list of numbers", `{"ports":"80"}`, everyKind{Ports: []int{80}}},
		{"accepted values in a list", `{"modes":"safe"}`, everyKind{Modes: []string{"safe"}}},

		{"an object", `{"rule":{"action":"drop","weight":"3"}}`, everyKind{Rule: &rule{"drop", 3}}},
		{"an object in a string", `{"rule":"{\"action\":\"drop\"}"}`, everyKind{Rule: &rule{Action: "drop"}}},
		{"a null member is absent", `{"rule":{"action":"drop","weight":null}}`, everyKind{Rule: &rule{Action: "drop"}}},
		{"a list of objects", `{"rules":[{"action":"drop"},"{\"action\":\"accept\"}"]}`, everyKind{Rules: []rule{{Action: "drop"}, {Action: "accept"}}}},
		{"an object of any members", `{"labels":{"a":"1","b":2}}`, everyKind{Labels: map[string]string{"a": "1", "b": "2"}}},
		{"anything", `{"raw":{"a":[1,{"b":null}]}}`, everyKind{Raw: json.RawMessage(`{"a":[1,{"b":null}]}`)}},
		{"members of an embedded struct", `{"limit":"7","cursor":"x"}`, everyKind{Paging: Paging{Limit: 7, Cursor: "x"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decoded(t, tt.arguments)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, tt := range []struct{ name, arguments, want string }{
		{"not an object", `[1]`, `invalid_argument: the arguments are not readable: not an object. Next step: send the arguments as one JSON object`},
		{"a string", `"x"`, `the arguments are not readable: not an object`},
		{"half an object", `{"name":`, `the arguments are not readable: `},
		{"text after it", `{} {}`, `the arguments are not readable: text after the object`},
		{"deeper than anyone reads", `{"raw":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, `the arguments are not readable: `},

		{"an unknown argument", `{"nam":"web"}`, `there is no argument "nam". Next step: the arguments are: big, count, cursor, `},
		{"another case", `{"Name":"web"}`, `there is no argument "Name"`},
		{"an unknown argument that is null", `{"nam":null}`, `there is no argument "nam"`},
		{"an unknown argument of escapes", `{"\u001b[2J\u202e":1}`, `there is no argument "\x1b[2J\u202e"`},
		{"twice", `{"name":"a","name":"b"}`, `"name" occurs twice`},
		{"twice in another spelling", `{"name":"a","\u006eame":"b"}`, `"name" occurs twice`},
		{"twice, once null", `{"name":"a","name":null}`, `"name" occurs twice`},

		{"an object for a string", `{"name":{}}`, `argument "name": wants a string. Next step: name is a name`},
		{"a list for a string", `{"name":["a"]}`, `argument "name": wants a string`},
		{"not an accepted value", `{"mode":"best"}`, `argument "mode": "best" is not one of the accepted values. Next step: mode is how it is done; one of fast, safe`},
		{"no value", `{"mode":""}`, `"" is not one of the accepted values`},
		{"another case of a value", `{"mode":"Fast"}`, `"Fast" is not one of the accepted values`},

		{"text for a number", `{"count":"many"}`, `argument "count": wants a whole number. Next step: count is how many; a number from 1 to 500`},
		{"true for a number", `{"count":true}`, `wants a whole number`},
		{"no text for a number", `{"count":""}`, `wants a whole number`},
		{"a fraction for a whole number", `{"count":1.5}`, `wants a whole number`},
		{"hexadecimal", `{"count":"0x10"}`, `wants a whole number`},
		{"octal", `{"count":"010"}`, `wants a whole number`},
		{"digits with a line", `{"big":"1_000"}`, `wants a whole number`},
		{"two numbers", `{"count":"1 2"}`, `wants a whole number`},
		{"infinity", `{"ratio":"Infinity"}`, `wants a number`},
		{"not a number", `{"ratio":"NaN"}`, `wants a number`},
		{"a number in quotes in quotes", `{"count":"\"42\""}`, `wants a whole number`},
		{"too few", `{"count":0}`, `argument "count": is below the smallest value, 1. Next step: count is how many; a number from 1 to 500`},
		{"too many", `{"count":501}`, `is above the largest value, 500`},
		{"too much by a little", `{"ratio":1.0000001}`, `is above the largest value, 1`},
		{"a negative port", `{"port":-1}`, `is below the smallest value, 0`},
		{"a port too far", `{"port":65536}`, `is above the largest value, 65535`},
		{"one more than the largest", `{"big":9223372036854775808}`, `is too large a number`},
		{"one less than the smallest", `{"big":-9223372036854775809}`, `is too large a number`},
		{"a huge number", `{"big":1e300}`, `is too large a number`},
		{"a number that is no float64", `{"big":1e400}`, `is too large a number`},
		{"a fraction that is no float64", `{"ratio":-1e400}`, `is too large a number`},
		{"not exact", `{"big":9007199254740993.0}`, `is too large a number`},

		{"a number for a switch", `{"on":1}`, `argument "on": wants true or false`},
		{"yes for a switch", `{"on":"yes"}`, `wants true or false`},

		{"a number for a list", `{"tags":42}`, `argument "tags": wants a list`},
		{"an object for a list", `{"tags":{}}`, `wants a list`},
		{"half a list in a string", `{"tags":"[\"a\""}`, `wants a list`},
		{"null in a list", `{"tags":["a",null]}`, `item 2 is null`},
		{"a list in a list", `{"tags":[["a"]]}`, `item 1: wants a string`},
		{"a fraction in a list of whole numbers", `{"ports":[80,1.5]}`, `item 2: wants a whole number`},
		{"a wrong value in a list", `{"modes":["fast","best"]}`, `argument "modes": item 2: "best" is not one of the accepted values. Next step: modes is some modes; one of fast, safe`},

		{"text for an object", `{"rule":"drop"}`, `argument "rule": wants an object`},
		{"a list for an object", `{"rule":[]}`, `argument "rule": wants an object: not an object`},
		{"an unknown member", `{"rule":{"action":"drop","wieght":1}}`, `argument "rule": it has no member "wieght", only: action, weight`},
		{"another case of a member", `{"rule":{"Action":"drop"}}`, `it has no member "Action"`},
		{"a member twice", `{"rule":{"action":"drop","action":"accept"}}`, `"action" occurs twice`},
		{"a member missing", `{"rule":{"weight":1}}`, `argument "rule": member "action": is required`},
		{"a member that is null", `{"rule":{"action":null}}`, `member "action": is required`},
		{"a wrong value in a member", `{"rule":{"action":"dorp"}}`, `member "action": "dorp" is not one of the accepted values`},
		{"a bound of a member", `{"rule":{"action":"drop","weight":10}}`, `member "weight": is above the largest value, 9`},
		{"an object in a list", `{"rules":[{"action":"drop"},{"a":1}]}`, `argument "rules": item 2: it has no member "a"`},
		{"a wrong value in an object of any members", `{"labels":{"a":[]}}`, `argument "labels": member "a": wants a string`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, err := decoded(t, tt.arguments)
			if err == nil {
				t.Fatalf("got %+v, want an error", in)
			}
			told.Check(t, err)
			if told := err.(*Error); told.Code != CodeInvalidArgument { //nolint:errorlint // CheckTold did
				t.Errorf("got code %s, want %s", told.Code, CodeInvalidArgument)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %s\nwant %s in it", err, tt.want)
			}
			for _, inside := range []string{"json:", "Go struct", "everyKind", "cannot unmarshal"} {
				if strings.Contains(err.Error(), inside) {
					t.Errorf("got %s, want nothing of how it is made", err)
				}
			}
		})
	}
}

func TestDecodeRequired(t *testing.T) {
	s := inputOf[required](t)
	for arguments, want := range map[string]string{
		``:                         `invalid_argument: the argument "device" is required. Next step: device is the device`,
		`{"name":"a"}`:             `the argument "device" is required`,
		`{"device":null}`:          `the argument "device" is required`,
		`{"device":"x"}`:           `the argument "name" is required. Next step: name is its new name; one of a, b`,
		`{"device":"x","name":""}`: `"" is not one of the accepted values`,
	} {
		var in required
		err := decode(s, json.RawMessage(arguments), &in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %s in it", arguments, err, want)
		}
	}
	var in required
	if err := decode(s, json.RawMessage(`{"name":"b","device":7}`), &in); err != nil || in != (required{"7", "b"}) {
		t.Errorf("got %+v, error %v", in, err)
	}
}

func TestDecodeNoArguments(t *testing.T) {
	s := inputOf[none](t)
	var in none
	for _, arguments := range []string{``, `{}`, `null`} {
		if err := decode(s, json.RawMessage(arguments), &in); err != nil {
			t.Errorf("%q: got %v, want no error", arguments, err)
		}
	}
	err := decode(s, json.RawMessage(`{"verbose":true}`), &in)
	if want := `invalid_argument: there is no argument "verbose". Next step: call it without arguments`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestDecodeOwnForms: types that read themselves refuse in our words.
func TestDecodeOwnForms(t *testing.T) {
	type own struct {
		At    time.Time  `json:"at,omitzero" jsonschema:"when"`
		Addr  netip.Addr `json:"addr,omitzero" jsonschema:"where"`
		Key   []byte     `json:"key,omitempty" jsonschema:"a key"`
		Least int        `json:"least,omitempty" jsonschema:"at least" min:"2"`
		Most  int        `json:"most,omitempty" jsonschema:"at most" max:"1000000"`
	}
	s := inputOf[own](t)
	var in own
	if err := decode(s, json.RawMessage(`{"at":"2026-03-04T05:06:07Z","addr":"100.64.0.1","key":"a2V5","least":2,"most":1000000}`), &in); err != nil ||
		in.At.Unix() != 1772600767 || in.Addr != netip.MustParseAddr("100.64.0.1") || string(in.Key) != "key" || in.Most != 1_000_000 {
		t.Errorf("got %+v, error %v", in, err)
	}
	for _, arguments := range []string{
		`{"at":"` + strings.Repeat("\\u001b", 10_000) + `"}`, `{"addr":"` + strings.Repeat("\\u202e", 10_000) + `"}`, `{"key":"*"}`, `{"at":7}`,
	} {
		err := decode(s, json.RawMessage(arguments), &in)
		told.Check(t, err)
		if !strings.Contains(err.Error(), "the arguments do not fit") {
			t.Errorf("%.40s: got %v", arguments, err)
		}
	}
	for arguments, want := range map[string]string{
		`{"least":1}`:      `is below the smallest value, 2. Next step: least is at least; a number not below 2`,
		`{"most":1000001}`: `is above the largest value, 1000000. Next step: most is at most; a number not above 1000000`,
	} {
		if err := decode(s, json.RawMessage(arguments), &in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s in it", arguments, err, want)
		}
	}
}

// TestDecodeRepeatsLittle: whatever a client sends, and however much, its text
// is short and harmless in what it is told.
func TestDecodeRepeatsLittle(t *testing.T) {
	long := strings.Repeat("\\u001b\u202eé𝕏", 4_000)
	for name, arguments := range map[string]string{
		"name of an argument": fmt.Sprintf(`{"%s":1}`, long),
		"name of a member":    fmt.Sprintf(`{"rule":{"%s":1}}`, long),
		"name of a label":     fmt.Sprintf(`{"labels":{"%s":[]}}`, long),
		"value":               fmt.Sprintf(`{"mode":"%s"}`, long),
		"value in a list":     fmt.Sprintf(`{"modes":["%s"]}`, long),
		"name that is twice":  fmt.Sprintf(`{"%s":1,"%s":1}`, long, long),
		"number":              `{"count":-0.` + strings.Repeat("0", 20_000) + `1}`,
		"number as text":      `{"count":"` + strings.Repeat("9", 20_000) + `"}`,
		"no JSON":             "\x1b[2J" + strings.Repeat("\u202e", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decoded(t, arguments)
			told.Check(t, err)
		})
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"web":                   `"web"`,
		"a\"b\n\x1b\u202e\x00é": `"a\"b\n\x1b\u202e\x00\u00e9"`,
		"\xff":                  `"\xff"`,
		strings.Repeat("x", 80): `"` + strings.Repeat("x", 80) + `"`,
		strings.Repeat("x", 81): `"` + strings.Repeat("x", 80) + `..."`,
	} {
		if got := quote(text); got != want {
			t.Errorf("quote(%q): got %s, want %s", text, got, want)
		}
	}
}

// A text that is JSON is taken as JSON too, wherever it stands.
func TestMedia(t *testing.T) {
	type in struct {
		Rules []struct {
			Rule string `json:"rule" media:"application/json" jsonschema:"a rule as JSON"`
			Name string `json:"name,omitempty" jsonschema:"its name"`
		} `json:"rules" jsonschema:"the rules"`
	}
	schema := inputOf[in](t)
	for _, c := range []struct{ arguments, want string }{
		{`{"rules":[{"rule":"{\"a\":[1]}"}]}`, `{"a":[1]}`},
		{`{"rules":[{"rule":{"a":[1]}}]}`, `{"a":[1]}`},
		{`{"rules":[{"rule":["<", 2]}]}`, `["<", 2]`},
		{`{"rules":[{"rule":"{}","name":{}}]}`, `member "name": wants a string`},
	} {
		var got in
		err := decode(schema, json.RawMessage(c.arguments), &got)
		if err != nil && !strings.Contains(err.Error(), c.want) || err == nil && got.Rules[0].Rule != c.want {
			t.Errorf("%s: got %+v and error %v, want %s", c.arguments, got, err, c.want)
		}
	}
}
