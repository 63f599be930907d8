// SPDX-License-Identifier: MIT

package users

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// resolve finds the one user that name means: an ID, or a login name. The name is
// compared, and never becomes part of the address of a request.
func (u *users) resolve(ctx context.Context, name string) (tsapi.Object, error) {
	return u.lookUp(ctx, name, true)
}

// resolveAlone is resolve for the resource: a caller who may read one user is not told
// of others that may have been meant, as it may not be allowed to read them.
func (u *users) resolveAlone(ctx context.Context, name string) (tsapi.Object, error) {
	return u.lookUp(ctx, name, false)
}

func (u *users) lookUp(ctx context.Context, name string, suggest bool) (tsapi.Object, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return tsapi.Object{}, tool.Invalidf("give a login name such as bob@example.com, or a user ID", "no user is named")
	}
	all, err := u.all(ctx, "all", "")
	if err != nil {
		return tsapi.Object{}, err
	}
	for _, fits := range []func(tsapi.Object) bool{
		func(o tsapi.Object) bool { return o.Text("id") == name },
		func(o tsapi.Object) bool { return strings.EqualFold(o.Text("loginName"), name) },
	} {
		var found []tsapi.Object
		var ids []string
		for _, o := range all {
			if fits(o) {
				found = append(found, o)
				ids = append(ids, o.Text("id"))
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return tsapi.Object{}, tool.Invalidf("use one of these IDs: "+strings.Join(ids, ", "), "%d users are called %.80q", len(found), name)
		}
	}
	return tsapi.Object{}, unknown(all, name, suggest)
}

// unknown refuses a name that nobody has, and suggests those that may have been meant.
func unknown(all []tsapi.Object, name string, suggest bool) error {
	e := &tsapi.Error{
		Code:    failure.NotFound,
		Message: fmt.Sprintf("no user of the tailnet is called %.80q", name),
		Next:    "look for the login name with list_users, and type all for people of other tailnets",
	}
	if near := nearest(all, name); suggest && len(near) > 0 {
		e.Next = "use one of these login names if it is meant: " + strings.Join(near, ", ") + "; otherwise " + e.Next
	}
	return e
}

// nearest returns a few login names that name may mean: first the same name at another
// domain, then users that have it in a name.
func nearest(all []tsapi.Object, name string) (near []string) {
	const most = 5
	name = strings.ToLower(name)
	local, _, _ := strings.Cut(name, "@")
	for _, fits := range []func(login, display string) bool{
		func(login, _ string) bool { l, _, _ := strings.Cut(login, "@"); return l == local },
		func(login, display string) bool {
			return strings.Contains(login, name) || strings.Contains(display, name)
		},
	} {
		var found []string
		for _, o := range all {
			login := o.Text("loginName")
			if quoted := fmt.Sprintf("%.80q", login); login != "" && fits(strings.ToLower(login), strings.ToLower(o.Text("displayName"))) && !slices.Contains(near, quoted) {
				found = append(found, quoted)
			}
		}
		slices.Sort(found)
		near = append(near, found...)
	}
	return near[:min(most, len(near))]
}
