// SPDX-License-Identifier: MIT

package policy

import (
	"context"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/tool"
)

// effects is what a change of the policy file does to whom, as far as the two files tell.
type effects struct {
	// lost is set when the caller may lose the way by which this server is used.
	lost bool
	// all are the effects in words, the gravest first.
	all []string
}

// effects compares what two policy files give. The old one may not be readable.
func (c changer) effects(ctx context.Context, call tool.Call, before, after string) (effects, error) {
	now, err := parse(after)
	if err != nil {
		return effects{}, err
	}
	var e effects
	old, err := parse(before)
	if err != nil || policy.Loses(call.Caller, c.capability, c.tags(ctx), old, now) {
		e.lost = true
		e.all = append(e.all, "it may take away or change the access by which you use this server right now")
	}
	if now.Open() && (err != nil || !old.Open()) {
		e.all = append(e.all, "the new file has neither acls nor grants, which Tailscale takes for its default: every device may reach every other")
	}
	e.all = append(e.all, gives(c.capability, old, now)...)
	return e, nil
}
