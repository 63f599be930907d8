// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/cli/spelling"
	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/selector"
	"tailscale-mcp/internal/policy/tailnet"
)

// Endpoint is one end of a question: a device, person, tag, group, autogroup, address,
// range, host alias, ipset or Service. Its zero value is nobody.
type Endpoint struct {
	// Kind is "device", "person", "tag", "group", "autogroup", "address", "host",
	// "ipset", "service" or "everyone".
	Kind string
	Name string // as the file or the tailnet writes it

	ends []end
	self bool // "autogroup:self": the source's own devices
}

// Devices returns the indexes in the tailnet of the devices that an end is, as far as
// they are listed.
func (e Endpoint) Devices(p *Policy) []int {
	var all []int
	for _, one := range e.ends {
		if 0 <= one.device && one.device < p.index.Real {
			all = append(all, one.device)
		}
	}
	return all
}

// Endpoint finds what a text names: a login, a group, tag, autogroup, host alias, ipset
// or Service of the file or the tailnet, a device by its ID, machine name, MagicDNS name
// or address, an address or prefix of no device, or "*". Its error says what was looked
// for, and which names come near.
func (p *Policy) Endpoint(text string) (Endpoint, error) {
	text = strings.TrimSpace(text)
	x := p.index
	name, _, _ := strings.Cut(text, ":")
	switch {
	case text == "*" || text == "autogroup:danger-all":
		return Endpoint{Kind: "everyone", Name: text, ends: []end{{name: text, device: nobody, service: nobody, everyone: true}}}, nil
	case text == "autogroup:self":
		return Endpoint{Kind: "autogroup", Name: text, self: true}, nil
	case slices.Contains([]string{"group", "tag", "autogroup", "svc", "ipset", "user"}, name) && strings.Contains(text, ":"):
		if set := x.Find(text); set.Known && p.there(set, name) {
			return p.selected(set, name), nil
		}
	case strings.Contains(text, "@"):
		if all := x.Owned(text); len(all) > 0 {
			return Endpoint{Kind: "person", Name: x.Devices[all[0]].Login, ends: p.devices(all)}, nil
		}
	default:
		if e, ok := p.located(text); ok {
			return e, nil
		}
		all := x.Named(text)
		if len(all) == 1 {
			return Endpoint{Kind: "device", Name: nameOf(&x.Devices[all[0]]), ends: p.devices(all)}, nil
		}
		if len(all) > 1 {
			return Endpoint{}, fmt.Errorf("%q is the name of %d devices: give the ID or an address of one", text, len(all))
		}
	}
	return Endpoint{}, p.unknown(text)
}

// there reports whether a tag or group is defined, or has anybody: a misspelt one is
// nobody without a word. A group with a domain is an identity provider's.
func (p *Policy) there(set *selector.Set, kind string) bool {
	is := func(d grammar.Definition) bool { return strings.EqualFold(d.Text, set.Text) }
	switch kind {
	case "tag":
		return set.V4.Any() || set.V6.Any() || slices.ContainsFunc(p.file.TagOwners, is)
	case "group":
		return strings.Contains(set.Text, "@") || slices.ContainsFunc(p.file.Groups, is)
	}
	return true
}

// unknown is the error for a text that names nothing.
func (p *Policy) unknown(text string) error {
	next := "give a device, a login, a tag, a group, a host alias, a Service or an address"
	if near := spelling.Nearest(text, p.names()); near != "" {
		next = fmt.Sprintf("did you mean %q?", near)
	}
	if p.net.Partial {
		next += " (the list of devices and people is not whole)"
	}
	return fmt.Errorf("neither the policy file nor the tailnet has %q: %s", text, next)
}

// names are what a question may name.
func (p *Policy) names() []string {
	var all []string
	for i := range p.index.Devices[:p.index.Real] {
		all = append(all, p.index.Devices[i].Name)
	}
	for i := range p.net.People {
		all = append(all, p.net.People[i].Login)
	}
	for i := range p.net.Services {
		all = append(all, p.net.Services[i].Name)
	}
	for _, section := range [][]string{definitions(p.file.Groups), definitions(p.file.TagOwners), definitions(p.file.Hosts), definitions(p.file.IPSets)} {
		all = append(all, section...)
	}
	return all
}

// selected makes an end of what a selector stands for.
func (p *Policy) selected(set *selector.Set, kind string) Endpoint {
	e := Endpoint{Kind: map[string]string{"svc": "service", "user": "autogroup"}[kind], Name: set.Text}
	if e.Kind == "" {
		e.Kind = kind
	}
	switch {
	case set.Service >= 0:
		e.ends = []end{{name: set.Text, device: nobody, service: set.Service, ranges: set.Ranges}}
	case set.Strangers:
		e.ends = []end{{name: set.Text, device: nobody, service: nobody, strangers: true}}
	case set.Ranges != nil:
		e.ends = []end{{name: set.Text, device: nobody, service: nobody, ranges: set.Ranges}}
	case set.Doubt.Any():
		// Who it is cannot be known, and yet a rule may name it.
		e.ends = []end{{name: set.Text, device: nobody, service: nobody, abstract: set.Text}}
	default:
		e.ends = p.devices(slices.Collect(set.V4.Of(set.V6, selector.Or).All()))
	}
	return e
}

// located makes an end of a host alias, an address or a prefix.
func (p *Policy) located(text string) (Endpoint, bool) {
	kind, where := "address", text
	if d, ok := p.index.Definition(text); ok && len(d.Values) == 1 {
		kind, where = "host", d.Values[0].Text
	}
	r, ok := address.Parse(where)
	if !ok {
		return Endpoint{}, false
	}
	one := end{name: text, device: nobody, service: nobody, ranges: address.Of(r)}
	if r.From() == r.To() {
		one = p.addressed(one, r.From())
	}
	return Endpoint{Kind: kind, Name: text, ends: []end{one}}, true
}

// addressed makes an end of one address: that of a device or of a Service, where it is.
func (p *Policy) addressed(e end, a netip.Addr) end {
	if i, ok := p.index.At(a); ok {
		e.device, e.ranges, e.families = i, nil, familyOf(a)
		return e
	}
	for i, s := range p.net.Services {
		if slices.Contains(s.Addrs, a) {
			e.service = i
		}
	}
	return e
}

// devices makes an end of each device.
func (p *Policy) devices(all []int) []end {
	ends := make([]end, 0, len(all))
	for _, i := range all {
		d := &p.index.Devices[i]
		e := end{name: nameOf(d), device: i, service: nobody}
		for _, a := range d.Addrs {
			e.families |= familyOf(a)
		}
		if len(d.Addrs) == 0 {
			e.families = both
		}
		ends = append(ends, e)
	}
	return ends
}

// families returns of which families a set has addresses.
func families(s *netipx.IPSet) family {
	var all family
	for _, r := range s.Ranges() {
		all |= familyOf(r.From())
	}
	return all
}

// nameOf is how answers name a device.
func nameOf(d *tailnet.Device) string {
	switch {
	case d.Name != "":
		return d.Name
	case d.ID != "":
		return d.ID
	case d.Login != "":
		return d.Login
	case len(d.Tags) > 0:
		return d.Tags[0]
	}
	return "a device without a name"
}

func definitions(section []grammar.Definition) []string {
	var all []string
	for _, d := range section {
		all = append(all, d.Text)
	}
	return all
}
