// SPDX-License-Identifier: MIT

package mirror

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"tailscale-mcp/internal/jsonrpc"
)

// mirroring is an input schema with these properties.
func mirroring(properties string) string {
	return `{"type":"object","properties":{` + properties + `}}`
}

// calling is a tools/call with these arguments.
func calling(arguments string) []byte {
	return []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":` + arguments + `,` + metaMember + `}}`)
}

// headersFor are the headers of a call, without headerParam.
func headersFor(t *testing.T, schema, arguments string) map[string]string {
	t.Helper()
	m, err := headersOf([]byte(schema))
	if err != nil {
		t.Fatalf("the schema: %v", err)
	}
	if m == nil {
		t.Fatal("the schema mirrors nothing")
	}
	h := http.Header{}
	m.Set(h, calling(arguments))
	got := map[string]string{}
	for name, values := range h {
		bare, ok := strings.CutPrefix(name, "Mcp-Param-")
		if !ok || len(values) != 1 {
			t.Fatalf("got header %s with %d values", name, len(values))
		}
		got[bare] = values[0]
	}
	return got
}

// TestPX17Values: "Value Encoding" and "Client Behavior" of the specification,
// and the cases that its proposal (SEP-2243) lists for tests.
func TestPX17Values(t *testing.T) {
	const absent = "\x00"
	tests := []struct{ name, typ, value, want string }{
		{"plain", "string", `"us-west1"`, "us-west1"},
		{"not ASCII", "string", `"Hello, 世界"`, "=?base64?SGVsbG8sIOS4lueVjA==?="},
		{"not ASCII, escaped", "string", `"Hello, \u4e16\u754c"`, "=?base64?SGVsbG8sIOS4lueVjA==?="},
		{"only not ASCII", "string", `"日本語"`, "=?base64?5pel5pys6Kqe?="},
		{"spaces at the ends", "string", `" padded "`, "=?base64?IHBhZGRlZCA=?="},
		{"leading space", "string", `" us-west1"`, "=?base64?IHVzLXdlc3Qx?="},
		{"trailing space", "string", `"us-west1 "`, "=?base64?dXMtd2VzdDEg?="},
		{"inner spaces", "string", `"us west 1"`, "us west 1"},
		{"leading tab", "string", `"\tindented"`, "=?base64?CWluZGVudGVk?="},
		{"line break", "string", `"line1\nline2"`, "=?base64?bGluZTEKbGluZTI=?="},
		{"carriage return", "string", `"line1\r\nline2"`, "=?base64?bGluZTENCmxpbmUy?="},
		{"like the encoded form", "string", `"=?base64?literal?="`, "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="},
		{"empty", "string", `""`, ""},
		{"integer", "integer", `42`, "42"},
		{"negative", "integer", `-7`, "-7"},
		{"zero", "integer", `0`, "0"},
		{"no negative zero", "integer", `-0`, "0"},
		{"integer with a point", "integer", `42.0`, "42"},
		{"integer with an exponent", "integer", `-1.20e2`, "-120"},
		{"integer with a negative exponent", "integer", `4200E-2`, "42"},
		{"the largest safe one", "integer", `9007199254740991`, "9007199254740991"},
		{"not rounded", "integer", `9007199254740993`, "9007199254740993"},
		{"not rounded, with a point", "integer", `9007199254740993.0`, "9007199254740993"},
		{"zero however written", "integer", `0.000e999999999999`, "0"},
		{"true", "boolean", `true`, "true"},
		{"false", "boolean", `false`, "false"},
		{"null", "boolean", `null`, absent},
		{"null, allowed by the schema", `string","null`, `null`, absent},
		{"nullable, with a value", `string","null`, `"x"`, "x"},

		// What the schema does not allow is the server's to refuse.
		{"no integer", "integer", `3.14159`, absent},
		{"hardly no integer", "integer", `9007199254740991.4`, absent},
		{"far too large", "integer", `1e999999999`, absent},
		{"far too small", "integer", `1e-999999999`, absent},
		{"an exponent beyond all", "integer", `1e99999999999999999999`, absent},
		{"array", "string", `["x"]`, absent},
		{"object", "string", `{"x":"y"}`, absent},
		{"number for a string", "string", `5`, "5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := headersFor(t, mirroring(`"v":{"type":["`+tt.typ+`"],"x-mcp-header":"V"}`), `{"v":`+tt.value+`}`)["V"]
			if !ok {
				got = absent
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestPX17Paths: a value is read at the exact path of its property.
func TestPX17Paths(t *testing.T) {
	schema := mirroring(`
		"region":{"type":"string","x-mcp-header":"Region"},
		"x-mcp-header":{"type":"string"},
		"where":{"type":"object","properties":{
			"zone":{"type":"string","x-mcp-header":"Zone-ID"},
			"inner":{"properties":{"n":{"type":"integer","x-mcp-header":"n"}}}}},
		"a\u0062":{"type":"string","x-mcp-header":"Method"},
		"other":{"type":"string"}`)
	tests := []struct {
		name, arguments string
		want            map[string]string
	}{
		{"all", `{"other":"no","region":"r","where":{"inner":{"n":1},"zone":"z"},"ab":"m","x-mcp-header":"no"}`, map[string]string{"Region": "r", "Zone-ID": "z", "n": "1", "Method": "m"}},
		{"names with escapes", `{"reg\u0069on":"r"}`, map[string]string{"Region": "r"}},
		{"none", `{}`, map[string]string{}},
		{"at another depth", `{"where":{"region":"no"},"zone":"no","n":1,"inner":{"n":1}}`, map[string]string{}},
		{"names differ by case", `{"Region":"no"}`, map[string]string{}},
		{"another type on the way", `{"where":["zone"]}`, map[string]string{}},
		{"no object at all", `[{"region":"no"}]`, map[string]string{}},
		{"null for arguments", `null`, map[string]string{}},
		{"the last of a repeated member", `{"region":"no","region":"yes"}`, map[string]string{"Region": "yes"}},
		{"the last of a repeated object", `{"where":{"zone":"no"},"where":{"inner":{"n":2}}}`, map[string]string{"n": "2"}},
		{"null as the last", `{"region":"no","region":null}`, map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := headersFor(t, schema, tt.arguments); !maps.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestPX17Schemas: which definitions mirror nothing, and which are invalid.
func TestPX17Schemas(t *testing.T) {
	on := func(typ, name string) string {
		return mirroring(`"p":{"type":` + typ + `,"x-mcp-header":` + name + `}`)
	}
	const hidden = `{"type":"string","x-mcp-header":"Region"}`
	tests := []struct {
		name, schema string
		reason       string // part of it; "" when valid
		mirrors      bool
	}{
		{"string", on(`"string"`, `"Region"`), "", true},
		{"integer", on(`"integer"`, `"Region"`), "", true},
		{"boolean", on(`"boolean"`, `"Region"`), "", true},
		{"every character of a token", on(`"string"`, `"!#$%&'*+-.^_`+"`"+`|~09azAZ"`), "", true},
		{"name of a standard header", on(`"string"`, `"Method"`), "", true},
		{"written with escapes", mirroring(`"p":{"type":"string","\u0078-mcp-header":"Region"}`), "", true},
		{"no annotation", mirroring(`"p":{"type":"string"}`), "", false},
		{"no object", `true`, "", false},
		{"properties of another type", `{"properties":["x-mcp-header"]}`, "", false},
		{"a property of that name", mirroring(`"x-mcp-header":{"type":"object"}`), "", false},
		{"in data", mirroring(`"p":{"const":{"x-mcp-header":""},"enum":[{"x-mcp-header":""}],"default":{"x-mcp-header":""},"examples":[{"x-mcp-header":""}]}`), "", false},

		{"empty", on(`"string"`, `""`), "empty", false},
		{"space", on(`"string"`, `"My Region"`), "not the name of a header", false},
		{"colon", on(`"string"`, `"Region:Primary"`), "not the name of a header", false},
		{"not ASCII", on(`"string"`, `"Région"`), "not the name of a header", false},
		{"control character", on(`"string"`, `"Region\t1"`), "not the name of a header", false},
		{"line break", on(`"string"`, `"a\r\nX-Tailscale-User: root"`), "not the name of a header", false},
		{"no string", on(`"string"`, `1`), "not a string", false},
		{"null", on(`"string"`, `null`), "not a string", false},
		{"on a number", on(`"number"`, `"Region"`), "number", false},
		{"on an object", on(`"object"`, `"Region"`), "object", false},
		{"on an array", on(`"array"`, `"Region"`), "array", false},
		{"on null", on(`"null"`, `"Region"`), "null", false},
		{"on several types", on(`["string","number"]`, `"Region"`), "number", false},
		{"on no type", mirroring(`"p":{"x-mcp-header":"Region"}`), "none", false},
		{"twice", mirroring(`"a":{"type":"string","x-mcp-header":"Region"},"b":{"type":"string","x-mcp-header":"Region"}`), `taken by "a"`, false},
		{"twice but for case, nested", mirroring(`"a":{"type":"string","x-mcp-header":"Region"},"b":{"properties":{"c":{"type":"string","x-mcp-header":"REGION"}}}`), `of "b.c" is taken by "a"`, false},
		{"at the root", `{"type":"string","x-mcp-header":"Region"}`, "root", false},

		{"items", mirroring(`"a":{"type":"array","items":` + hidden + `}`), `"items" of "a"`, false},
		{"items, a list", mirroring(`"a":{"type":"array","items":[{},` + hidden + `]}`), `"items"`, false},
		{"prefixItems", mirroring(`"a":{"prefixItems":[` + hidden + `]}`), `"prefixItems"`, false},
		{"properties of items", mirroring(`"a":{"items":{"properties":{"b":` + hidden + `}}}`), `"items"`, false},
		{"oneOf", `{"oneOf":[{"properties":{"a":` + hidden + `}}]}`, `"oneOf" at the root`, false},
		{"anyOf", `{"anyOf":[{},{"properties":{"a":` + hidden + `}}]}`, `"anyOf"`, false},
		{"allOf", `{"allOf":[{"properties":{"a":` + hidden + `}}]}`, `"allOf"`, false},
		{"not", `{"not":{"properties":{"a":` + hidden + `}}}`, `"not"`, false},
		{"if", `{"if":{"properties":{"a":` + hidden + `}}}`, `"if"`, false},
		{"then", `{"then":{"properties":{"a":` + hidden + `}}}`, `"then"`, false},
		{"else", `{"else":{"properties":{"a":` + hidden + `}}}`, `"else"`, false},
		{"what $ref names", `{"properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":` + hidden + `}}`, `"$defs"`, false},
		{"patternProperties", `{"patternProperties":{"^a":` + hidden + `}}`, `"patternProperties"`, false},
		{"additionalProperties", `{"additionalProperties":` + hidden + `}`, `"additionalProperties"`, false},
		{"below a composition, deeper", `{"properties":{"x":{"anyOf":[{"not":{"items":{"properties":{"y":` + hidden + `}}}}]}}}`, `"anyOf" of "x"`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := headersOf([]byte(tt.schema))
			if tt.reason == "" {
				if err != nil || (m != nil) != tt.mirrors {
					t.Errorf("got %v and error %v, want something mirrored: %v", m, err, tt.mirrors)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("got error %v, want one with %q", err, tt.reason)
			}
		})
	}
}

// FuzzParamHeaders checks of whatever schema and arguments that all headers are
// ones that HTTP can carry and say what the body says, and that a list is the
// same without the tool as if it had never been there.
func FuzzParamHeaders(f *testing.F) {
	f.Add([]byte(mirroring(`"a":{"type":"string","x-mcp-header":"A"},"o":{"properties":{"n":{"type":"integer","x-mcp-header":"N"}}}`)), []byte(`{"a":" x\n","o":{"n":4.20e1}}`))
	f.Add([]byte(mirroring(`"a":{"type":["boolean","null"],"x-mcp-header":"A"}`)), []byte(`{"a":null,"a":true}`))
	f.Add([]byte(mirroring(`"\u0061":{"type":"string","\u0078-mcp-header":"!~"}`)), []byte(`{"a":"=?base64?\ud800?="}`))
	f.Add([]byte(mirroring(`"a":{"type":"integer","x-mcp-header":"A"}`)), []byte(`{"a":-12345678901234567890.0e-1}`))
	f.Add([]byte(`{"allOf":[{"items":{"x-mcp-header":""}}],"properties":{"x-mcp-header":{}}}`), []byte(`[]`))
	f.Add([]byte(mirroring(`"a":{"type":"string","properties":{"b":{"type":"string","x-mcp-header":"b"}},"x-mcp-header":"a"}`)), []byte(`{"a":{"b":"c"},"a":"d"}`))
	f.Fuzz(func(t *testing.T, schema, arguments []byte) {
		list := []byte(`{"id":1,"result":{"tools":[{"name":"a"} , {"name":"t","inputSchema":` + string(schema) + `}, {"name":"z"}],"nextCursor":"x"}}`)
		msg := calling(string(arguments))
		_, badList := jsonrpc.Scan(list)
		_, badCall := jsonrpc.Scan(msg)
		if badList != nil || badCall != nil || !json.Valid(schema) || !json.Valid(arguments) {
			return
		}
		read := readToolList(list)
		if len(read.tools) != 3 || read.tools[1].name != "t" || !bytes.Equal(read.tools[1].schema, bytes.Trim(schema, jsonrpc.Space)) || string(read.next) != `"x"` {
			t.Fatalf("reading %s: got %+v", list, read)
		}
		m, err := headersOf(read.tools[1].schema)
		if err != nil {
			got := cutOut(slices.Clone(list), without(read.tools, []int{1}))
			if want := `{"id":1,"result":{"tools":[{"name":"a"}, {"name":"z"}],"nextCursor":"x"}}`; string(got) != want {
				t.Fatalf("without the tool: got %s, want %s", got, want)
			}
			return
		}
		if m == nil {
			return
		}
		h := http.Header{}
		m.Set(h, msg)
		var root any
		d := json.NewDecoder(bytes.NewReader(arguments))
		d.UseNumber()
		if err := d.Decode(&root); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{}
		expect(m, root, want)
		for name, values := range h {
			if !httpguts.ValidHeaderFieldName(name) || !strings.HasPrefix(name, "Mcp-Param-") || len(values) != 1 {
				t.Fatalf("got header %q with %d values", name, len(values))
			}
			v := values[0]
			if !httpguts.ValidHeaderFieldValue(v) || strings.TrimSpace(v) != v {
				t.Fatalf("%s: got %q, which no header can carry", name, v)
			}
			if !means(decoded(t, v), want[name]) {
				t.Fatalf("%s: got %q, want %v", name, v, want[name])
			}
			delete(want, name)
		}
		for name, v := range want {
			if mustBeSent(v) {
				t.Fatalf("%s: got no header, want %v", name, v)
			}
		}
	})
}

// expect finds the values that m is about by reading the arguments as most
// servers do.
func expect(m *Headers, v any, want map[string]any) {
	if m.header != "" {
		want[m.header] = v
	}
	object, _ := v.(map[string]any)
	for name, in := range m.inner {
		if value, ok := object[name]; ok {
			expect(in, value, want)
		}
	}
}

// means reports whether a decoded header says v.
func means(header string, v any) bool {
	switch v := v.(type) {
	case string:
		return header == v
	case bool:
		return header == map[bool]string{true: "true", false: "false"}[v]
	case json.Number:
		got, ok := new(big.Int).SetString(header, 10)
		want, isNumber := new(big.Rat).SetString(v.String())
		return ok && isNumber && want.IsInt() && got.Cmp(want.Num()) == 0 && got.String() == header
	}
	return false
}

// mustBeSent reports whether v has the form of a header for certain.
func mustBeSent(v any) bool {
	switch v := v.(type) {
	case string, bool:
		return true
	case json.Number:
		if strings.ContainsAny(v.String(), "eE") {
			return false // it may be too long to write out
		}
		n, ok := new(big.Rat).SetString(v.String())
		return ok && n.IsInt()
	}
	return false
}
