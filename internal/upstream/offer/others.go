// SPDX-License-Identifier: MIT

package offer

import (
	"context"
	"encoding/json"
	"fmt"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/look"
	"tailscale-mcp/internal/upstream/pin"
)

// others are the resources of a server: which there are, it says itself at each time;
// templates are those that were approved.
func others(s entry.Server, p pin.Pin, withheld func(pin.Kind, string) bool, ask Ask) *gate.Others {
	o := &gate.Others{
		Timeout: s.Timeout, Limit: limit,
		List: func(ctx context.Context, call gate.Call) ([]gate.Listed, error) { return list(ctx, s, call, ask) },
		Read: func(ctx context.Context, call gate.Call, uri string) (gate.Result, error) {
			result, err := ask(ctx, call, What{}, "resources/read", params("uri", uri, nil))
			if err != nil {
				return gate.Result{}, Explain(s.Name, s.Timeout, err)
			}
			return gate.Result{Raw: result}, nil
		},
	}
	for _, item := range p.Templates {
		if !withheld(pin.Template, item.Name) {
			o.Templates = append(o.Templates, gate.Listed{URI: item.Name, Text: item.Definition})
		}
	}
	return o
}

// list reads all pages of the server's list of resources.
func list(ctx context.Context, s entry.Server, call gate.Call, ask Ask) (all []gate.Listed, err error) {
	cursor, size := "", 0
	for range look.MostPages {
		var at json.RawMessage
		if cursor != "" {
			at = params("cursor", cursor, nil)
		}
		result, err := ask(ctx, call, What{}, "resources/list", at)
		if err != nil {
			return nil, Explain(s.Name, s.Timeout, err)
		}
		var page struct {
			Resources  []json.RawMessage `json:"resources"`
			NextCursor string            `json:"nextCursor"`
		}
		if json.Unmarshal(result, &page) != nil {
			return nil, malformed(s.Name, "resources/list")
		}
		for _, text := range page.Resources {
			var r struct {
				URI string `json:"uri"`
			}
			if json.Unmarshal(text, &r) != nil || r.URI == "" {
				return nil, malformed(s.Name, "resources/list")
			}
			all = append(all, gate.Listed{URI: r.URI, Text: text})
		}
		if size += len(result); len(all) > look.MostItems || size > look.MostBytes {
			return nil, Explain(s.Name, s.Timeout, fmt.Errorf("the server %s lists more than %d resources, or %d MiB of them", s.Name, look.MostItems, look.MostBytes>>20))
		}
		if page.NextCursor == "" || page.NextCursor == cursor {
			return all, nil
		}
		cursor = page.NextCursor
	}
	return nil, Explain(s.Name, s.Timeout, fmt.Errorf("the server %s lists its resources on more than %d pages", s.Name, look.MostPages))
}
