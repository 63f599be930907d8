// SPDX-License-Identifier: MIT

package tool

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
)

// answer has whatever answers are made of, and is the sample of the golden
// schema.
type answer struct {
	Devices []Object          `json:"devices" jsonschema:"the devices"`
	Raw     json.RawMessage   `json:"raw,omitempty" jsonschema:"as it came"`
	Maybe   *json.RawMessage  `json:"maybe,omitempty"`
	Seen    time.Time         `json:"seen,omitzero"`
	Until   *time.Time        `json:"until,omitempty"`
	Addr    netip.Addr        `json:"addr,omitzero" jsonschema:"an address"`
	Ports   []netip.AddrPort  `json:"ports,omitempty"`
	Key     []byte            `json:"key"`
	Latency map[string]int64  `json:"latency,omitempty"`
	Classes []grant.Class     `json:"classes"`
	Inside  *inside           `json:"inside,omitempty"`
	By      map[string]inside `json:"by"`
	Listed
}

type inside struct {
	Name string `json:"name"`
}

func outputOf[Out any](t testing.TB) *jsonschema.Schema {
	t.Helper()
	s, err := outputSchema[Out]()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func indented(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

func TestGoldenInputSchema(t *testing.T) {
	told.Golden(t, "input.schema.json", indented(t, inputOf[everyKind](t)))
	told.Golden(t, "none.schema.json", indented(t, inputOf[none](t)))
}

func TestGoldenOutputSchema(t *testing.T) {
	told.Golden(t, "output.schema.json", indented(t, outputOf[answer](t)))
}

// keywords calls visit for every object in a schema with its path.
func keywords(t *testing.T, s *jsonschema.Schema, visit func(path string, object map[string]any)) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			visit(path, v)
			for name, inside := range v {
				walk(path+"/"+name, inside)
			}
		case []any:
			for _, inside := range v {
				walk(path, inside)
			}
		}
	}
	walk("", v)
}

// TestInputSchemaIsPortable: some clients reject the whole list of tools for
// anything beyond this.
func TestInputSchemaIsPortable(t *testing.T) {
	keywords(t, inputOf[everyKind](t), func(path string, object map[string]any) {
		if path == "" {
			if object["type"] != "object" || object["additionalProperties"] != false || object["properties"] == nil {
				t.Errorf("got %v at the top, want a plain object that accepts nothing else", object)
			}
		}
		for _, combinator := range []string{"oneOf", "anyOf", "allOf", "not", "if", "$ref", "$defs", "definitions", "patternProperties", "const"} {
			if _, ok := object[combinator]; ok && !strings.HasSuffix(path, "/properties") {
				t.Errorf("%s: got %s", path, combinator)
			}
		}
		if kind, ok := object["type"]; ok && !strings.HasSuffix(path, "/properties") {
			if name, ok := kind.(string); !ok || name == "null" {
				t.Errorf("%s: got type %v, want one that is not null", path, kind)
			}
		}
	})
}

func TestInputSchemaWithoutFields(t *testing.T) {
	text, err := json.Marshal(inputOf[none](t))
	if err != nil {
		t.Fatal(err)
	}
	// Clients want properties even when there are none.
	if got, want := string(text), `{"type":"object","properties":{},"additionalProperties":false}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestInputSchemaRefusesDefinitions(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func() (*jsonschema.Schema, error)
		want string
	}{
		{"a map", inputSchema[map[string]string], "is not a struct"},
		{"a pointer", inputSchema[*none], "is not a struct"},
		{"a type with a form of its own", inputSchema[time.Time], "is not written as an object"},
		{"no description", inputSchema[struct {
			A string `json:"a"`
		}], "field A has no description"},
		{"no description and no name", inputSchema[struct{ A string }], "field A has no description"},
		{"no description, name left out", inputSchema[struct {
			A string `json:",omitempty"`
		}], "field A has no description"},
		{"no description inside", inputSchema[struct {
			A []inside `json:"a" jsonschema:"a"`
		}], "field A: field Name has no description"},
		{"a bound that is no number", inputSchema[struct {
			A int `json:"a" jsonschema:"a" min:"one"`
		}], "field A: "},
		{"a default that is no JSON", inputSchema[struct {
			A int `json:"a,omitempty" jsonschema:"a" default:"one"`
		}], "default one is not JSON"},
		{"a default out of bounds", inputSchema[struct {
			A int `json:"a,omitempty" jsonschema:"a" max:"9" default:"10"`
		}], "10"},
		{"a default of another type", inputSchema[struct {
			A int `json:"a,omitempty" jsonschema:"a" default:"true"`
		}], ""},
		{"a default that is not accepted", inputSchema[struct {
			A string `json:"a,omitempty" jsonschema:"a" enum:"x,y" default:"z"`
		}], ""},
		{"a channel", inputSchema[struct {
			A chan int `json:"a" jsonschema:"a"`
		}], "unsupported"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := tt.make()
			if err == nil {
				t.Fatalf("got %v, want an error", s)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestDefaultsAreTrue: what the schema says is what happens.
func TestDefaultsAreTrue(t *testing.T) {
	if got := string(inputOf[everyKind](t).Properties["limit"].Default); got != "50" || DefaultPage != 50 {
		t.Errorf("got default %s for a page of %d", got, DefaultPage)
	}
}

// TestOutputSchemaRequiresNothing: upstream may omit every field and add others.
func TestOutputSchemaRequiresNothing(t *testing.T) {
	keywords(t, outputOf[answer](t), func(path string, object map[string]any) {
		if strings.HasSuffix(path, "/properties") {
			return
		}
		if required, ok := object["required"]; ok {
			t.Errorf("%s: requires %v", path, required)
		}
		if object["additionalProperties"] == false {
			t.Errorf("%s: allows no other members", path)
		}
	})
}

// TestOutputSchemaFits holds answers against the schema as clients do.
func TestOutputSchemaFits(t *testing.T) {
	resolved, err := outputOf[answer](t).Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	raw := json.RawMessage(`[1,"a"]`)
	now := time.Now()
	for name, out := range map[string]answer{
		"nothing": {},
		"everything": {
			Devices: []Object{{"name": json.RawMessage(`"web"`), "online": json.RawMessage(`true`), "tags": json.RawMessage(`["tag:web"]`), "new": json.RawMessage(`{"a":null}`)}},
			Raw:     raw, Maybe: &raw, Seen: now, Until: &now, Addr: netip.MustParseAddr("100.64.0.1"), Ports: []netip.AddrPort{netip.MustParseAddrPort("100.64.0.1:1")},
			Key: []byte("key"), Latency: map[string]int64{"fra": 1}, Classes: grant.Classes(), Inside: &inside{"x"}, By: map[string]inside{"a": {"x"}},
			Listed: Listed{Total: 1, Returned: 1, NextCursor: "x"},
		},
		"empty lists": {Devices: []Object{}, Classes: []grant.Class{}, Key: []byte{}},
	} {
		text, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(v); err != nil {
			t.Errorf("%s: the schema refuses %s: %v", name, text, err)
		}
	}
	for _, text := range []string{`{"devices":[{"name":"web"}],"more":1}`, `{}`} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(v); err != nil {
			t.Errorf("the schema refuses %s: %v", text, err)
		}
	}
	// It does say something.
	for _, text := range []string{`{"devices":7}`, `{"total":"many"}`, `[]`} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if resolved.Validate(v) == nil {
			t.Errorf("the schema accepts %s", text)
		}
	}
}

func TestOutputSchemaIsAnObject(t *testing.T) {
	for name, make := range map[string]func() (*jsonschema.Schema, error){
		"a list": outputSchema[[]string], "text": outputSchema[string], "raw JSON": outputSchema[json.RawMessage],
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s: got no error, want that structured content has to be an object", name)
		}
	}
}

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"get_device_info": true, "a": true, "get_ip4": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "Get": false, "get-x": false, "get x": false, "get.x": false, "gét": false, "*": false, "read:*": false,
	} {
		if got := validName(name); got != want {
			t.Errorf("validName(%q): got %v, want %v", name, got, want)
		}
		if want && !grant.IsToolName(name) {
			t.Errorf("%q could not be granted", name)
		}
	}
}

// The name of a boolean, and the values of an enum, may say what they mean.
func TestNoDescriptionNeeded(t *testing.T) {
	s, err := inputSchema[struct {
		On   *bool    `json:"on,omitempty"`
		Kind string   `json:"kind" enum:"a,b"`
		Many []string `json:"many" enum:"a,b"`
	}]()
	if err != nil || s.Properties["on"].Type != "boolean" || len(s.Properties["kind"].Enum) != 2 || len(s.Properties["many"].Items.Enum) != 2 {
		t.Errorf("got %s and %v", schemaJSON(s), err)
	}
}

// What a call may ask for is told in the schema, and more than that is read: the API may
// have a field that the list of a group has not.
func TestFieldsAreToldNotHeld(t *testing.T) {
	kind := Kind{Listed: []string{"id", "name"}, Shown: []string{"name", "id"}, Documented: []string{"key", "born"}, Secret: []string{"key"}}
	type asked struct{ Selection }
	var got []string
	made := New(Definition{
		Name: "list_things", Title: "Things", Group: "things", Class: grant.Read, Description: "Lists things.",
		Fields: kind.Fields(), Example: json.RawMessage(`{"fields":["someDay"]}`),
	}, func(_ context.Context, _ Call, in asked) (struct{}, error) {
		got = in.Fields
		return struct{}{}, nil
	})
	if text := string(schemaJSON(made.Input.Properties["fields"].Items)); text != `{"type":"string","enum":["all","born","id","name"]}` {
		t.Errorf("the schema tells %s", text)
	}
	if _, err := made.run(t.Context(), Call{}, json.RawMessage(`{"fields":"someDay"}`)); err != nil || len(got) != 1 || got[0] != "someDay" {
		t.Errorf("read %v, %v", got, err)
	}
	if _, err := withFields(made.Input.Properties["fields"], kind.Fields()); err == nil {
		t.Error("arguments without fields took some")
	}
}
