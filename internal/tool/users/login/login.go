// SPDX-License-Identifier: MIT

// Package login names the people whom objects of the API name by a number or an ID
// only: who made a key, who invited somebody.
//
// It reads the users of the tailnet for it, and is of no consequence where it cannot:
// then the answer has the IDs alone, and a note says why. It imports failure and tsapi.
package login

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi"
)

// Operation is what a tool that names people may ask of the API besides.
const Operation = "listUsers"

// API is what is asked of the Tailscale API; *tsapi.API is one.
type API interface {
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
}

// Names knows the logins of people by their IDs, for one call. The users are read when
// the first is asked for. It is not safe for concurrent use.
type Names struct {
	read   func() ([]tsapi.Object, error)
	logins map[string]string // nil before the users are read
	err    error
	gone   map[string]bool
}

// Of returns the names of the people of a tailnet, of other tailnets too.
func Of(ctx context.Context, api API) *Names {
	return &Names{read: func() ([]tsapi.Object, error) {
		return api.List(ctx, tsapi.Request{Op: Operation, Query: url.Values{"type": {"all"}}}, "users")
	}}
}

// In returns the login of whom a field of an object names by ID, a text or a number;
// empty where it names nobody or one who is not known.
func (n *Names) In(field string) func(tsapi.Object) string {
	return func(o tsapi.Object) string {
		value, _ := o.Field(field)
		id := strings.Trim(string(value), `"`)
		if id == "" || id == "null" {
			return ""
		}
		return n.login(id)
	}
}

func (n *Names) login(id string) string {
	if n.logins == nil {
		n.logins, n.gone = map[string]string{}, map[string]bool{}
		var users []tsapi.Object
		users, n.err = n.read()
		for _, u := range users {
			n.logins[u.Text("id")] = u.Text("loginName")
		}
	}
	if n.logins[id] == "" {
		n.gone[id] = true
	}
	return n.logins[id]
}

// Note says which logins that were asked for are missing, and why; empty if none is.
func (n *Names) Note() string {
	switch code := failure.CodeOf(n.err); {
	case n.err == nil && len(n.gone) == 0:
		return ""
	case n.err == nil:
		return fmt.Sprintf("%d of the people named by an ID are not among the users of the tailnet, and have no login here: they may have been deleted", len(n.gone))
	case code == failure.MissingScope, code == failure.PermissionDenied:
		return "logins are left out: the API credential may not read the users, which takes the scope users:read"
	default:
		return "logins are left out: the users could not be read (" + string(code) + ")"
	}
}
