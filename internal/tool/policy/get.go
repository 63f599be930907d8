// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/visible"
)

type getInput struct {
	Format   string   `json:"format,omitempty" jsonschema:"json is without comments" enum:"hujson,json" default:"hujson"`
	Sections []string `json:"sections,omitempty" jsonschema:"such as grants, groups, ssh"`
}

type getOutput struct {
	Policy string      `json:"policy,omitempty" jsonschema:"the file, or the sections asked for, in HuJSON"`
	JSON   tool.Object `json:"json,omitempty" jsonschema:"the same as JSON, when format is json"`
	ETag   string      `json:"etag" jsonschema:"names this version of the file; edit_policy and set_policy want it"`
	Note   string      `json:"note,omitempty" jsonschema:"what is to know about this answer"`
}

func get(api API) tool.Tool {
	return tool.New(tool.Definition{
		Name: "get_policy", Title: "Show the policy file", Group: group, Class: grant.Read,
		Operations:  []string{"getPolicyFile"},
		Example:     json.RawMessage(`{"sections":["grants"]}`),
		Description: "Shows the tailnet policy file, or sections, and its etag. Who reaches what: explain_access.",
		Narrow:      narrow,
	}, func(ctx context.Context, _ tool.Call, in getInput) (getOutput, error) {
		ctx = tsapi.Fresh(ctx) // its etag is what a change is based on
		note := ""
		if len(in.Sections) > 0 {
			note = "these are some sections of the file; set_policy takes the whole file"
		}
		if in.Format == "json" {
			o, etag, err := api.PolicyJSON(ctx)
			if err != nil {
				return getOutput{}, err
			}
			out := getOutput{JSON: tool.Object{}, ETag: etag, Note: note}
			var names []string
			for name, value := range o.Fields() {
				names = append(names, name)
				if len(in.Sections) == 0 || wanted(in.Sections, name) {
					out.JSON[name] = value
				}
			}
			return out, known(in.Sections, names)
		}
		p, err := api.Policy(ctx)
		if err != nil {
			return getOutput{}, err
		}
		if n := visible.Count(p.HuJSON); n > 0 {
			note = strings.TrimPrefix(fmt.Sprintf("%s; the file has %d characters that cannot be seen: they are shown in the form %s, which stays if it is written back", note, n, `\u200b`), "; ")
		}
		out := getOutput{Policy: p.HuJSON, ETag: p.ETag, Note: note}
		if len(in.Sections) > 0 {
			out.Policy, err = only(p.HuJSON, in.Sections)
		}
		return out, err
	})
}

// only returns the file with no other sections than these, comments kept.
func only(text string, sections []string) (string, error) {
	v, err := hujson.Parse([]byte(text))
	if err != nil {
		return "", err
	}
	o, ok := v.Value.(*hujson.Object)
	if !ok {
		return "{}", nil
	}
	var names []string
	o.Members = slices.DeleteFunc(o.Members, func(m hujson.ObjectMember) bool {
		name, _ := m.Name.Value.(hujson.Literal)
		names = append(names, name.String())
		return !wanted(sections, name.String())
	})
	return string(v.Pack()), known(sections, names)
}

// wanted compares as the service does, which takes "acls" for "ACLs".
func wanted(sections []string, name string) bool {
	return slices.ContainsFunc(sections, func(s string) bool { return strings.EqualFold(s, name) })
}

func known(sections, names []string) error {
	for _, s := range sections {
		if !wanted(names, s) {
			return tool.Invalidf("the sections of the file are: "+strings.Join(names, ", "), "the policy file has no section %q", tool.Clip(s))
		}
	}
	return nil
}
