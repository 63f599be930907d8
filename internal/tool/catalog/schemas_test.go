// SPDX-License-Identifier: MIT

package catalog

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// Some clients reject a whole list of tools for one schema that they dislike.
func TestSchemas(t *testing.T) {
	for _, d := range newRig(t, setup{}).offers.Tools {
		t.Run(d.Name, func(t *testing.T) {
			input := asMap(t, d.Input)
			if input["type"] != "object" || input["additionalProperties"] != false {
				t.Errorf("got type %v, additionalProperties %v; want an object that takes nothing else", input["type"], input["additionalProperties"])
			}
			if _, ok := input["properties"].(map[string]any); !ok {
				t.Error("there are no properties, not even none")
			}
			each(input, func(path string, schema map[string]any) {
				for _, word := range []string{"anyOf", "oneOf", "allOf", "not", "if", "then", "else", "$ref", "$defs", "dependentSchemas", "patternProperties"} {
					if _, ok := schema[word]; ok {
						t.Errorf("input%s has %s", path, word)
					}
				}
				if kind, ok := schema["type"].(string); !ok || kind == "null" {
					t.Errorf("input%s: got type %v, want one", path, schema["type"])
				}
				// What a boolean or an enum means, its name may say.
				items, _ := schema["items"].(map[string]any)
				said := schema["type"] == "boolean" || schema["enum"] != nil || items["enum"] != nil
				if path != "" && !strings.HasSuffix(path, "[]") && !said {
					if text, _ := schema["description"].(string); len(text) < 5 {
						t.Errorf("input%s: got description %q", path, text)
					}
				}
			})
			if d.Output == nil {
				return
			}
			output := asMap(t, d.Output)
			if output["type"] != "object" {
				t.Errorf("got output type %v, want an object", output["type"])
			}
			each(output, func(path string, schema map[string]any) {
				if _, ok := schema["required"]; ok {
					t.Errorf("output%s requires what upstream may omit", path)
				}
				if schema["additionalProperties"] == false {
					t.Errorf("output%s forbids what upstream may bring", path)
				}
			})
		})
	}
}

func asMap(t *testing.T, schema any) map[string]any {
	t.Helper()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// each visits a schema and all within it.
func each(schema map[string]any, visit func(path string, schema map[string]any)) {
	var walk func(path string, schema map[string]any)
	walk = func(path string, schema map[string]any) {
		visit(path, schema)
		if properties, ok := schema["properties"].(map[string]any); ok {
			for name, property := range properties {
				if p, ok := property.(map[string]any); ok {
					walk(path+"."+name, p)
				}
			}
		}
		if items, ok := schema["items"].(map[string]any); ok {
			walk(path+"[]", items)
		}
		if more, ok := schema["additionalProperties"].(map[string]any); ok {
			walk(path+".*", more)
		}
	}
	walk("", schema)
}

// Whatever a tool removes, a client finds it in the same two fields; but for devices, of
// which it removes many.
func TestRemovalsAnswerAlike(t *testing.T) {
	seen := 0
	for _, d := range Everything("1.2.3").Tools {
		if !strings.HasPrefix(d.Name, "delete_") || d.Name == "delete_device" {
			continue
		}
		seen++
		deleted, previous := d.Output.Properties["deleted"], d.Output.Properties["previous"]
		if len(d.Output.Properties) != 2 || deleted == nil || deleted.Type != "string" || previous == nil || !slices.Contains(append(previous.Types, previous.Type), "object") {
			t.Errorf("%s does not answer with deleted, a string, and previous, an object", d.Name)
		}
	}
	if seen != 8 {
		t.Errorf("got %d tools that remove one thing, want 8", seen)
	}
}
