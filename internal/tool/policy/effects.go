// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

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

// gives says of a change of the policy file who gains which tools of servers like this
// one, reads aside, and on which hosts.
func gives(capability string, old, now policy.File) []string {
	const most = 10
	gains := policy.Gains(capability, old, now)
	var lines []string
	for _, g := range gains[:min(most, len(gains))] {
		lines = append(lines, fmt.Sprintf("it gives %s on %s the tools %s of servers like this one", few(g.Src), few(g.Dst), few(g.Tools)))
	}
	if more := len(gains) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("by %d entries more it gives others", more))
	}
	return lines
}

// few lists the first few of many names for a sentence.
func few(names []string) string {
	const most = 5
	var shown []string
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, strconv.QuoteToASCII(tool.Clip(name)))
	}
	list := strings.Join(shown, ", ")
	if rest := len(names) - most; rest > 0 {
		list += fmt.Sprintf(" and %d more", rest)
	}
	return list
}

// parse reads a policy file that a caller gives, and refuses one that is not readable
// with the next step.
func parse(text string) (policy.File, error) {
	f, err := policy.Parse(text)
	var unreadable *policy.Unreadable
	if errors.As(err, &unreadable) {
		return f, tool.Invalidf(unreadable.Next, "%s", unreadable.Why)
	}
	return f, err
}
