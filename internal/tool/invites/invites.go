// SPDX-License-Identifier: MIT

// Package invites has the tools about invitations: of people into the tailnet, and
// of outsiders to one device (https://tailscale.com/api#tag/userinvites and
// #tag/deviceinvites). It imports tool, grant, tailnet and, to find a device by
// name, the devices tools; errors of the API pass through with their codes.
package invites

import (
	"context"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

const group = "invites"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	lookup.API
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
}

// Tools returns the group.
func Tools(api API) tool.Set {
	i := &invites{api}
	return tool.Set{Tools: []tool.Tool{i.list(), i.shareDevice(), i.inviteUsers(), i.remove(), i.resend()}}
}

type invites struct{ api API }

// kinds are the invitations, by the argument kind, with all that is documented.
var kinds = map[string]tool.Kind{
	"user":   {ID: "id", Documented: []string{"id", "role", "tailnetId", "inviterId", "inviterLogin", "email", "lastEmailSentAt", link}},
	"device": {ID: "id", Documented: []string{"id", "created", "tailnetId", "deviceId", "sharerId", "sharerLogin", "multiUse", "allowExitNode", "email", "lastEmailSentAt", link, "accepted", "acceptedBy"}},
}

// fields are those of both kinds that a list shows, for the schema.
var fields = slices.DeleteFunc(slices.Concat(kinds["user"].Documented, kinds["device"].Documented), func(name string) bool { return name == link || name == "tailnetId" })

const (
	link       = "inviteUrl"
	linkNote   = "whoever holds an inviteUrl can accept that invitation: give it to the invited person only"
	hiddenNote = "links are left out: each is shown once, to whoever makes the invitation; an admin sees them in the admin console"
)

// hide removes the links, and returns a note if there were any. The holder of a link
// can accept the invitation, perhaps as an admin: a caller who may only read must not
// become one.
func hide(invites ...tool.Object) (note string) {
	for _, o := range invites {
		if url := string(o[link]); url != "" && url != `""` {
			note = hiddenNote
		}
		delete(o, link)
	}
	return note
}

// shown is an invitation as answers have it, without its link.
func (w which) shown(o tsapi.Object) (tool.Object, error) {
	invite, err := kinds[w.Kind].One(nil, o)
	hide(invite)
	return invite, err
}

// which names one invitation.
type which struct {
	Kind   string `json:"kind" enum:"user,device"`
	Invite string `json:"invite" jsonschema:"ID, such as 29214"`
}

// operation returns the operation for invitations of this kind.
func (w which) operation(user, device string) string {
	if w.Kind == "device" {
		return device
	}
	return user
}

// get reads the invitation that a call names. Space around the ID is ignored.
func (i *invites) get(ctx context.Context, w which) (o tsapi.Object, id string, err error) {
	id = strings.TrimSpace(w.Invite)
	o, err = i.api.Object(ctx, tsapi.Request{Op: w.operation("getUserInvite", "getDeviceInvite"), Params: []string{id}})
	return o, id, err
}
