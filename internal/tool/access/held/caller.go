// SPDX-License-Identifier: MIT

package held

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/visible"
)

// Caller is what the file gives somebody on this server: a device, one that is not
// there yet, or what a group has in common.
type Caller struct {
	// Who is what a grant's "src" would name them by; Node is the device, if there is one.
	Who, Node string
	Grants    []Grant
	Rules     grant.Rules // what they surely have
	// Problem is why every call is refused, as tailscaled's answer would be.
	Problem string
	Unknown []string // what would have to be known, a phrase each
	// Way says whether a rule lets them connect to the server's port.
	Way policy.Verdict
}

// callerOf sums up what rules give somebody.
func callerOf(who, node string, all []Grant) *Caller {
	c := &Caller{Who: who, Node: node, Grants: all}
	var sure []string
	for _, g := range all {
		if g.Problem != "" {
			if g.Answer == policy.Yes && c.Problem == "" {
				c.Problem = fmt.Sprintf("line %d: %s", g.Rule.Line, g.Problem)
			}
			if g.Answer != policy.Yes {
				c.Unknown = append(c.Unknown, fmt.Sprintf("whether line %d is for them: an entry there cannot be read, which refuses everything", g.Rule.Line))
			}
			continue
		}
		if g.Answer == policy.Yes {
			sure = append(sure, texts(g.Values)...)
		}
		c.Unknown = added(c.Unknown, g.Unknown)
	}
	if c.Problem != "" {
		return c
	}
	// Each was read by itself; together they can only be too many.
	var err error
	if c.Rules, err = grant.Parse(sure); err != nil {
		c.Problem = err.Error()
	}
	return c
}

// Lines names the lines of the rules that give a tool, as in ", line 12 of the policy
// file", those that surely do if there are any, and says whether these do. It is empty
// where none does, and of a nil caller, for whom the file was not read.
func (c *Caller) Lines(t grant.Tool, now time.Time) (text string, sure bool) {
	if c == nil {
		return "", false
	}
	for _, answer := range []policy.Answer{policy.Yes, policy.Unknown} {
		var lines []string
		for _, g := range c.Grants {
			if g.Answer == answer && g.Rules.At(now).Tool(t).Allowed {
				lines = append(lines, strconv.Itoa(g.Rule.Line))
			}
		}
		switch len(lines) {
		case 0:
			continue
		case 1:
			text = ", line " + lines[0]
		default:
			text = ", lines " + strings.Join(lines, ", ")
		}
		return text + " of the policy file", answer == policy.Yes
	}
	return "", false
}

// At is what the file gives a device that is there, by one of its addresses.
func (f *File) At(who string, peer netip.Addr) *Caller {
	c := callerOf(who, "", Grants(f.policy.Given(peer, f.at(peer), f.server.Capability)))
	if src, err := f.policy.Endpoint(peer.String()); err == nil {
		c.Way = f.way(f.policy, src)
	}
	return c
}

// way asks whether a source may connect to the server.
func (f *File) way(p *policy.Policy, src policy.Endpoint) policy.Verdict {
	const tcp = 6
	host, err := p.Endpoint(f.host.ID)
	if err != nil {
		return policy.Verdict{} // cannot be: it is one of the devices
	}
	return p.Reach(policy.Question{Src: src, Dst: host, Proto: tcp, Port: f.server.Port})
}

// NoWay says why somebody cannot connect to the server, with the rule that is missing;
// both are empty where they can.
func (f *File) NoWay(c *Caller) (why, missing string) {
	at := fmt.Sprintf("tcp:%d of this host", f.server.Port)
	switch {
	case c.Way.Answer == policy.Yes:
		return "", ""
	case c.Way.Answer == policy.Unknown:
		return fmt.Sprintf("it is not known whether a rule lets %s connect to %s: it hangs on %s", c.Who, at, visible.Text(strings.Join(c.Way.Unknown, "; "))), ""
	case len(c.Way.Why) > 0 && c.Way.Why[0].Layer == "device":
		return c.Way.Why[0].Text, ""
	case c.Way.Partly:
		why = fmt.Sprintf("no rule lets all of %s connect to %s", c.Who, at)
	default:
		why = fmt.Sprintf("no rule lets %s connect to %s", c.Who, at)
		if len(c.Way.Why) > 0 && c.Way.Why[0].Rule != nil {
			why += fmt.Sprintf(" (line %d: %s)", c.Way.Why[0].Rule.Line, c.Way.Why[0].Text)
		}
	}
	return visible.Text(why), f.Missing([]string{c.Who})
}

// Missing is the rule that lets sources connect to the server, to be pasted.
func (f *File) Missing(src []string) string {
	return grant.Missing{Src: src, Dst: f.server.Name, Port: f.server.Port}.Way()
}
