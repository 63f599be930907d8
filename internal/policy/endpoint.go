// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"tailscale-mcp/internal/cli/spelling"
	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/selector"
)

// Endpoint is one end of a question: a device, person, tag, group, autogroup, address,
// range, host alias, ipset or Service. Its zero value is nobody.
type Endpoint struct {
	// Kind is "device", "person", "tag", "group", "autogroup", "address", "host",
	// "ipset", "service" or "everyone".
	Kind string
	Name string // as the file or the tailnet writes it

	ends []compiled.End
	self bool // "autogroup:self": the source's own devices
}

// Devices returns the indexes in the tailnet of the devices that an end is, as far as
// they are listed.
func (e Endpoint) Devices(p *Policy) []int {
	var all []int
	for _, one := range e.ends {
		if 0 <= one.Device && one.Device < p.Index.Real {
			all = append(all, one.Device)
		}
	}
	return all
}

// Ranges returns the addresses of an end that no device has, as prefixes; those of a
// Service are not among them.
func (e Endpoint) Ranges() (all []netip.Prefix) {
	for _, one := range e.ends {
		if one.Device < 0 && one.Service < 0 && one.Ranges != nil {
			all = append(all, one.Ranges.Prefixes()...)
		}
	}
	return all
}

// Endpoint finds what a text names: a login, a group, tag, autogroup, host alias, ipset
// or Service of the file or the tailnet, a device by its ID, machine name, MagicDNS name
// or address, an address or prefix of no device, or "*". Its error says what was looked
// for, and which names come near.
func (p *Policy) Endpoint(text string) (Endpoint, error) {
	if text = strings.TrimSpace(text); len(text) > longest {
		return Endpoint{}, fmt.Errorf("a name of %d bytes is too long: no name of a tailnet has more than %d", len(text), longest)
	}
	x := p.Index
	name, _, _ := strings.Cut(text, ":")
	switch {
	case text == "*" || text == "autogroup:danger-all":
		return Endpoint{Kind: "everyone", Name: text, ends: []compiled.End{{Name: text, Device: compiled.Nobody, Service: compiled.Nobody, Everyone: true}}}, nil
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
			return Endpoint{Kind: "device", Name: compiled.NameOf(&x.Devices[all[0]]), ends: p.devices(all)}, nil
		}
		if len(all) > 1 {
			return Endpoint{}, fmt.Errorf("%q is the name of %d devices: give the ID or an address of one", text, len(all))
		}
	}
	return Endpoint{}, p.unknown(text)
}

// longest is how long a name may be: a MagicDNS name and a login fit.
const longest = 320

// there reports whether a tag or group is defined, used by a rule, or has anybody: a
// misspelt one is nobody without a word. A group with a domain is an identity provider's.
func (p *Policy) there(set *selector.Set, kind string) bool {
	is := func(d grammar.Definition) bool { return strings.EqualFold(d.Text, set.Text) }
	switch {
	case p.Index.Used(set.Text):
	case kind == "tag":
		return set.V4.Any() || set.V6.Any() || slices.ContainsFunc(p.File().TagOwners, is)
	case kind == "group":
		return strings.Contains(set.Text, "@") || slices.ContainsFunc(p.File().Groups, is)
	}
	return true
}

// unknown is the error for a text that names nothing.
func (p *Policy) unknown(text string) error {
	if p.Index.Used(text) {
		return fmt.Errorf("the policy file names %q, and the tailnet has nobody of that name", text)
	}
	next := "give a device, a login, a tag, a group, a host alias, a Service or an address"
	if near := spelling.Nearest(text, p.names()); near != "" {
		next = fmt.Sprintf("did you mean %q?", near)
	}
	if p.Net.Partial {
		next += " (the list of devices and people is not whole)"
	}
	return &absentError{text, fmt.Sprintf("neither the policy file nor the tailnet has %q: %s", text, next)}
}

// absentError is the error for a name of nobody and nothing that is known.
type absentError struct{ name, message string }

func (e *absentError) Error() string { return e.message }

// names are what a question may name.
func (p *Policy) names() []string {
	var all []string
	for i := range p.Index.Devices[:p.Index.Real] {
		all = append(all, p.Index.Devices[i].Name)
	}
	for i := range p.Net.People {
		all = append(all, p.Net.People[i].Login)
	}
	for i := range p.Net.Services {
		all = append(all, p.Net.Services[i].Name)
	}
	for _, section := range [][]string{definitions(p.Parsed.Groups), definitions(p.Parsed.TagOwners), definitions(p.Parsed.Hosts), definitions(p.Parsed.IPSets)} {
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
		e.ends = []compiled.End{{Name: set.Text, Device: compiled.Nobody, Service: set.Service, Ranges: set.Ranges}}
	case set.Strangers:
		e.ends = []compiled.End{{Name: set.Text, Device: compiled.Nobody, Service: compiled.Nobody, Strangers: true}}
	case set.Ranges != nil:
		e.ends = []compiled.End{{Name: set.Text, Device: compiled.Nobody, Service: compiled.Nobody, Ranges: set.Ranges}}
	case set.Doubt.Any():
		// Who it is cannot be known, and yet a rule may name it.
		e.ends = []compiled.End{{Name: set.Text, Device: compiled.Nobody, Service: compiled.Nobody, Abstract: set.Text}}
	default:
		e.ends = p.devices(slices.Collect(set.V4.Of(set.V6, selector.Or).All()))
	}
	return e
}

// located makes an end of a host alias, an address or a prefix.
func (p *Policy) located(text string) (Endpoint, bool) {
	kind, where := "address", text
	if d, ok := p.Index.Definition(text); ok && len(d.Values) == 1 {
		kind, where = "host", d.Values[0].Text
	}
	r, ok := address.Parse(where)
	if !ok {
		return Endpoint{}, false
	}
	one := compiled.End{Name: text, Device: compiled.Nobody, Service: compiled.Nobody, Ranges: address.Of(r)}
	if r.From() == r.To() {
		one = p.Addressed(one, r.From())
	}
	return Endpoint{Kind: kind, Name: text, ends: []compiled.End{one}}, true
}

// devices makes an end of each device.
func (p *Policy) devices(all []int) []compiled.End {
	ends := make([]compiled.End, 0, len(all))
	for _, i := range all {
		d := &p.Index.Devices[i]
		e := compiled.End{Name: compiled.NameOf(d), Device: i, Service: compiled.Nobody}
		for _, a := range d.Addrs {
			e.Families |= compiled.FamilyOf(a)
		}
		if len(d.Addrs) == 0 {
			e.Families = compiled.Both
		}
		ends = append(ends, e)
	}
	return ends
}

func definitions(section []grammar.Definition) []string {
	var all []string
	for _, d := range section {
		all = append(all, d.Text)
	}
	return all
}
