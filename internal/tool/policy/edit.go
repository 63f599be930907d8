// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"errors"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy/edit"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
)

type editInput struct {
	Operations []edit.Operation `json:"operations" jsonschema:"in order, all or none"`
	ETag       string           `json:"etag,omitempty" jsonschema:"absent: the present file"`
	tool.Confirmation
}

// edit is the tool that changes parts of the policy file.
func (c changer) edit() tool.Tool {
	return tool.New(tool.Definition{
		Name: "edit_policy", Title: "Edit the policy file", Group: group, Class: grant.Escalating,
		Weight:     survey.Weight,
		Operations: changing,
		Example:    json.RawMessage(`{"operations":[{"op":"add_member","name":"group:ops","member":"carol@example.com"}],"etag":"e0b2816b418b3f266309d94426ac7668"}`),
		Description: "Changes parts of the tailnet policy file, and keeps comments. Without confirm it saves nothing and shows the difference and who gains or loses what. " +
			`Operations: {"op":"add_member","name":"group:eng","member":"bob@example.com"}, remove_member; add_owner, remove_owner of a tag; ` +
			`add_rule {section:"grants",rule:'{"src":["group:eng"],"dst":["tag:web"],"ip":["443"]}'}, remove_rule {section,rule}, replace_rule {section,rule,with}; ` +
			"add_test, remove_test {rule}; add_host {name,address}, change_host {name,was,address}, remove_host {name,was}; replace_text {old,new}; json_patch {patch}.",
	}, func(ctx context.Context, call tool.Call, in editInput) (changeOutput, error) {
		p, err := c.present(ctx, in.ETag, again)
		if err != nil {
			return changeOutput{}, err
		}
		result, err := edit.Apply(p.HuJSON, in.Operations)
		if err != nil {
			return changeOutput{}, unedited(err)
		}
		return c.change(ctx, call, p, proposal{text: result.Text, effect: "changes the tailnet policy file", notes: result.Notes, made: true}, in.Confirmation)
	})
}

// unedited says why operations were not applied. It shows parts of the file.
func unedited(err error) error {
	var e *edit.Error
	if !errors.As(err, &e) {
		return err
	}
	told := tool.Invalidf(seen(e.Next), "nothing was changed: %s", seen(e.Error()))
	told.Private = true
	return told
}
