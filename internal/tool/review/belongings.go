// SPDX-License-Identifier: MIT

package review

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/review/risk"
	"tailscale-mcp/internal/tsapi"
)

// keysOf are the keys that a person made. The API names whoever made one by an ID.
func (t *tailnet) keysOf(p person) (all []key) {
	var strange int
	for _, k := range t.keys {
		switch maker := k.Text("userId"); {
		case maker == "":
		case maker == p.ID:
			all = append(all, key{shown(k.Text("id")), kindOf(k.Text("keyType")), shown(k.Text("description")), shown(k.Text("expires"))})
		case !t.knows(maker):
			strange++
		}
	}
	t.unowned("keys", strange, "list_keys")
	return all
}

// kindOf is a kind of key in the words of people.
func kindOf(keyType string) string {
	switch keyType {
	case "auth":
		return "auth key"
	case "api":
		return "API access token"
	case "client":
		return "OAuth client"
	case "federated":
		return "federated identity"
	}
	return shown(keyType)
}

// knows reports whether an ID is that of a user.
func (t *tailnet) knows(id string) bool {
	return slices.ContainsFunc(t.users, func(u tsapi.Object) bool { return u.Text("id") == id })
}

// unowned says that the API names no user for some objects, so that they may be theirs.
func (t *tailnet) unowned(what string, n int, list string) {
	if n == 0 {
		return
	}
	whose := "that is no user's"
	if t.users == nil {
		whose = "and the users could not be read"
	}
	t.notRead = append(t.notRead, fmt.Sprintf("whose %d %s are: they name their maker by an ID %s; see %s", n, what, whose, list))
}

// invitesOf are the open invitations into the tailnet that a person made, or that are for
// them.
func (t *tailnet) invitesOf(p person) (all []invite) {
	var strange int
	for _, i := range t.invites {
		value, _ := i.Field("inviterId")
		maker := strings.Trim(string(value), `"`)
		switch email := i.Text("email"); {
		case p.ID != "" && maker == p.ID, strings.EqualFold(email, p.Login):
			all = append(all, invite{ID: shown(i.Text("id")), For: shown(cmp.Or(email, "whoever has the link")), Role: shown(i.Text("role"))})
		case maker != "" && !t.knows(maker):
			strange++
		}
	}
	t.unowned("open invitations into the tailnet", strange, "list_invites")
	return all
}

// webhooksOf are the webhooks that a person made. Of their URLs, which may be secrets, the
// host is shown.
func (t *tailnet) webhooksOf(p person) (all []webhook) {
	for _, w := range t.webhooks {
		if !strings.EqualFold(w.Text("creatorLoginName"), p.Login) {
			continue
		}
		host := "not shown"
		if u, err := url.Parse(w.Text("endpointUrl")); err == nil {
			host = u.Hostname()
		}
		all = append(all, webhook{shown(w.Text("endpointId")), shown(host)})
	}
	return all
}

// sharesOf reads the invitations to the devices of a person.
func (r reviewer) sharesOf(ctx context.Context, call tool.Call, t *tailnet, devices []identified, out *offboardOutput) error {
	var order []string
	for _, d := range devices {
		order = append(order, d.id)
	}
	s, err := r.Evaluator.Shares(ctx, call.Caller.Key(), order, mostShares)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		t.note("shares of their devices", "listDeviceInvites", err)
		return nil
	}
	for _, d := range devices {
		for _, i := range s.Of[d.id] {
			out.Shares = append(out.Shares, invite{ID: shown(i.Text("id")), Device: d.name, For: shown(risk.Guest(i))})
		}
	}
	if s.Unasked > 0 {
		t.notRead = append(t.notRead, fmt.Sprintf("shares of %d of their devices: not asked for, since that is one request each; list_invites with device shows those of one", s.Unasked))
	}
	return nil
}
