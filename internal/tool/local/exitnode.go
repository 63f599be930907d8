// SPDX-License-Identifier: MIT

package local

import (
	"context"

	"tailscale-mcp/internal/tool"
)

type exitNodeResult struct {
	Suggestion *exitNodeSuggestion `json:"suggestion,omitempty" jsonschema:"absent when there is no node to suggest"`
	Note       string              `json:"note,omitempty" jsonschema:"why there is none"`
}

type exitNodeSuggestion struct {
	ID          string `json:"id" jsonschema:"stable node ID"`
	Name        string `json:"name" jsonschema:"full MagicDNS name"`
	Country     string `json:"country,omitempty"`
	CountryCode string `json:"countryCode,omitempty" jsonschema:"ISO 3166-1 alpha-2"`
	City        string `json:"city,omitempty"`
}

func (n *node) suggestExitNode() tool.Tool {
	d := read("suggest_exit_node", "Suggest an exit node", `{}`,
		"The exit node that this host would choose now.")
	return tool.New(d, func(ctx context.Context, _ tool.Call, _ nothing) (exitNodeResult, error) {
		if _, err := n.tailscaled.Self(ctx); err != nil {
			return exitNodeResult{}, err
		}
		s, err := n.tailscaled.SuggestExitNode(ctx)
		if err != nil {
			return exitNodeResult{}, err
		}
		if s.ID == "" {
			return exitNodeResult{Note: "no exit node that this host may use is online and admitted as a suggestion"}, nil
		}
		out := &exitNodeSuggestion{ID: string(s.ID), Name: trimDot(s.Name)}
		if s.Location.Valid() {
			out.Country, out.CountryCode, out.City = s.Location.Country(), s.Location.CountryCode(), s.Location.City()
		}
		return exitNodeResult{Suggestion: out}, nil
	})
}
