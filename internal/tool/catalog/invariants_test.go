// SPDX-License-Identifier: MIT

package catalog

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// What holds for every tool, resource and prompt, whoever writes the next one.

// groups are the packages beside this one that hold tools.
func groups(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() && !slices.Contains([]string{"catalog", "tooltest", "testdata"}, e.Name()) {
			found = append(found, e.Name())
		}
	}
	return found
}

func TestEveryGroupIsEntered(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "catalog.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var imported []string
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		imported = append(imported, path)
	}
	for _, group := range groups(t) {
		files, err := filepath.Glob(filepath.Join("..", group, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) > 0 && !slices.Contains(imported, "tailscale-mcp/internal/tool/"+group) {
			t.Errorf("the group %s is not entered in catalog.go", group)
		}
	}
}

func TestEveryToolIsTried(t *testing.T) {
	r := newRig(t, setup{}).dispatcher.Registry()
	var tools, resources []string
	for _, d := range r.Tools() {
		if d.Group != "local" {
			tools = append(tools, d.Name)
		}
	}
	for _, res := range r.Resources() {
		if res.URI != "bootstrap://status" {
			resources = append(resources, res.URI)
		}
	}
	for _, c := range []struct {
		kind        string
		tried, have []string
	}{
		{"tool", slices.Sorted(maps.Keys(calls)), tools},
		{"resource", slices.Sorted(maps.Keys(reads)), resources},
	} {
		for _, name := range c.have {
			if !slices.Contains(c.tried, name) {
				t.Errorf("the %s %s is not tried: enter a call of it in rig_test.go", c.kind, name)
			}
		}
		for _, name := range c.tried {
			if !slices.Contains(c.have, name) {
				t.Errorf("there is no %s %s to try", c.kind, name)
			}
		}
	}
}

// changes reports whether an operation changes something.
func changes(id string) bool {
	return slices.ContainsFunc(tailnet.Operations(), func(op tailnet.Operation) bool { return op.ID == id && op.Changes })
}

// A tool sends what its definition says, so the reference and the scopes that are
// made from it are true, and only a tool of a changing class changes anything.
func TestOperationsOfTools(t *testing.T) {
	r := newRig(t, setup{})
	seen := map[string]bool{}
	for _, d := range r.dispatcher.Registry().Tools() {
		for _, id := range d.Operations {
			if !slices.ContainsFunc(tailnet.Operations(), func(op tailnet.Operation) bool { return op.ID == id }) {
				t.Errorf("%s: there is no operation %s", d.Name, id)
			}
			if changes(id) && d.Class == grant.Read {
				t.Errorf("%s is a read, and %s changes something", d.Name, id)
			}
		}
		if calls[d.Name] == "" {
			continue
		}
		seed(r.fake)
		before := len(r.fake.Requests())
		if _, err := r.call(by(t, "alice@example.com", mayAll), d.Name, calls[d.Name]); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		for _, q := range r.fake.Requests()[before:] {
			seen[d.Name] = true
			if !slices.Contains(d.Operations, q.Operation) {
				t.Errorf("%s used %s, which its definition does not say", d.Name, q.Operation)
			}
		}
		if !seen[d.Name] {
			t.Errorf("%s asked nothing of the API", d.Name)
		}
	}
}

func TestDefinitions(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range newRig(t, setup{}).dispatcher.Registry().Tools() {
		t.Run(d.Name, func(t *testing.T) {
			if seen[d.Name] {
				t.Error("there are two of this name")
			}
			seen[d.Name] = true
			if !strings.Contains(d.Name, "_") && d.Name != "whoami" {
				t.Error("the name is not verb and object")
			}
			if d.Title == "" || len(d.Title) > 60 || strings.HasSuffix(d.Title, ".") {
				t.Errorf("got title %q, want a few words", d.Title)
			}
			// A model reads all of them before it calls one.
			if len(d.Description) < 60 || len(d.Description) > 1200 || !strings.HasSuffix(d.Description, ".") {
				t.Errorf("got a description of %d bytes, want a few sentences: %s", len(d.Description), d.Description)
			}
			if !strings.Contains(d.Description, "Tailscale API") && !strings.Contains(d.Description, "upstream") {
				t.Errorf("the description does not say what a call costs: %s", d.Description)
			}
			if !slices.Contains(groups(t), d.Group) {
				t.Errorf("got group %q, want one that is named as its package: %v", d.Group, groups(t))
			}
			if _, err := grant.ParseClass(string(d.Class)); err != nil {
				t.Error(err)
			}
			if d.Timeout <= 0 || d.Timeout > 5*time.Minute {
				t.Errorf("got a bound of %v, want one that a client waits for", d.Timeout)
			}
			if d.Class == grant.Read && d.Idempotent {
				t.Error("a read is idempotent anyhow: leave it out")
			}
			if d.Input.Properties["cursor"] != nil && d.Narrow == "" {
				t.Error("a list does not say how to ask for less")
			}
		})
	}
}

// The selectors by which the README tells administrators to grant a tool do so.
func TestEveryToolCanBeGranted(t *testing.T) {
	for _, d := range newRig(t, setup{}).dispatcher.Registry().Tools() {
		class, group := string(d.Class), d.Group
		selectors := []string{d.Name, class + ":*", "group:" + group + ":" + class}
		if d.Class != grant.Escalating {
			selectors = append(selectors, "*", "group:"+group)
		}
		for _, s := range selectors {
			if !by(t, "alice@example.com", `{"tools":["`+s+`"]}`).Rules.Tool(d.Granted()).Allowed {
				t.Errorf("%s does not allow %s", s, d.Name)
			}
		}
	}
}

// Some clients reject a whole list of tools for one schema that they dislike.
func TestSchemas(t *testing.T) {
	for _, d := range newRig(t, setup{}).dispatcher.Registry().Tools() {
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
				if path != "" && !strings.HasSuffix(path, "[]") {
					if text, _ := schema["description"].(string); len(text) < 8 {
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

func TestResourceDefinitions(t *testing.T) {
	registry := newRig(t, setup{}).dispatcher.Registry()
	_, uris := names(registry)
	for _, res := range registry.Resources() {
		t.Run(res.URI, func(t *testing.T) {
			if res.Name == "" || res.Title == "" || len(res.Description) < 40 || !strings.HasSuffix(res.Description, ".") || !strings.Contains(res.MIMEType, "/") {
				t.Errorf("got %+v, want name, title, description and MIME type", res)
			}
			if res.Alias != "" && (!grant.IsURI(res.Alias) || slices.Contains(uris, res.Alias)) {
				t.Errorf("the alias %s cannot be granted, or is another resource", res.Alias)
			}
			if res.Template() == (res.Complete == nil) {
				t.Error("a family offers its members, and only a family does")
			}
			rules := by(t, "alice@example.com", `{"resources":["`+res.URI+`"]}`).Rules
			if !rules.Template(grant.Template{URI: res.URI, Alias: res.Alias}).Allowed {
				t.Error("its own URI does not grant it")
			}
		})
	}
}

func TestPromptDefinitions(t *testing.T) {
	registry := newRig(t, setup{}).dispatcher.Registry()
	tools, _ := names(registry)
	for _, p := range registry.Prompts() {
		if p.Name == "" || p.Title == "" || p.Description == "" || p.Render == nil || len(p.Tools) == 0 {
			t.Errorf("%s: got %+v, want name, title, description, text and tools", p.Name, p)
		}
		arguments := map[string]string{}
		for _, a := range p.Arguments {
			if a.Name == "" || a.Description == "" {
				t.Errorf("%s: got argument %+v, want name and description", p.Name, a)
			}
			arguments[a.Name] = "value-of-" + a.Name
		}
		text := p.Render(arguments)
		for _, name := range p.Tools {
			if !slices.Contains(tools, name) || !strings.Contains(text, name) {
				t.Errorf("%s: the tool %s does not exist, or the text does not speak of it", p.Name, name)
			}
		}
	}
}

// Two of one name are noticed at start, whatever the ceiling hides.
func TestTwoOfOneName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two tools of one name were accepted")
		}
	}()
	tool.NewRegistry(nil, tool.WhoAmI(), tool.WhoAmI())
}
