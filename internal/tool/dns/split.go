// SPDX-License-Identifier: MIT

package dns

import (
	"context"
	"encoding/json"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type splitDomain struct {
	Domain      string   `json:"domain" jsonschema:"such as corp.example.com"`
	Nameservers []string `json:"nameservers" jsonschema:"such as 10.0.0.53"`
}

type splitInput struct {
	Domains []splitDomain `json:"domains" jsonschema:"those to change"`
	tool.Confirmation
}

type splitOutput struct {
	SplitDNS tool.Object `json:"splitDNS" jsonschema:"the domains and their nameservers now, as the Tailscale API says"`
	Previous tool.Object `json:"previous,omitempty" jsonschema:"the nameservers before of the domains that were overwritten or cleared; absent when all are new"`
}

func (d *dns) updateSplit() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "update_split_dns",
		Title:       "Change domains of split DNS",
		Group:       group,
		Target:      "domains.domain",
		Operations:  []string{"getSplitDns", "updateSplitDns"},
		Class:       grant.Destructive,
		Idempotent:  true,
		Example:     json.RawMessage(`{"domains":[{"domain":"corp.example.com","nameservers":["10.0.0.53"]},{"domain":"other.com","nameservers":[]}]}`),
		Description: "Replaces the nameservers of the named domains and all names below them (split DNS); other domains stay. An empty list ends it for a domain.",
	}, func(ctx context.Context, call tool.Call, in splitInput) (splitOutput, error) {
		names, err := checkSplit(in.Domains)
		if err != nil {
			return splitOutput{}, err
		}
		before, err := d.read(ctx, "getSplitDns")
		if err != nil {
			return splitOutput{}, err
		}
		var previous tool.Object
		var effects []string
		body := map[string][]string{} // nil is sent as null, which clears
		for i, one := range in.Domains {
			name, value, there := find(before, names[i])
			if there {
				if previous == nil {
					previous = tool.Object{}
				}
				previous[name] = value
			}
			switch {
			case len(one.Nameservers) > 0:
				body[name] = one.Nameservers
				effects = append(effects, "sends every look-up of a name in "+names[i]+" to "+all(one.Nameservers)+" instead of "+asked(value))
			case there:
				body[name] = nil
				effects = append(effects, "takes "+names[i]+" off split DNS, whose names are asked of "+asked(value)+" until now")
			default:
				return splitOutput{}, &tsapi.Error{
					Code: failure.NotFound, Op: "updateSplitDns",
					Message: "nothing was changed: split DNS has no domain " + printable(name) + " to clear",
					Next:    "see the domains with get_dns, part splitDNS",
				}
			}
		}
		if err := call.Confirm(in.Confirmation, strings.Join(names, ","), strings.Join(effects, "; ")); err != nil {
			return splitOutput{}, err
		}
		now, err := d.api.Object(ctx, tsapi.Request{Op: "updateSplitDns", Body: body})
		if err != nil {
			return splitOutput{}, err
		}
		return splitOutput{tool.Whole(now), previous}, nil
	})
}

// asked names the nameservers of a domain: its own, else the global ones.
func asked(value json.RawMessage) string {
	var own []string
	switch {
	case value == nil:
		return "the global nameservers"
	case json.Unmarshal(value, &own) != nil:
		return printable(string(value))
	}
	return all(own)
}

func checkSplit(given []splitDomain) ([]string, error) {
	if len(given) == 0 {
		return nil, tool.Invalidf("give at least one domain with its nameservers", "there is no domain to change")
	}
	var names []string
	for _, one := range given {
		names = append(names, one.Domain)
		if err := checkNameservers(one.Nameservers); err != nil {
			return nil, err
		}
	}
	return domains(names)
}

// find looks a domain up, and returns its name as it is written there: whether
// the API tells capitals apart is not documented.
func find(o tsapi.Object, domain string) (name string, value json.RawMessage, ok bool) {
	for name, value := range o.Fields() {
		if strings.EqualFold(strings.TrimSuffix(name, "."), domain) {
			return name, value, true
		}
	}
	return domain, nil, false
}
