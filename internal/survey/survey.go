// SPDX-License-Identifier: MIT

// Package survey reads a tailnet from the Tailscale API into the facts that a policy is
// compiled for, within a bound of calls, and says what it could not read. It imports
// tsapi and package tailnet, whose values it fills.
package survey

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
	"tailscale-mcp/internal/tsapi"
)

// MostCalls bounds the requests to the Tailscale API of one survey. What lies beyond is
// named as missing.
const MostCalls = 90

// Operations are what a survey may send.
var Operations = []string{"listTailnetDevices", "listUsers", "listServices", "listServiceHosts", "getDevicePostureAttributes"}

// API is what a survey asks of the Tailscale API; *tsapi.API is one.
type API interface {
	ListDevices(ctx context.Context, q tsapi.DeviceQuery) ([]tsapi.Device, error)
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
}

// Needs says what of a tailnet some policy files are decided by, beyond people, devices,
// addresses and routes.
type Needs struct {
	Posture  bool // a rule has conditions on the source's attributes
	Services bool // a name is one of a Service
	// First are the node IDs of the devices whose attributes count most.
	First []string
}

// NeedsOf returns what the files need.
func NeedsOf(files ...*grammar.File) (n Needs) {
	for _, f := range files {
		n.Posture = n.Posture || len(f.DefaultSrcPosture) > 0
		for _, a := range f.ACLs {
			n.add(a.SrcPosture, a.Src, a.Dst)
		}
		for _, g := range f.Grants {
			n.add(g.SrcPosture, g.Src, g.Dst)
		}
		for _, s := range f.SSH {
			n.add(s.SrcPosture, s.Src, s.Dst)
		}
	}
	return n
}

func (n *Needs) add(posture []grammar.Name, names ...[]grammar.Name) {
	n.Posture = n.Posture || len(posture) > 0
	for _, list := range names {
		for _, name := range list {
			n.Services = n.Services || strings.HasPrefix(name.Text, "svc:")
		}
	}
}

// survey is one reading.
type survey struct {
	api   API
	net   *tailnet.Tailnet
	calls int
}

// Read returns the tailnet. It fails only where the devices cannot be read; whatever
// else cannot is named in Missing, with the reason.
func Read(ctx context.Context, api API, needs Needs) (*tailnet.Tailnet, error) {
	s := &survey{api: api, net: &tailnet.Tailnet{}}
	devices, err := api.ListDevices(ctx, tsapi.DeviceQuery{AllFields: true})
	if err != nil {
		return nil, err
	}
	s.calls++
	byID := make(map[string]int, len(devices))
	for i := range devices {
		d, err := deviceOf(&devices[i])
		if err != nil {
			return nil, err
		}
		byID[d.ID] = len(s.net.Devices)
		s.net.Devices = append(s.net.Devices, d)
	}
	if err := s.people(ctx); err != nil {
		return nil, err
	}
	if needs.Services {
		if err := s.services(ctx, byID); err != nil {
			return nil, err
		}
	}
	if needs.Posture {
		if err := s.posture(ctx, byID, needs.First); err != nil {
			return nil, err
		}
	}
	return s.net, nil
}

// people reads the users and their roles. Without them the logins of devices are people
// whose role is not known, and there may be others.
func (s *survey) people(ctx context.Context) error {
	s.calls++
	users, err := s.api.List(ctx, tsapi.Request{Op: "listUsers", Query: url.Values{"type": {"all"}}}, "users")
	if err != nil {
		if !unreadable(err) {
			return err
		}
		s.misses("the users and their roles", err)
		s.net.Partial = true
		seen := map[string]bool{}
		for _, d := range s.net.Devices {
			if d.Login != "" && !seen[d.Login] {
				seen[d.Login] = true
				s.net.People = append(s.net.People, tailnet.Person{Login: d.Login})
			}
		}
		return nil
	}
	domains := map[string]bool{}
	for _, u := range users {
		p := tailnet.Person{
			Login: u.Text("loginName"), Role: u.Text("role"),
			Suspended: u.Text("status") == "suspended", Shared: u.Text("type") == "shared",
		}
		s.net.People = append(s.net.People, p)
		if _, domain, ok := strings.Cut(p.Login, "@"); ok && !p.Shared && !domains[domain] {
			domains[domain] = true
			s.net.Domains = append(s.net.Domains, domain)
		}
	}
	return nil
}

// unreadable reports whether an error is about this credential or this part alone, so
// that the rest may still be read.
func unreadable(err error) bool {
	var e *tsapi.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case failure.MissingScope, failure.PermissionDenied, failure.NotFound:
		return true
	}
	return false
}

func (s *survey) misses(what string, err error) {
	if err != nil {
		what += ": " + err.Error()
	}
	s.net.Missing = append(s.net.Missing, what)
}
