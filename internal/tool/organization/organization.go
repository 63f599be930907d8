// SPDX-License-Identifier: MIT

// Package organization has the tools about the organization's tailnets
// (https://tailscale.com/api#tag/organizations). It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package organization

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
}

// Tools returns the group.
func Tools(api API) tool.Set { return tool.Set{Tools: []tool.Tool{list(api)}} }

// documented are the fields of a tailnet in the document.
var documented = []string{"id", "displayName", "orgId", "createdAt"}

// The pages are the API's own, so its cursor is passed on and nothing is kept.
type listInput struct {
	Limit  int    `json:"limit,omitempty" jsonschema:"at most" min:"1" max:"100" default:"100"`
	Cursor string `json:"cursor,omitempty" jsonschema:"nextCursor of the last answer"`
	tool.Selection
}

type listOutput struct {
	Tailnets   []tool.Object `json:"tailnets" jsonschema:"the tailnets, in the order of the Tailscale API"`
	Total      *int          `json:"total,omitempty" jsonschema:"how many there are in all, as the Tailscale API counts"`
	Returned   int           `json:"returned" jsonschema:"how many are in this answer"`
	NextCursor string        `json:"nextCursor,omitempty" jsonschema:"pass as cursor for the rest; absent when this is the end"`
}

func list(api API) tool.Tool {
	return tool.New(tool.Definition{
		Name:        "list_organization_tailnets",
		Title:       "List the organization's tailnets",
		Group:       "organization",
		Operations:  []string{"listOrganizationTailnets"},
		Class:       grant.Read,
		Example:     json.RawMessage(`{}`),
		Fields:      documented,
		Description: "Lists the tailnets of the organization, those made by API too. All other tools are about one tailnet.",
		Narrow:      "set a smaller limit",
	}, func(ctx context.Context, _ tool.Call, in listInput) (listOutput, error) {
		query := url.Values{}
		if in.Limit != 0 {
			query.Set("limit", strconv.Itoa(in.Limit))
		}
		if in.Cursor != "" {
			query.Set("cursor", in.Cursor)
		}
		// "-" is the organization of the credential.
		page, err := api.Object(ctx, tsapi.Request{Op: "listOrganizationTailnets", Params: []string{"-"}, Query: query})
		if err != nil {
			return listOutput{}, err
		}
		return show(page, in.Fields)
	})
}

func show(page tsapi.Object, fields []string) (listOutput, error) {
	var found []tool.Object
	text, there := page.Field("tailnets")
	if !there || json.Unmarshal(text, &found) != nil {
		return listOutput{}, &tsapi.Error{
			Code: failure.UpstreamMalformed, Op: "listOrganizationTailnets",
			Message: "the answer of the Tailscale API cannot be read: it has no list of tailnets",
			Next:    "try again later, or see whether TAILSCALE_API_URL is the Tailscale API",
		}
	}
	if len(fields) == 0 {
		fields = []string{"all"}
	}
	if err := tool.CheckFields(found, fields, documented); err != nil {
		return listOutput{}, err
	}
	out := listOutput{Tailnets: make([]tool.Object, len(found)), Returned: len(found), NextCursor: page.Text("cursor")}
	for i, o := range found {
		out.Tailnets[i] = tool.Project(o, fields, nil)
	}
	if text, there := page.Field("totalCount"); there {
		out.Total = new(int)
		if json.Unmarshal(text, out.Total) != nil {
			out.Total = nil // a count is no reason to show nothing
		}
	}
	return out, nil
}
