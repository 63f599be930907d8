// SPDX-License-Identifier: MIT

package company

import "time"

// Key is an auth key, a trust credential or an API access token.
type Key struct {
	ID, Kind    string // auth, client, federated or api
	Description string
	By          string // login
	Created     time.Time
	Expires     time.Time // zero: never
	Tags        []string  // of the devices that an auth key lets in
	Scopes      []string
	Reusable    bool
}

// Invite is an invitation: of a person into the tailnet, or, with a device, of an outsider
// to that.
type Invite struct {
	ID       string
	By       string // login
	Email    string
	Role     string // of a person
	Device   string // name of the shared device
	Accepted bool
	Sent     time.Time
}

// Webhook is one.
type Webhook struct {
	ID, URL, Kind string
	By            string // login
	Events        []string
}

// DNS is the configuration of the tailnet.
type DNS struct {
	Nameservers []string
	Split       map[string][]string // domain: resolvers
	Search      []string
}

// credentials are the 6 keys, 3 invitations and 2 webhooks.
func (c *Company) credentials() {
	in := func(days int) time.Time { return c.Now.Add(time.Duration(days)*day + day/2) }
	c.Keys = []Key{
		{ID: "kApi7CNTRL", Kind: "api", Description: "alice at the console", By: Login("alice"), Created: in(-80), Expires: in(10), Scopes: []string{"all"}},
		{ID: "kAuth7CNTRL", Kind: "auth", Description: "CI runners", By: Login("bob"), Created: in(-82), Expires: in(8), Tags: []string{"tag:ci"}, Reusable: true},
		{ID: "kAuth8CNTRL", Kind: "auth", Description: "new web servers", By: Login("kate"), Created: in(-30), Expires: in(60), Tags: []string{"tag:web"}},
		{ID: "kAuth9CNTRL", Kind: "auth", Description: "dev machines", By: Login("carol"), Created: in(-70), Expires: in(20), Tags: []string{"tag:dev"}, Reusable: true},
		{ID: "kClient7CNTRL", Kind: "client", Description: "inventory", By: Login("alice"), Created: in(-300), Scopes: []string{"devices:core:read"}},
		{ID: "kFed7CNTRL", Kind: "federated", Description: "deploys", By: Login("kate"), Created: in(-200), Scopes: []string{"auth_keys"}, Tags: []string{"tag:ci"}},
	}
	c.Invites = []Invite{
		{ID: "29301", By: Login("bob"), Email: "zoe@example.org", Role: "member", Sent: in(-4)},
		{ID: "29302", By: Login("kate"), Email: "sam@example.com", Role: "admin", Sent: in(-9)},
		{ID: "12401", By: Login("bob"), Email: "pat@partner.example", Device: "bob-laptop", Accepted: true, Sent: in(-50)},
	}
	c.Webhooks = []Webhook{
		{ID: "123501", URL: "https://hooks.example.com/tailnet", Kind: "slack", By: Login("alice"), Events: []string{"nodeCreated", "userDeleted"}},
		{ID: "123502", URL: "https://collect.partner.example/in", By: Login("kate"), Events: []string{"policyUpdate"}},
	}
	c.DNS = DNS{
		Nameservers: []string{"9.9.9.9"},
		Split:       SplitDNS(),
		Search:      []string{"corp.internal"},
	}
}

// SplitDNS are the domains with resolvers of their own, as the nodes have them too.
func SplitDNS() map[string][]string { return map[string][]string{"corp.internal": {"10.40.0.53"}} }
