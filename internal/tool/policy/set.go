// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
)

// doubted says what comes of a disagreement.
const doubted = "Where the Tailscale API and this server disagree about the new file, it wants a second code. "

type setInput struct {
	Policy string `json:"policy" jsonschema:"the whole new policy file in HuJSON, comments included; it replaces the present one"`
	ETag   string `json:"etag" jsonschema:"the etag of the file that was changed, as get_policy gives it"`
	tool.Confirmation
}

// changing are the operations of every change of the policy file.
var changing = slices.Concat([]string{"getTailnetSettings", "getPolicyFile", "validateAndTestPolicyFile"}, survey.Operations, []string{"setPolicyFile"})

// cost says how many calls a tool makes: its own, and those of a survey.
func cost(own int) string {
	return fmt.Sprintf("About %d calls to the Tailscale API, up to %d where rules have posture conditions or name Services.", own+2, own+survey.MostCalls)
}

// set is the tool that replaces the whole policy file.
func (c changer) set() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_policy", Title: "Replace the policy file", Group: group, Class: grant.Escalating,
		Weight:     survey.Weight,
		Operations: changing,
		Example:    json.RawMessage(`{"policy":"// Nobody.\n{\"grants\": []}","etag":"e0b2816b418b3f266309d94426ac7668"}`),
		Description: "Replaces the tailnet policy file, which decides who may reach and do what; edit_policy changes parts of it. Read it whole with get_policy, change it, keep its comments, and give its etag: " +
			"if somebody changed the file since, the call is refused as a conflict. The file is checked with its tests first. Called without confirm it changes nothing and shows the difference by lines (one of more than 24 KiB is refused) " +
			"and who gains or loses what in the tailnet as it is, the gravest first; losing your own way to this server is said. " + doubted + cost(4),
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
