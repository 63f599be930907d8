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
	Operations []edit.Operation `json:"operations" jsonschema:"what to change, in this order, at most 100; each finds what the ones before it left, and all are applied or none"`
	ETag       string           `json:"etag,omitempty" jsonschema:"the etag of the file that the operations are meant for, as get_policy gives it; absent takes the present file"`
	tool.Confirmation
}

// edit is the tool that changes parts of the policy file.
func (c changer) edit() tool.Tool {
	return tool.New(tool.Definition{
		Name: "edit_policy", Title: "Edit the policy file", Group: group, Class: grant.Escalating,
		Weight:     survey.Weight,
		Operations: changing,
		Example:    json.RawMessage(`{"operations":[{"op":"add_member","name":"group:ops","member":"carol@example.com"}],"etag":"e0b2816b418b3f266309d94426ac7668"}`),
		Description: "Changes parts of the tailnet policy file, which decides who may reach and do what, and keeps its comments and everything else as it is. Prefer it to set_policy. " +
			"Operations: add_member and remove_member {name, member} of a group, add_owner and remove_owner {name, member} of a tag (create: true makes the group or tag); " +
			"add_rule {section, rule, after?}, remove_rule {section, rule}, replace_rule {section, rule, with} in acls, grants, ssh and nodeAttrs; " +
			"add_host {name, address}, change_host {name, was, address}, remove_host {name, was}; add_test and remove_test {rule, section?}; " +
			"replace_text {old, new}, where old occurs exactly once; json_patch {patch}. An operation that does not find what it names is refused with what is there instead. " +
			"Called without confirm it changes nothing and shows the difference by lines, who gains or loses what in the tailnet as it is, and what the Tailscale API says of the new file and its tests. " +
			doubted + cost(4),
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
