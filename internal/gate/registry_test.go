// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

func toolNames(tools []gate.Tool) []string {
	return names(tools, func(t gate.Tool) string { return t.Name })
}

func uris(resources []gate.Resource) []string {
	return names(resources, func(r gate.Resource) string { return r.URI })
}

func promptNames(prompts []gate.Prompt) []string {
	return names(prompts, func(p gate.Prompt) string { return p.Name })
}

// TestCeiling: what is outside is not there at all, whatever is granted.
func TestCeiling(t *testing.T) {
	prompts := tool.Set{Prompts: []tool.Prompt{
		{Name: "reading", Tools: []string{"get_echo", "whoami"}},
		{Name: "writing", Tools: []string{"get_echo", "set_echo"}},
		{Name: "of_nothing", Tools: []string{"get_nothing"}},
	}}
	for _, tt := range []struct {
		name      string
		ceiling   []grant.Class
		tools     []string
		prompts   []string
		resources int
	}{
		{"read", []grant.Class{grant.Read}, []string{"get_echo", "get_gate", "get_other", "whoami"}, []string{"ask", "reading"}, 2},
		{"write only", []grant.Class{grant.Write}, []string{"set_echo", "set_gate", "whoami"}, nil, 0},
		{
			"read and write", []grant.Class{grant.Write, grant.Read},
			[]string{"get_echo", "get_gate", "get_other", "set_echo", "set_gate", "whoami"}, []string{"ask", "reading", "writing"}, 2,
		},
		{"nothing", nil, []string{"whoami"}, nil, 0},
		{"everything", grant.Classes(), []string{
			"create_key", "delete_echo", "get_echo", "get_gate", "get_other", "set_echo", "set_gate", "whoami",
		}, []string{"ask", "reading", "writing"}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarnessWithin(t, tt.ceiling, prompts)
			r := h.Snapshot()
			if diff := cmp.Diff(tt.tools, toolNames(r.Tools())); diff != "" {
				t.Errorf("tools (-want +got):\n%s", diff)
			}
			if got := promptNames(r.Prompts()); !slices.Equal(got, tt.prompts) {
				t.Errorf("got prompts %q, want %q", got, tt.prompts)
			}
			if got := len(r.Resources()); got != tt.resources {
				t.Errorf("got %d resources, want %d", got, tt.resources)
			}
			if !slices.Equal(r.Ceiling(), tt.ceiling) {
				t.Errorf("got ceiling %v, want %v", r.Ceiling(), tt.ceiling)
			}
			// The operator, who may do everything, cannot do more.
			c := alice(t, everything)
			for _, class := range []struct {
				class grant.Class
				name  string
			}{{grant.Read, "get_echo"}, {grant.Write, "set_echo"}, {grant.Destructive, "delete_echo"}, {grant.Escalating, "create_key"}} {
				_, err := h.call(t.Context(), c, class.name, `{}`)
				want := ""
				if !slices.Contains(tt.ceiling, class.class) {
					want = failure.UnknownName
				}
				if got := code(t, err); got != want {
					t.Errorf("%s: got %q, want %q", class.name, got, want)
				}
			}
		})
	}
}

// TestRegistryIsFixed: what it hands out is the asker's to change.
func TestRegistryIsFixed(t *testing.T) {
	ceiling := grant.Classes()
	r := tool.NewRegistry(ceiling, sample(newLatch())).Of("")
	ceiling[0] = "changed"
	r.Ceiling()[1] = "changed"
	r.Tools()[0].Name = "changed"
	r.Resources()[0].URI = "changed"
	r.Prompts()[0].Name = "changed"
	all := slices.Concat(toolNames(r.Tools()), uris(r.Resources()), promptNames(r.Prompts()))
	for _, class := range r.Ceiling() {
		all = append(all, string(class))
	}
	if slices.Contains(all, "changed") {
		t.Errorf("got %q, want the registry as it was made", all)
	}
}

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

func TestRegistryPanics(t *testing.T) {
	read := func(context.Context, string) (string, error) { return "", nil }
	one := tool.New(define("get_one", grant.Read), echo)
	also := tool.New(define("get_one", grant.Escalating), echo)
	for name, tt := range map[string]struct {
		sets []tool.Set
		want string
	}{
		"two tools in one set":    {[]tool.Set{{Tools: []tool.Tool{one, one}}}, "two tools are named get_one"},
		"two tools in two sets":   {[]tool.Set{{Tools: []tool.Tool{one}}, {Tools: []tool.Tool{one}}}, "two tools are named get_one"},
		"one outside the ceiling": {[]tool.Set{{Tools: []tool.Tool{one, also}}}, "two tools are named get_one"},
		"two resources":           {[]tool.Set{{Resources: []tool.Resource{{URI: "a://b", Read: read}, {URI: "a://b", Read: read}}}}, "two resources are named a://b"},
		"two prompts":             {[]tool.Set{{Prompts: []tool.Prompt{{Name: "p"}, {Name: "p"}}}}, "two prompts are named p"},
		"nothing to read with":    {[]tool.Set{{Resources: []tool.Resource{{URI: "a://b"}}}}, `resource "a://b": there is nothing to read it with`},
		"no URI":                  {[]tool.Set{{Resources: []tool.Resource{{URI: "b", Read: read}}}}, "this is no URI"},
		"a wildcard":              {[]tool.Set{{Resources: []tool.Resource{{URI: "a://b/*", Read: read}}}}, "this is no URI"},
		"a variable in between":   {[]tool.Set{{Resources: []tool.Resource{{URI: "a://{id}/b", Read: read}}}}, "whole last segment"},
		"two variables":           {[]tool.Set{{Resources: []tool.Resource{{URI: "a://{id}/{b}", Read: read}}}}, "whole last segment"},
		"half a segment":          {[]tool.Set{{Resources: []tool.Resource{{URI: "a://b{id}", Read: read}}}}, "whole last segment"},
		"half a variable":         {[]tool.Set{{Resources: []tool.Resource{{URI: "a://b/{", Read: read}}}}, "whole last segment"},
		"a variable of no name":   {[]tool.Set{{Resources: []tool.Resource{{URI: "a://b/{}", Read: read}}}}, "whole last segment"},
		"several segments":        {[]tool.Set{{Resources: []tool.Resource{{URI: "a://b/{/id}", Read: read}}}}, "whole last segment"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := panics(func() { tool.NewRegistry([]grant.Class{grant.Read}, tt.sets...) }); !strings.Contains(got, tt.want) {
				t.Errorf("got panic %q, want %q in it", got, tt.want)
			}
		})
	}
}
