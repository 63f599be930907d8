// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/policy/effect"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
)

// effects is what a change of the policy file does to whom, as far as can be known.
type effects struct {
	// lost is set when the caller may lose the way by which this server is used.
	lost bool
	// all are the effects in words, the frightening first.
	all []string
	// more is how many gains and losses are not among them.
	more int
	// own is what this server thinks of the new file by itself.
	own opinion
}

// effects compares what two policy files give in the tailnet as it is. Where that cannot
// be told, it says so, and takes the caller's own way for lost.
func (c changer) effects(ctx context.Context, call tool.Call, before, after string) (e effects, err error) {
	now, err := parse(after)
	if err != nil {
		return effects{}, err
	}
	e.own = opinionOf(now)
	old, err := parse(before)
	if err != nil {
		return e.untold("this server cannot read the present file"), nil //nolint:nilerr // it is to be replaced, perhaps because of that
	}
	err = c.Evaluator.Evaluate(ctx, callerNames(call), []*grammar.File{old, now}, func(v survey.Evaluation) error {
		r := effect.Between(v.Policies[0], v.Policies[1], c.focus(ctx, call))
		e.lost, e.all, e.more = r.LosesOwnWay, inWords(r), r.MoreGains+r.MoreLosses
		if len(v.Tailnet.Missing) > 0 {
			e.all = append(e.all, "not known to this server is "+strings.Join(v.Tailnet.Missing, "; "))
		}
		e.own.try(ctx, v.Policies[1].Tests())
		return nil
	})
	switch code := failure.CodeOf(err); code {
	case failure.Unsupported:
		return e.untold("the two files are too large for this server to evaluate"), nil
	case failure.MissingScope, failure.PermissionDenied, failure.NotFound:
		return e.untold(fmt.Sprintf("the devices of the tailnet may not be read (%s)", code)), nil
	}
	return e, err
}

// untold are effects that cannot be told, since why.
func (e effects) untold(why string) effects {
	e.lost = true
	e.all = []string{"who gains and loses what cannot be told, since " + why + "; it may take away the access by which you use this server right now"}
	return e
}

// callerNames name the caller's devices: what they can reach counts most.
func callerNames(call tool.Call) []string {
	return append([]string{call.Caller.Login, call.Caller.Addr.Addr().String()}, call.Caller.Tags...)
}

// focus is what matters most to the caller: this server, and the way to it.
func (c changer) focus(ctx context.Context, call tool.Call) effect.Focus {
	f := effect.Focus{
		Capability: c.Capability, Tags: c.Host.Tags(ctx), Addrs: c.Host.Addrs(ctx), Most: mostEffects,
		CallerLogin: call.Caller.Login, CallerTags: call.Caller.Tags, CallerAddr: call.Caller.Addr.Addr(),
	}
	if len(f.CallerTags) > 0 {
		f.CallerLogin = "" // a tagged node is not its user
	}
	return f
}

// mostEffects is how many gains and losses a question names. A change with more is not
// made: nobody can say yes to what is only counted.
const mostEffects = 100

// inWords lists the changes, and says how many are left out.
func inWords(r *effect.Result) (all []string) {
	for _, c := range r.Changes {
		text := c.Text
		if len(c.Unknown) > 0 {
			text += " (it hangs on " + strings.Join(c.Unknown, "; ") + ")"
		}
		all = append(all, text)
	}
	for _, more := range []struct {
		n    int
		what string
	}{{r.MoreGains, "gains"}, {r.MoreLosses, "losses"}, {r.MoreNothing, "changes of nothing today"}} {
		if more.n > 0 {
			all = append(all, fmt.Sprintf("%d %s more", more.n, more.what))
		}
	}
	switch {
	case len(all) > 0:
	case r.SameText:
		all = []string{"nobody gains or loses anything by it"}
	default: // a device may come to meet a posture tomorrow
		all = []string{"nobody gains or loses anything by it today, with the devices as they are"}
	}
	return all
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
// with the place and the next step.
func parse(text string) (*grammar.File, error) {
	f, err := grammar.Parse(text)
	var wrong *grammar.Error
	if errors.As(err, &wrong) {
		return nil, tool.Invalidf(wrong.Next, "line %d, column %d: %s", wrong.Line, wrong.Column, seen(wrong.Message))
	}
	return f, err
}

// Host is the host of this server.
type Host interface {
	// Tags returns the node's tags, nil while they are not known.
	Tags(ctx context.Context) []string
	// Addrs returns the node's addresses, nil while they are not known.
	Addrs(ctx context.Context) []netip.Addr
}
