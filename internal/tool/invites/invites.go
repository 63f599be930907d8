// SPDX-License-Identifier: MIT

// Package invites has the tools about invitations: of people into the tailnet, and
// of outsiders to one device (https://tailscale.com/api#tag/userinvites and
// #tag/deviceinvites). It imports tool, grant, tailnet and, to find a device by
// name, the devices tools; errors of the API pass through with their codes.
package invites

import (
	"context"
	"strings"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

const group = "invites"

// Tools returns the group.
func Tools(api *tailnet.API) tool.Set {
	i := &invites{api}
	return tool.Set{Tools: []tool.Tool{i.list(), i.shareDevice(), i.inviteUsers(), i.remove(), i.resend()}}
}

type invites struct{ api *tailnet.API }

// kinds are the invitations, by the argument kind, with all that is documented.
var kinds = map[string]tool.Kind{
	"user":   {ID: "id", Documented: []string{"id", "role", "tailnetId", "inviterId", "email", "lastEmailSentAt", link}},
	"device": {ID: "id", Documented: []string{"id", "created", "tailnetId", "deviceId", "sharerId", "multiUse", "allowExitNode", "email", "lastEmailSentAt", link, "accepted", "acceptedBy"}},
}

const (
	link       = "inviteUrl"
	linkNote   = "whoever holds an inviteUrl can accept that invitation: give it to the invited person only"
	hiddenNote = "links are left out: each is shown once, to whoever makes the invitation; an admin sees them in the admin console"
)

// hide takes the links out, and says so if there were any. Whoever holds a link can
// accept the invitation, as an admin perhaps: a caller who may only read must not
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

// which names one invitation.
type which struct {
	Kind   string `json:"kind" jsonschema:"user: into the tailnet; device: a device shared with an outsider" enum:"user,device"`
	Invite string `json:"invite" jsonschema:"ID of the invitation, such as 29214, from list_invites"`
}

// operation is the one of the two for that kind.
func (w which) operation(user, device string) string {
	if w.Kind == "device" {
		return device
	}
	return user
}

// get reads the invitation that a call is about, whose ID may have been given with
// space around it.
func (i *invites) get(ctx context.Context, w which) (o tailnet.Object, id string, err error) {
	id = strings.TrimSpace(w.Invite)
	o, err = i.api.Object(ctx, tailnet.Request{Op: w.operation("getUserInvite", "getDeviceInvite"), Params: []string{id}})
	return o, id, err
}
