// SPDX-License-Identifier: MIT

package users

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type changeInput struct {
	User string `json:"user" jsonschema:"the user: login name (bob@example.com) or user ID"`
	tool.Confirmation
}

type changeOutput struct {
	Previous tool.Object `json:"previous" jsonschema:"the user before the change"`
	User     tool.Object `json:"user,omitempty" jsonschema:"the user now; absent when removed, or when it could not be read"`
	Note     string      `json:"note,omitempty" jsonschema:"what is not certain about this answer"`
}

// change is one change of a user, from the reading of whom it touches to the
// reading of what came of it.
type change struct {
	op   string
	body any
	// effect continues the sentence that begins with "this".
	effect func(login string, before tailnet.Object) string
	cuts   bool // the user may have less access afterwards
	gone   bool // the user is not there afterwards
}

func (u *users) change(ctx context.Context, call tool.Call, in changeInput, c change) (changeOutput, error) {
	before, err := u.resolve(ctx, in.User)
	if err != nil {
		return changeOutput{}, err
	}
	login := before.Text("loginName")
	if login == "" {
		login = before.Text("id")
	}
	effect := c.effect(fmt.Sprintf("%.80q", login), before)
	if c.cuts && call.Caller.Login != "" && strings.EqualFold(login, call.Caller.Login) {
		effect += "; it is the user that you call as, so you may lose your access to this server"
	}
	if err := call.Confirm(in.Confirmation, login, effect); err != nil {
		return changeOutput{}, err
	}
	id := []string{before.Text("id")}
	if err := u.api.Do(ctx, tailnet.Request{Op: c.op, Params: id, Body: c.body}); err != nil {
		return changeOutput{}, err
	}
	var out changeOutput
	if out.Previous, err = kind.One(kind.Listed, before); err != nil || c.gone {
		return out, err
	}
	now, err := u.api.Object(ctx, tailnet.Request{Op: "getUser", Params: id})
	if err != nil {
		out.Note = "the change was made; do not repeat the call. How the user is now could not be read"
		var failed *tailnet.Error
		if errors.As(err, &failed) {
			out.Note += ": " + failed.Message
		}
		return out, nil
	}
	out.User, err = kind.One(kind.Listed, now)
	return out, err
}

// define is what the definitions of all changes share. Who is gone is not read again.
func define(name, title, op string, class grant.Class, description string) tool.Definition {
	operations, calls := []string{"listUsers", op, "getUser"}, "Three"
	if op == "deleteUser" {
		operations, calls = operations[:2], "Two"
	}
	return tool.Definition{
		Name: name, Title: title, Group: group, Class: class, Idempotent: op != "deleteUser",
		Operations: operations,
		Description: description + " Nobody can do it to the owner of the API access token. The argument confirm is the login name. " +
			calls + " calls to the Tailscale API.",
	}
}

type roleInput struct {
	changeInput
	Role string `json:"role" jsonschema:"the new role; owner hands over the tailnet" enum:"owner,member,admin,it-admin,network-admin,billing-admin,auditor"`
}

func (u *users) setRole() tool.Tool {
	return tool.New(define("set_user_role", "Change a user's role", "updateUserRole", grant.Escalating,
		"Gives a user another role in the tailnet: what it may do in the admin console and with API access tokens. Answers with the user before and now."),
		func(ctx context.Context, call tool.Call, in roleInput) (changeOutput, error) {
			return u.change(ctx, call, in.changeInput, change{
				op: "updateUserRole", body: map[string]string{"role": in.Role}, cuts: true,
				effect: func(login string, before tailnet.Object) string {
					effect := fmt.Sprintf("changes the role of %s from %s to %s", login, before.Text("role"), in.Role)
					if in.Role == "owner" {
						effect += ", which hands over the tailnet"
					}
					return effect
				},
			})
		})
}

func (u *users) approve() tool.Tool {
	return tool.New(define("approve_user", "Approve a user", "approveUser", grant.Escalating,
		"Lets a user in who waits for approval (list_users with status needs-approval). Without effect on anybody else."),
		func(ctx context.Context, call tool.Call, in changeInput) (changeOutput, error) {
			return u.change(ctx, call, in, change{op: "approveUser", effect: func(login string, before tailnet.Object) string {
				return "lets " + login + " into the tailnet (status now: " + before.Text("status") + ")"
			}})
		})
}

func (u *users) restore() tool.Tool {
	return tool.New(define("restore_user", "Restore a suspended user", "restoreUser", grant.Escalating,
		"Gives a suspended user the access back that it had before: the opposite of suspend_user."),
		func(ctx context.Context, call tool.Call, in changeInput) (changeOutput, error) {
			return u.change(ctx, call, in, change{op: "restoreUser", effect: func(login string, before tailnet.Object) string {
				return fmt.Sprintf("gives %s access again, as %s (status now: %s)", login, before.Text("role"), before.Text("status"))
			}})
		})
}

func (u *users) suspend() tool.Tool {
	return tool.New(define("suspend_user", "Suspend a user", "suspendUser", grant.Destructive,
		"Takes a user's access to the tailnet away, that of its devices too, until restore_user. For one who leaves for good see delete_user."),
		func(ctx context.Context, call tool.Call, in changeInput) (changeOutput, error) {
			return u.change(ctx, call, in, change{op: "suspendUser", cuts: true, effect: func(login string, before tailnet.Object) string {
				return "takes the access to the tailnet from " + login + devicesOf(before)
			}})
		})
}

func (u *users) remove() tool.Tool {
	return tool.New(define("delete_user", "Delete a user", "deleteUser", grant.Destructive,
		"Removes a user from the tailnet. There is no way back, and the API does not document what becomes of devices and keys: look at them with list_all_devices and list_keys first. "+
			"To take access away for a while use suspend_user."),
		func(ctx context.Context, call tool.Call, in changeInput) (changeOutput, error) {
			return u.change(ctx, call, in, change{op: "deleteUser", cuts: true, gone: true, effect: func(login string, before tailnet.Object) string {
				return "removes " + login + " from the tailnet for good" + devicesOf(before)
			}})
		})
}

// devicesOf says how many devices a change reaches.
func devicesOf(o tailnet.Object) string {
	n, ok := o.Field("deviceCount")
	if !ok {
		return ""
	}
	return "; number of devices: " + string(n)
}
