// SPDX-License-Identifier: MIT

package risk

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"tailscale-mcp/internal/tsapi"
)

// invites are those into the tailnet that are open.
func (f *Facts) invites() []Finding {
	grave := Finding{
		Rank: Medium, Area: Shares, Risk: "open invitations to anybody, or to administer",
		Why: "whoever has the link is in", Next: "delete_invite with kind user",
	}
	open := Finding{
		Rank: Low, Area: Shares, Risk: "open invitations into the tailnet",
		Why: "they wait until somebody takes them", Next: "list_invites, delete_invite",
	}
	for _, i := range f.Invites {
		role, email := cmp.Or(i.Text("role"), "member"), i.Text("email")
		name := i.Text("id") + " (" + cmp.Or(email, "a link for anybody") + ", " + role + ")"
		if email == "" || role != "member" {
			grave.Where = append(grave.Where, name)
		} else {
			open.Where = append(open.Where, name)
		}
	}
	return slices.Concat(found(grave), found(open))
}

// shares are the devices that people outside of the tailnet reach.
func (f *Facts) shares() []Finding {
	wide := Finding{
		Rank: Medium, Area: Shares, Risk: "a device is offered to many outside, or as their exit node",
		Why: "strangers come through it", Next: "delete_invite with kind device",
	}
	out := Finding{
		Rank: Low, Area: Shares, Risk: "devices are shared with people outside",
		Why: "other tailnets decide who they are", Next: "list_invites with device",
	}
	for _, name := range slices.Sorted(maps.Keys(f.Shared)) {
		for _, i := range f.Shared[name] {
			text := name + " with " + Guest(i)
			if is(i, "multiUse") || is(i, "allowExitNode") {
				wide.Where = append(wide.Where, text)
			} else {
				out.Where = append(out.Where, text)
			}
		}
	}
	return slices.Concat(found(wide), found(out))
}

// Guest names whom an invitation to a device is for, and whether they have taken it.
func Guest(i tsapi.Object) string {
	var by struct{ LoginName string }
	value, _ := i.Field("acceptedBy")
	decode(value, &by)
	who := cmp.Or(by.LoginName, i.Text("email"), "whoever has the link")
	if !is(i, "accepted") {
		return who + " (open)"
	}
	return who
}

// webhooks are the addresses outside to which events of the tailnet go.
func (f *Facts) webhooks() []Finding {
	plain := Finding{
		Rank: High, Area: Settings, Risk: "webhooks without TLS",
		Why: "anybody on the way reads the events", Next: "delete_webhook, create_webhook",
	}
	out := Finding{
		Rank: Medium, Area: Settings, Risk: "webhooks to addresses outside",
		Why: "they learn of every device and user", Next: "list_webhooks",
	}
	for _, w := range f.Webhooks {
		u, err := url.Parse(w.Text("endpointUrl"))
		if err != nil {
			u = &url.URL{Scheme: "https", Host: "an address that cannot be read"}
		}
		name := w.Text("endpointId") + " (" + u.Hostname() + ")"
		switch {
		case u.Scheme == "http":
			plain.Where = append(plain.Where, name)
		case len(f.Users) > 0 && !f.inside(u.Hostname()):
			out.Where = append(out.Where, name)
		}
	}
	return slices.Concat(found(plain), found(out))
}

// inside reports whether a host is of a domain that people of the tailnet have.
func (f *Facts) inside(host string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(f.domains(), func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
}
