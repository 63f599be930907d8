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

// ShareOperations are what [Evaluator.Shares] sends.
var ShareOperations = []string{"listDeviceInvites"}

// API is what a survey asks of the Tailscale API; *tsapi.API is one.
type API interface {
	ListDevices(ctx context.Context, q tsapi.DeviceQuery) ([]tsapi.Device, error)
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
	// Changes counts the changes that this program has made.
	Changes() uint64
}

// Needs says what of a tailnet some policy files are decided by, beyond people, devices,
// addresses and routes.
type Needs struct {
	Posture  bool // a rule has conditions on the source's attributes
	Services bool // a name is one of a Service
	// First name the devices whose attributes count most, by ID, machine name, address,
	// login or tag.
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

// Survey is a tailnet as it was read at one time.
type Survey struct {
	Tailnet *tailnet.Tailnet
	// Devices are those of the tailnet, in the same order, as the API describes them.
	Devices []tsapi.Device

	api     API
	details *details
	calls   int // those that were answered from what is kept too
}

// Read returns the tailnet. It fails only where the devices cannot be read; whatever
// else cannot is named in Missing, with the reason.
func Read(ctx context.Context, api API, needs Needs) (*Survey, error) {
	return read(ctx, api, newDetails(), needs)
}

func read(ctx context.Context, api API, details *details, needs Needs) (*Survey, error) {
	net := &tailnet.Tailnet{}
	s := &Survey{api: api, details: details, Tailnet: net}
	var err error
	if s.Devices, err = api.ListDevices(ctx, tsapi.DeviceQuery{AllFields: true}); err != nil {
		return nil, err
	}
	s.calls++
	byID := make(map[string]int, len(s.Devices))
	for i := range s.Devices {
		d, err := deviceOf(&s.Devices[i])
		if err != nil {
			return nil, err
		}
		byID[d.ID] = i
		net.Devices = append(net.Devices, d)
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
		if err := s.posture(ctx, needs.First); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// people reads the users and their roles. Without them the logins of devices are people
// whose role is not known, and there may be others.
func (s *Survey) people(ctx context.Context) error {
	s.calls++
	users, err := s.api.List(ctx, tsapi.Request{Op: "listUsers", Query: url.Values{"type": {"all"}}}, "users")
	if err != nil {
		if !unreadable(err) {
			return err
		}
		s.misses("the users and their roles", err)
		s.Tailnet.Partial = true
		seen := map[string]bool{}
		for _, d := range s.Tailnet.Devices {
			if d.Login != "" && !seen[d.Login] {
				seen[d.Login] = true
				s.Tailnet.People = append(s.Tailnet.People, tailnet.Person{Login: d.Login})
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
		s.Tailnet.People = append(s.Tailnet.People, p)
		if _, domain, ok := strings.Cut(p.Login, "@"); ok && !p.Shared && !domains[domain] {
			domains[domain] = true
			s.Tailnet.Domains = append(s.Tailnet.Domains, domain)
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

func (s *Survey) misses(what string, err error) {
	if err != nil {
		what += ": " + err.Error()
	}
	s.Tailnet.Missing = append(s.Tailnet.Missing, what)
}
