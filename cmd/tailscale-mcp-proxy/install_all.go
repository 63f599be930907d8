// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/install"
	"tailscale-mcp/internal/proxy/listed"
)

// doInstallAll enters every server of a host that its user may use, and says what became
// of each.
func doInstallAll(ctx context.Context, s setting, p person) error {
	c, path, err := s.client()
	if err != nil {
		return cli.AsUsage(err)
	}
	if s.opt.server == "" {
		s.opt.server = lookup(s.environ, serverVariable)
	}
	s.opt.server = wholeServer(s.opt.server)
	if _, err := s.opt.entry(s.self, s.here.Home, s.environ); err != nil { // what is wrong with the options
		return cli.AsUsage(err)
	}
	run, err := s.opt.run(s.environ)
	if err != nil {
		return cli.AsUsage(err)
	}
	servers, err := run.servers(ctx, streams{environ: s.environ, err: p.stderr})
	if errors.Is(err, listed.ErrNone) { // which may be all that has changed
		return cmp.Or(s.tellOfOthers(p, c, path, run.server, nil, sayMaybeNoMore), err)
	}
	if err != nil {
		return err
	}
	var want []install.Named
	for _, server := range servers {
		one := *s.opt
		one.server = server.URL
		e, err := one.entry(s.self, s.here.Home, s.environ)
		if err != nil {
			return err
		}
		if err := c.Check(s.here, e); err != nil {
			return cli.AsUsage(asHinted(err))
		}
		want = append(want, install.Named{Name: server.Name, Entry: e})
	}
	if install.Temporary(s.self) {
		fmt.Fprintf(p.stderr, sayTemporary, s.self)
	}
	plan, done, err := install.PlanAll(c, path, want, s.opt.force)
	if err != nil {
		return asHinted(err)
	}
	changed, err := p.apply(plan, "Write", s.opt)
	if err != nil {
		return err
	}
	for _, d := range done {
		s.tell(p, c, d, changed)
	}
	if err := s.tellOfOthers(p, c, path, run.server, servers, sayNoMore); err != nil {
		return err
	}
	if changed {
		fmt.Fprintf(p.stdout, sayNext, c.After)
		s.mention(p.stdout)
	}
	return nil
}

// tell says what became of one entry.
func (s setting) tell(p person, c install.Client, d install.Done, changed bool) {
	switch {
	case d.Outcome == install.Taken && s.opt.force:
		fmt.Fprintf(p.stdout, sayKept, d.Name, d.By, program, c.ID, d.Entry.Server(), d.Name)
	case d.Outcome == install.Taken:
		fmt.Fprintf(p.stdout, sayTaken, d.Name, d.By, program, c.ID, d.Entry.Server(), d.Name)
	case d.Outcome == install.There || changed:
		fmt.Fprintf(p.stdout, sayBecame, d.Name, d.Outcome, d.Entry.Server())
	default:
		fmt.Fprintf(p.stdout, sayWould, d.Name, d.Outcome, d.Entry.Server())
	}
}

// tellOfOthers says of the entries for servers of the same host that its user may use them no
// more, or not be sure to. They are left: who removes them is asked first.
func (s setting) tellOfOthers(p person, c install.Client, path string, host *url.URL, servers []listed.Server, say string) error {
	have, err := c.Ours(path, s.self)
	if err != nil {
		return asHinted(err)
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		at := have[name].Server()
		u, err := url.Parse(at)
		if err != nil || u.Scheme != host.Scheme || !strings.EqualFold(u.Host, host.Host) {
			continue
		}
		if !slices.ContainsFunc(servers, func(s listed.Server) bool { return install.SameServer(s.URL, at) }) {
			fmt.Fprintf(p.stdout, say, name, at, program, c.ID, name)
		}
	}
	return nil
}
