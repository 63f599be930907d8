// SPDX-License-Identifier: MIT

package dns

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type nameserversInput struct {
	Nameservers []string `json:"nameservers" jsonschema:"all from now on, such as 1.1.1.1 or https://dns.nextdns.io/abc123"`
	tool.Confirmation
}

func (d *dns) setNameservers() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "set_dns_nameservers",
		Title:       "Replace the DNS nameservers",
		Group:       group,
		Operations:  []string{"listDnsNameservers", "setDnsNameservers"},
		Class:       grant.Destructive,
		Idempotent:  true,
		Example:     json.RawMessage(`{"nameservers":["9.9.9.9"]}`),
		Description: "Replaces the global nameservers; an empty list turns MagicDNS off too. Their use with exit nodes is lost: see set_dns_configuration.",
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
