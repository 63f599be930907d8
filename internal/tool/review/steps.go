// SPDX-License-Identifier: MIT

package review

import (
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool/review/leaving"
)

// mostListed bounds each list of an answer, and mostAtOnce the devices of one call.
const (
	mostListed = 100
	mostAtOnce = 50
)

// whenDeleted: https://tailscale.com/docs/features/sharing/how-to/remove-team-members
var whenDeleted = []string{
	"their own devices are deleted, their API access tokens and auth keys stop working, within seconds (documented of the admin console, not of the API)",
	"not documented: tagged devices, OAuth clients and federated identities, webhooks, open invitations, shares",
	"the policy file keeps their name: whoever gets that login again has all of it",
}

// steps fills in the places in the policy file and the calls that end everything: what
// cuts off at once and can be undone comes first, what cannot comes last.
func (r reviewer) steps(t *tailnet, out *offboardOutput) {
	p := out.Person
	user := p.ID != "" || t.users == nil
	out.Deleted = whenDeleted
	if !user {
		out.Deleted = whenDeleted[1:]
	}
	add := func(tool, note string, arguments map[string]any) {
		out.Steps = append(out.Steps, followUp{tool, arguments, note})
	}
	switch {
	case p.Role == "owner":
		add("set_user_role", "the owner can be neither suspended nor deleted: make another person owner", map[string]any{"user": "LOGIN", "role": "owner"})
		fallthrough
	case user && p.Status != "suspended":
		add("suspend_user", "cuts off all of it at once; restore_user undoes that", map[string]any{"user": p.Login})
	}
	r.policySteps(t, out)
	for _, k := range out.Keys {
		add("delete_key", k.Kind, map[string]any{"key": k.ID})
	}
	for _, i := range out.Invites {
		add("delete_invite", "", map[string]any{"kind": "user", "invite": i.ID})
	}
	for _, i := range out.Shares {
		add("delete_invite", "", map[string]any{"kind": "device", "invite": i.ID})
	}
	for _, w := range out.Webhooks {
		add("delete_webhook", "or rotate_webhook_secret where it is needed", map[string]any{"webhook": w.ID})
	}
	for batch := range slices.Chunk(out.Devices, mostAtOnce) {
		var ids []string
		for _, d := range batch {
			ids = append(ids, d.ID)
		}
		add("delete_device", "their own", map[string]any{"devices": ids})
	}
	if n := len(out.Tagged); n > 0 {
		add("", fmt.Sprintf("decide about the %d tagged devices: they go on working, and the person may still be able to sign in on them", n), nil)
	}
	if user {
		add("delete_user", "last: there is no way back", map[string]any{"user": p.Login})
	}
	t.shorten(out)
}

// policySteps finds the person in the policy file, and how to take them out.
func (r reviewer) policySteps(t *tailnet, out *offboardOutput) {
	if t.file == nil {
		return
	}
	places, err := leaving.Places(t.file, out.Person.Login)
	if err != nil || len(places) == 0 {
		return
	}
	for _, p := range places {
		section := p.Section
		if p.Name != "" {
			section += " " + p.Name
		}
		out.Policy = append(out.Policy, place{shown(section), p.Line, shown(p.Text)})
	}
	e, err := leaving.Out(t.file, out.Person.Login)
	if err != nil {
		out.Steps = append(out.Steps, followUp{Tool: "edit_policy", Note: "its operations have to be written by hand: " + shown(err.Error())})
		return
	}
	notes := e.Notes
	if note := elsewhere(t.settings); note != "" {
		notes = append(notes, note)
	}
	for _, line := range e.ByHand {
		notes = append(notes, fmt.Sprintf("line %d has to be decided by hand", line))
	}
	step := followUp{Note: shown(strings.Join(notes, "; "))}
	if len(e.Operations) > 0 {
		step.Tool, step.Arguments = "edit_policy", map[string]any{"operations": e.Operations}
	}
	out.Steps = append(out.Steps, step)
}

// shorten bounds the lists, and says what is left out.
func (t *tailnet) shorten(out *offboardOutput) {
	out.Devices = bound(t, "own devices", out.Devices)
	out.Tagged = bound(t, "tagged devices", out.Tagged)
	out.Keys = bound(t, "keys", out.Keys)
	out.Invites = bound(t, "invitations", out.Invites)
	out.Shares = bound(t, "shares", out.Shares)
	out.Webhooks = bound(t, "webhooks", out.Webhooks)
	out.Policy = bound(t, "places in the policy file", out.Policy)
	out.Steps = bound(t, "steps", out.Steps)
}

func bound[T any](t *tailnet, what string, all []T) []T {
	if len(all) <= mostListed {
		return all
	}
	t.notRead = append(t.notRead, fmt.Sprintf("%d more %s: left out, call again when these are done", len(all)-mostListed, what))
	return all[:mostListed]
}
