// SPDX-License-Identifier: MIT

package tool

import (
	"context"
	"strings"
	"testing"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// panics returns what f panics with, as text.
func panics(f func()) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text, _ = p.(string)
			if text == "" {
				text = "no text"
			}
		}
	}()
	f()
	return ""
}

func TestNewPanics(t *testing.T) {
	good := Definition{Name: "get_one", Title: "One", Group: "own", Class: grant.Read, Description: "For a test."}
	repeat := func(_ context.Context, _ Call, in struct{}) (struct{}, error) { return in, nil }
	for name, tt := range map[string]struct {
		change func(*Definition)
		want   string
	}{
		"name":                    {func(d *Definition) { d.Name = "get-one" }, "snake case"},
		"name of a selector":      {func(d *Definition) { d.Name = "read:*" }, "snake case"},
		"title":                   {func(d *Definition) { d.Title = "" }, "required"},
		"group":                   {func(d *Definition) { d.Group = "" }, "required"},
		"description":             {func(d *Definition) { d.Description = "" }, "required"},
		"class":                   {func(d *Definition) { d.Class = "harmless" }, "unknown class"},
		"no class":                {func(d *Definition) { d.Class = "" }, "unknown class"},
		"a change for everyone":   {func(d *Definition) { d.Class, d.ForEveryone = grant.Write, true }, "only a read"},
		"a privilege to everyone": {func(d *Definition) { d.Class, d.ForEveryone = grant.Escalating, true }, "only a read"},
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			tt.change(&d)
			if got := panics(func() { New(d, repeat) }); !strings.Contains(got, tt.want) {
				t.Errorf("got panic %q, want %q in it", got, tt.want)
			}
		})
	}
	if got := panics(func() {
		New(good, func(context.Context, Call, struct{ A string }) (struct{}, error) {
			return struct{}{}, nil
		})
	}); !strings.Contains(got, "tool get_one: input: field A has no description") {
		t.Errorf("input: got panic %q", got)
	}
	if got := panics(func() {
		New(good, func(context.Context, Call, struct{}) ([]string, error) { return nil, nil })
	}); !strings.Contains(got, "tool get_one: output: ") {
		t.Errorf("output: got panic %q", got)
	}
	if New(good, repeat).Timeout != gate.DefaultTimeout {
		t.Error("a tool without a timeout of its own has no bound")
	}
}
