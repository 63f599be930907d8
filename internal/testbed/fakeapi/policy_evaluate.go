// SPDX-License-Identifier: MIT

package fakeapi

import (
	"net/netip"
	"strings"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

// The fake evaluates policy files with the product's own package. So that a mistake of it
// is not shared unseen, what tests expect is written by hand, and [Server.SetValidation]
// makes the two disagree.

// tailnet is what there is, as a policy is compiled for it.
func (s *Server) tailnet() *tailnet.Tailnet {
	net := &tailnet.Tailnet{}
	for _, u := range s.users.rows {
		net.People = append(net.People, tailnet.Person{Login: u.LoginName, Role: u.Role, Suspended: u.Status == "suspended", Shared: u.Type == "shared"})
	}
	for _, row := range s.devices.rows {
		name, _, _ := strings.Cut(row.Name, ".")
		d := tailnet.Device{
			ID: row.NodeID, Name: name, FQDN: row.Name, Tags: row.Tags, External: row.IsExternal,
			Posture: row.attributes(), PostureKnown: true,
		}
		if len(d.Tags) == 0 {
			d.Login = row.User
		}
		for _, text := range row.Addresses {
			if addr, err := netip.ParseAddr(text); err == nil {
				d.Addrs = append(d.Addrs, addr)
			}
		}
		if row.Details != nil {
			d.Advertised, d.Approved = prefixes(row.AdvertisedRoutes), prefixes(row.EnabledRoutes)
		}
		for _, v := range s.services.rows {
			for _, h := range v.hosts {
				if h.node == row.NodeID && h.approved {
					d.Services = append(d.Services, v.Name)
				}
			}
		}
		net.Devices = append(net.Devices, d)
	}
	for _, v := range s.services.rows {
		one := tailnet.Service{Name: v.Name, Ports: v.Ports, Tags: v.Tags}
		for _, text := range v.Addrs {
			if addr, err := netip.ParseAddr(text); err == nil {
				one.Addrs = append(one.Addrs, addr)
			}
		}
		net.Services = append(net.Services, one)
	}
	return net
}

func prefixes(texts []string) (all []netip.Prefix) {
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// failures are the tests of a file that fail, by whose they are.
func (s *Server) failures(f *grammar.File) (all []Finding) {
	if len(f.Tests)+len(f.SSHTests) == 0 {
		return nil
	}
	for r := range policy.Compile(f, s.tailnet()).Tests() {
		switch {
		case r.Pass != policy.No:
		case len(all) > 0 && all[len(all)-1].User == r.Src:
			all[len(all)-1].Errors = append(all[len(all)-1].Errors, r.Text)
		default:
			all = append(all, Finding{User: r.Src, Errors: []string{r.Text}})
		}
	}
	return all
}

// previewMatch is one rule in a preview.
type previewMatch struct {
	Users      []string `json:"users"`
	Ports      []string `json:"ports"`
	LineNumber int      `json:"lineNumber"`
}

// matches are the rules of a file that are about a user, or about an address and port.
func (s *Server) matches(f *grammar.File, kind, subject string) ([]previewMatch, error) {
	p := policy.Compile(f, s.tailnet())
	var rules []policy.Access
	if kind == "user" {
		if src, err := p.Endpoint(subject); err == nil { // else nobody of that name: nothing matches
			rules = p.Destinations(src)
		}
	} else {
		at, err := netip.ParseAddrPort(subject)
		if err != nil {
			return nil, err
		}
		if dst, err := p.Endpoint(at.Addr().String()); err == nil {
			rules = p.Sources(dst, 6, at.Port())
		}
	}
	all := []previewMatch{}
	for _, r := range rules {
		m := previewMatch{LineNumber: r.Rule.Line}
		switch r.Rule.Section {
		case "acls":
			m.Users, m.Ports = written(f.ACLs[r.Rule.Index].Src), written(f.ACLs[r.Rule.Index].Dst)
		case "grants":
			g := f.Grants[r.Rule.Index]
			m.Users = written(g.Src)
			for _, dst := range g.Dst {
				for _, ip := range g.IP {
					m.Ports = append(m.Ports, dst.Text+":"+ip.Text)
				}
			}
		default: // everybody reaches everything, where a file has neither
			m.Users, m.Ports = []string{"*"}, []string{"*:*"}
		}
		if n := len(all); n == 0 || all[n-1].LineNumber != m.LineNumber {
			all = append(all, m)
		}
	}
	return all, nil
}

func written(list []grammar.Name) []string {
	all := []string{}
	for _, n := range list {
		all = append(all, n.Text)
	}
	return all
}
