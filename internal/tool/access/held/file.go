// SPDX-License-Identifier: MIT

package held

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tsapi"
)

// API is what is asked of the Tailscale API; *tsapi.API is one.
type API interface {
	survey.API
	Policy(ctx context.Context) (tsapi.Policy, error)
}

// Server is this server, as the policy file means it.
type Server struct {
	ID         string // node ID of its host
	Name       string // as grants name the host: a tag or an address
	Capability string
	Port       uint16 // TCP, where callers connect
}

// File is the policy file of a tailnet, compiled for that tailnet and asked about one
// server.
type File struct {
	server Server
	parsed *grammar.File
	net    *tailnet.Tailnet
	policy *policy.Policy
	host   tailnet.Device
	here   policy.Endpoint // the host, of policy
}

// Read reads the policy file and the tailnet from the Tailscale API. first names whose
// posture counts most, if anybody's. Its errors have a next step.
func Read(ctx context.Context, api API, s Server, first string) (*File, error) {
	p, err := api.Policy(ctx)
	if err != nil {
		return nil, err
	}
	parsed, err := grammar.Parse(p.HuJSON)
	if err != nil {
		return nil, fmt.Errorf("the policy file of the tailnet cannot be read by this program: %w", err)
	}
	needs := survey.NeedsOf(parsed)
	if first != "" {
		needs.First = []string{first}
	}
	read, err := survey.Read(ctx, api, needs)
	if err != nil {
		return nil, err
	}
	return New(parsed, read.Tailnet, s)
}

// New compiles a policy file for a tailnet. It fails where the tailnet has no device of
// the server's ID.
func New(parsed *grammar.File, net *tailnet.Tailnet, s Server) (*File, error) {
	for _, d := range net.Devices {
		if d.ID == s.ID && s.ID != "" && len(d.Addrs) > 0 {
			f := &File{server: s, parsed: parsed, net: net, policy: policy.Compile(parsed, net), host: d}
			here, err := f.policy.Endpoint(d.ID)
			f.here = here
			return f, err
		}
	}
	return nil, &failure.Error{
		Code:    failure.NotFound,
		Message: fmt.Sprintf("the Tailscale API shows no device %s, which this host is", s.ID),
		Next:    "use a credential of the tailnet that this host is in (tailscale status)",
	}
}

// Unread is what of the tailnet could not be read or was not asked for, a phrase each.
func (f *File) Unread() []string { return f.net.Missing }

// all is everything that the rules give here, in the order of the file, to nobody yet
// included.
func (f *File) all() []Grant {
	all := f.policy.Holders(f.here, f.server.Capability)
	for _, h := range f.policy.Naming("", f.here, f.server.Capability) {
		if !slices.ContainsFunc(all, func(o policy.Holding) bool { return o.Rule.Place == h.Rule.Place }) {
			h.Unknown = nil // of nobody
			all = append(all, h)
		}
	}
	slices.SortStableFunc(all, func(a, b policy.Holding) int { return a.Rule.Begin - b.Rule.Begin })
	return Grants(all)
}

// Holders are the people and tags that rules surely give something here, and those of them
// who are given every one of the tools for all devices, sorted.
func (f *File) Holders(tools []grant.Tool, now time.Time) (some, every []string) {
	all := f.all()
	refused := Refused(all)
	given := map[string][]string{}
	for _, g := range all {
		if g.Problem != "" || g.Answer != policy.Yes || g.Rules.At(now).Empty() {
			continue
		}
		for _, name := range slices.Concat(g.People, g.Tags) {
			if refused[name] == 0 {
				given[name] = append(given[name], texts(g.Values)...)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		rules, err := grant.Parse(given[name])
		if err != nil {
			continue // they are too many together, and so refused
		}
		some = append(some, name)
		if !slices.ContainsFunc(tools, func(t grant.Tool) bool { d := rules.At(now).Tool(t); return !d.Allowed || d.Terms != nil }) {
			every = append(every, name)
		}
	}
	return some, every
}

// at returns the host's address that a peer of that address reaches.
func (f *File) at(peer netip.Addr) netip.Addr {
	for _, a := range f.host.Addrs {
		if a.Is4() == peer.Is4() {
			return a
		}
	}
	return f.host.Addrs[0]
}
