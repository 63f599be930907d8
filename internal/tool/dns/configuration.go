// SPDX-License-Identifier: MIT

package dns

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type resolver struct {
	Address         string `json:"address" jsonschema:"IP address or https URL"`
	UseWithExitNode bool   `json:"useWithExitNode,omitempty"`
}

type domainResolvers struct {
	Domain    string     `json:"domain" jsonschema:"such as corp.example.com"`
	Resolvers []resolver `json:"resolvers" jsonschema:"at least one"`
}

type configurationInput struct {
	Nameservers      []resolver        `json:"nameservers,omitempty" jsonschema:"the global ones"`
	SplitDNS         []domainResolvers `json:"splitDNS,omitempty" jsonschema:"domains with nameservers of their own"`
	SearchPaths      []string          `json:"searchPaths,omitempty" jsonschema:"such as corp.example.com"`
	MagicDNS         bool              `json:"magicDNS"`
	OverrideLocalDNS bool              `json:"overrideLocalDNS" jsonschema:"nameservers replace those of the operating system"`
	tool.Confirmation
}

// sent is a resolver as it is sent, with its false spelled out.
type sent struct {
	Address         string `json:"address"`
	UseWithExitNode bool   `json:"useWithExitNode"`
}

type preferences struct {
	OverrideLocalDNS bool `json:"overrideLocalDNS"`
	MagicDNS         bool `json:"magicDNS"`
}

// configuration is the DNS configuration as the API shows and takes it.
type configuration struct {
	Nameservers []sent            `json:"nameservers"`
	SplitDNS    map[string][]sent `json:"splitDNS"`
	SearchPaths []string          `json:"searchPaths"`
	Preferences preferences       `json:"preferences"`
}

func (d *dns) setConfiguration() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "set_dns_configuration",
		Title:      "Replace the whole DNS configuration",
		Group:      group,
		Operations: []string{"getDnsConfiguration", "setDnsConfiguration"},
		Class:      grant.Destructive,
		Idempotent: true,
		Example:    json.RawMessage(`{"nameservers":[{"address":"9.9.9.9"}],"magicDNS":true,"overrideLocalDNS":false}`),
		Description: "Replaces the whole DNS configuration: what is left out is removed. Only for useWithExitNode and overrideLocalDNS; " +
			"set_dns_nameservers, set_dns_search_paths, update_split_dns and set_dns_preferences lose less.",
	}, func(ctx context.Context, call tool.Call, in configurationInput) (changed, error) {
		after, err := in.configuration()
		if err != nil {
			return changed{}, err
		}
		before, err := d.read(ctx, "getDnsConfiguration")
		if err != nil {
			return changed{}, err
		}
		present, err := decode[configuration]("getDnsConfiguration", before)
		if err != nil {
			return changed{}, err
		}
		effect := "replaces the whole DNS configuration; "
		if lost := losses(before, present, after); len(lost) > 0 {
			effect += "it loses " + strings.Join(lost, "; ")
		} else {
			effect += "nothing that is set now is lost"
		}
		if added := gains(present, after); len(added) > 0 {
			effect += "; it adds " + strings.Join(added, "; ")
		}
		if err := call.Confirm(in.Confirmation, "dns configuration", effect); err != nil {
			return changed{}, err
		}
		return d.change(ctx, "setDnsConfiguration", after, before)
	})
}

// configuration checks the arguments and puts them into the form of the API.
func (in configurationInput) configuration() (configuration, error) {
	c := configuration{SplitDNS: map[string][]sent{}, Preferences: preferences{in.OverrideLocalDNS, in.MagicDNS}}
	var err error
	if c.Nameservers, err = toSend(in.Nameservers); err != nil {
		return c, err
	}
	if c.SearchPaths, err = domains(in.SearchPaths); err != nil {
		return c, err
	}
	var names []string
	for _, one := range in.SplitDNS {
		names = append(names, one.Domain)
	}
	if names, err = domains(names); err != nil {
		return c, err
	}
	for i, one := range in.SplitDNS {
		if len(one.Resolvers) == 0 {
			return c, tool.Invalidf("give it at least one, or leave the domain out to remove it", "the domain %s has no resolvers", printable(one.Domain))
		}
		if c.SplitDNS[names[i]], err = toSend(one.Resolvers); err != nil {
			return c, err
		}
	}
	return c, nil
}

func toSend(given []resolver) ([]sent, error) {
	list := []sent{}
	for _, r := range given {
		list = append(list, sent(r))
	}
	return list, checkNameservers(addresses(list))
}

func addresses(list []sent) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.Address)
	}
	return out
}

// losses are the parts of the present configuration that the next one lacks.
func losses(raw tsapi.Object, before, after configuration) []string {
	var lost []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			lost = append(lost, what+" "+named(names))
		}
	}
	add("the nameservers", without(addresses(before.Nameservers), addresses(after.Nameservers)))
	add("the use with exit nodes of", unused(before.Nameservers, after.Nameservers))
	for _, domain := range slices.Sorted(maps.Keys(before.SplitDNS)) {
		list, now := before.SplitDNS[domain], after.SplitDNS[strings.ToLower(strings.TrimSuffix(domain, "."))]
		if now == nil {
			add("the split DNS of", []string{domain})
			continue
		}
		add("of "+printable(domain)+" the nameservers", without(addresses(list), addresses(now)))
		add("of "+printable(domain)+" the use with exit nodes of", unused(list, now))
	}
	add("the search paths", without(before.SearchPaths, after.SearchPaths))
	if before.Preferences.MagicDNS && !after.Preferences.MagicDNS {
		lost = append(lost, "MagicDNS")
	}
	if before.Preferences.OverrideLocalDNS && !after.Preferences.OverrideLocalDNS {
		lost = append(lost, "overrideLocalDNS")
	}
	for name := range raw.Fields() {
		if !slices.Contains([]string{"nameservers", "splitDNS", "searchPaths", "preferences"}, name) {
			add("a field that this tool does not know,", []string{name})
		}
	}
	const most = 20
	if rest := len(lost) - most; rest > 0 {
		lost = append(lost[:most], fmt.Sprintf("%d other things", rest))
	}
	return lost
}

// gains are all parts of the next configuration that the present one lacks: a
// nameserver that answers every device must not be hidden in "10 more".
func gains(before, after configuration) []string {
	var added []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			added = append(added, what+" "+all(names))
		}
	}
	add("the nameservers", without(addresses(after.Nameservers), addresses(before.Nameservers)))
	add("the use with exit nodes of", unused(after.Nameservers, before.Nameservers))
	present := map[string][]sent{}
	for domain, list := range before.SplitDNS {
		present[strings.ToLower(strings.TrimSuffix(domain, "."))] = list
	}
	for _, domain := range slices.Sorted(maps.Keys(after.SplitDNS)) {
		list, was := after.SplitDNS[domain], present[domain]
		add("for "+domain+" the nameservers", without(addresses(list), addresses(was)))
		add("for "+domain+" the use with exit nodes of", unused(list, was))
	}
	add("the search paths", without(after.SearchPaths, before.SearchPaths))
	if after.Preferences.MagicDNS && !before.Preferences.MagicDNS {
		added = append(added, "MagicDNS")
	}
	if after.Preferences.OverrideLocalDNS && !before.Preferences.OverrideLocalDNS {
		added = append(added, "overrideLocalDNS, so that these nameservers replace those of the operating systems")
	}
	return added
}

// unused are the nameservers that stay and are no longer used with exit nodes.
func unused(before, after []sent) []string {
	var lost []string
	for _, r := range before {
		if r.UseWithExitNode && slices.Contains(after, sent{Address: r.Address}) {
			lost = append(lost, r.Address)
		}
	}
	return lost
}
