// SPDX-License-Identifier: MIT

package dns

import (
	"context"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type nameserversInput struct {
	Nameservers []string `json:"nameservers" jsonschema:"all nameservers from now on, such as 1.1.1.1 or https://dns.nextdns.io/abc123; an empty list removes all"`
	tool.Confirmation
}

func (d *dns) setNameservers() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "set_dns_nameservers",
		Title:      "Replace the DNS nameservers",
		Group:      group,
		Operations: []string{"listDnsNameservers", "setDnsNameservers"},
		Class:      grant.Destructive,
		Idempotent: true,
		Description: "Replaces the tailnet's global nameservers: what is not in the list is removed. A nameserver is an IP address or an https URL of DNS over HTTPS. " +
			"An empty list removes all of them and turns MagicDNS off, which stays off until set_dns_preferences turns it on again. Whether a nameserver is used with exit nodes cannot be said here: " +
			"set_dns_configuration says it, and changes it back where this call loses it. Resolvers of single domains are set with update_split_dns. " +
			"Needs confirm; the refusal without it says what would be removed. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in nameserversInput) (changed, error) {
		if err := checkNameservers(in.Nameservers); err != nil {
			return changed{}, err
		}
		before, err := d.read(ctx, "listDnsNameservers")
		if err != nil {
			return changed{}, err
		}
		present, err := decode[struct {
			DNS []string `json:"dns"`
		}]("listDnsNameservers", before)
		if err != nil {
			return changed{}, err
		}
		effect := replaces("DNS nameservers", present.DNS, in.Nameservers)
		if len(present.DNS) > 0 && len(in.Nameservers) > 0 {
			effect += "; that they are used with exit nodes may be lost, which is not shown here"
		}
		if len(in.Nameservers) == 0 {
			effect += ", and turns MagicDNS off until it is turned on again: names of devices stop resolving"
		}
		if err := call.Confirm(in.Confirmation, "dns nameservers", effect); err != nil {
			return changed{}, err
		}
		return d.change(ctx, "setDnsNameservers", map[string][]string{"dns": explicit(in.Nameservers)}, before)
	})
}

type searchPathsInput struct {
	SearchPaths []string `json:"searchPaths" jsonschema:"all search paths from now on, such as corp.example.com; an empty list removes all"`
	tool.Confirmation
}

func (d *dns) setSearchPaths() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "set_dns_search_paths",
		Title:      "Replace the DNS search paths",
		Group:      group,
		Operations: []string{"listDnsSearchPaths", "setDnsSearchPaths"},
		Class:      grant.Destructive,
		Idempotent: true,
		Description: "Replaces the tailnet's DNS search paths, the domains that short names are completed with on every device: what is not in the list is removed, " +
			"and short names that relied on it stop resolving. Read them with get_dns first and give the whole list. " +
			"Needs confirm; the refusal without it says what would be removed. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in searchPathsInput) (changed, error) {
		paths, err := domains(in.SearchPaths)
		if err != nil {
			return changed{}, err
		}
		before, err := d.read(ctx, "listDnsSearchPaths")
		if err != nil {
			return changed{}, err
		}
		present, err := decode[struct {
			SearchPaths []string `json:"searchPaths"`
		}]("listDnsSearchPaths", before)
		if err != nil {
			return changed{}, err
		}
		if err := call.Confirm(in.Confirmation, "dns search paths", replaces("DNS search paths", present.SearchPaths, paths)); err != nil {
			return changed{}, err
		}
		return d.change(ctx, "setDnsSearchPaths", map[string][]string{"searchPaths": explicit(paths)}, before)
	})
}

// replaces says what becomes of one list by setting another.
func replaces(what string, before, after []string) string {
	was, is := named(before), all(after)
	if len(before) == 0 {
		was = "none"
	}
	if len(after) == 0 {
		is = "none"
	}
	text := "replaces the " + what + " (" + was + ") with these: " + is
	if lost := without(before, after); len(lost) > 0 {
		return text + "; it removes " + named(lost)
	}
	return text + "; it removes none"
}

// explicit is list, as [] when it is empty: what the API makes of null is not
// documented.
func explicit[T any](list []T) []T { return append([]T{}, list...) }
