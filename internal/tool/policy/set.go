// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
)

type setInput struct {
	Policy string `json:"policy" jsonschema:"the whole new file in HuJSON"`
	ETag   string `json:"etag" jsonschema:"from get_policy"`
	tool.Confirmation
}

// changing are the operations of every change of the policy file.
var changing = slices.Concat([]string{"getTailnetSettings", "getPolicyFile", "validateAndTestPolicyFile"}, survey.Operations, []string{"setPolicyFile"})

// set is the tool that replaces the whole policy file.
func (c changer) set() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_policy", Title: "Replace the policy file", Group: group, Class: grant.Escalating,
		Weight:      survey.Weight,
		Operations:  changing,
		Example:     json.RawMessage(`{"policy":"// Nobody.\n{\"grants\": []}","etag":"e0b2816b418b3f266309d94426ac7668"}`),
		Description: "Replaces the whole tailnet policy file; prefer edit_policy. Without confirm it saves nothing and shows the difference and who gains or loses what.",
	}, func(ctx context.Context, call tool.Call, in setInput) (changeOutput, error) {
		if _, err := parse(in.Policy); err != nil {
			return changeOutput{}, err
		}
		if strings.TrimSpace(in.ETag) == "" {
			return changeOutput{}, tool.Invalidf("call get_policy and give its etag", "the argument etag is empty")
		}
		p, err := c.present(ctx, in.ETag, again)
		if err != nil {
			return changeOutput{}, err
		}
		return c.change(ctx, call, p, proposal{text: in.Policy, effect: "replaces the tailnet policy file"}, in.Confirmation)
	})
}
