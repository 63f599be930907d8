// SPDX-License-Identifier: MIT

package users

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type changeInput struct {
	User string `json:"user" jsonschema:"login name (bob@example.com) or ID"`
	tool.Confirmation
}

type changeOutput struct {
	Previous tool.Object `json:"previous" jsonschema:"the user before the change"`
	User     tool.Object `json:"user,omitempty" jsonschema:"the user now; absent when it could not be read"`
	Note     string      `json:"note,omitempty" jsonschema:"what is not certain about this answer"`
}

// change is one change of a user.
type change struct {
	op   string
	body any
	// effect continues the sentence that begins with "this".
	effect func(login string, before tsapi.Object) string
	cuts   bool // the user may have less access afterwards
	ends   bool // the user has no access afterwards, and neither have its devices
}

// prepare reads the user that a change touches, and says what the change does to it.
func (u *users) prepare(ctx context.Context, call tool.Call, in changeInput, c change) (before tsapi.Object, login, effect string, err error) {
	if before, err = u.resolve(ctx, in.User); err != nil {
		return before, "", "", err
	}
	login = cmp.Or(before.Text("loginName"), before.Text("id"))
	effect = c.effect(fmt.Sprintf("%.80q", login), before)
	if c.ends {
		effect += u.stake(ctx, before)
	}
	if c.cuts && call.Caller.Login != "" && strings.EqualFold(login, call.Caller.Login) {
		effect += "; it is the user that you call as, so you may lose your access to this server"
	}
	return before, login, effect, nil
}

// change makes a change of one user once it is confirmed, and reads the user again.
func (u *users) change(ctx context.Context, call tool.Call, in changeInput, c change) (changeOutput, error) {
	before, login, effect, err := u.prepare(ctx, call, in, c)
	if err != nil {
		return changeOutput{}, err
	}
	if err := call.Confirm(in.Confirmation, login, effect); err != nil {
		return changeOutput{}, err
	}
	id := []string{before.Text("id")}
	if err := u.api.Do(ctx, tsapi.Request{Op: c.op, Params: id, Body: c.body}); err != nil {
		return changeOutput{}, err
	}
	var out changeOutput
	if out.Previous, err = kind.One(kind.Listed, before); err != nil {
		return changeOutput{}, err
	}
	now, err := u.api.Object(ctx, tsapi.Request{Op: "getUser", Params: id})
	if err != nil {
		out.Note = "the change was made; do not repeat the call. How the user is now could not be read"
		var failed *tsapi.Error
		if errors.As(err, &failed) {
			out.Note += ": " + failed.Message
		}
		return out, nil
	}
	out.User, err = kind.One(kind.Listed, now)
	return out, err
}

// define returns the definition of a change: all of them share the form. A user that
// was removed is not read again.
func define(name, title, op string, class grant.Class, example, description string) tool.Definition {
	operations, optional := []string{"listUsers", op, "getUser"}, []string(nil)
	switch op {
	case "suspendUser":
		optional = []string{"listTailnetDevices"} // see stake
	case "deleteUser":
		operations, optional = []string{"listUsers", op}, []string{"listTailnetDevices"}
	}
	return tool.Definition{
		Name: name, Title: title, Group: group, Target: "user", Class: class, Idempotent: true,
		Adds:        op == "approveUser" || op == "restoreUser",
		Operations:  operations,
		Optional:    optional,
		Example:     json.RawMessage(example),
		Description: description,
	}
}
