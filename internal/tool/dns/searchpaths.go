// SPDX-License-Identifier: MIT

package dns

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type searchPathsInput struct {
	SearchPaths []string `json:"searchPaths" jsonschema:"all from now on, such as corp.example.com"`
	tool.Confirmation
}

func (d *dns) setSearchPaths() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "set_dns_search_paths",
		Title:       "Replace the DNS search paths",
		Group:       group,
		Operations:  []string{"listDnsSearchPaths", "setDnsSearchPaths"},
		Class:       grant.Destructive,
		Idempotent:  true,
		Example:     json.RawMessage(`{"searchPaths":["corp.example.com"]}`),
		Description: "Replaces the search paths, domains with which devices complete short names.",
	}, func(ctx context.Context, call tool.Call, in searchPathsInput) (changed, error) {
		paths, err := domains(in.SearchPaths)
		if err != nil {
			return changed{}, err
		}
		before, err := d.read(ctx, "listDnsSearchPaths")
		if err != nil {
			return changed{}, err
		}
		present, err := decode[struct {
			SearchPaths []string `json:"searchPaths"`
		}]("listDnsSearchPaths", before)
		if err != nil {
			return changed{}, err
		}
		if err := call.Confirm(in.Confirmation, "dns search paths", replaces("DNS search paths", present.SearchPaths, paths)); err != nil {
			return changed{}, err
		}
		return d.change(ctx, "setDnsSearchPaths", map[string][]string{"searchPaths": explicit(paths)}, before)
	})
}
