// SPDX-License-Identifier: MIT

package users

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// resolve finds the one user that name means: an ID, or a login name. Nothing that
// a caller writes becomes part of an address.
func (u *users) resolve(ctx context.Context, name string) (tailnet.Object, error) {
	return u.lookUp(ctx, name, true)
}

// resolveAlone is resolve for the resource: who may read one user is not told which
// others may have been meant, as those may be none that it may read.
func (u *users) resolveAlone(ctx context.Context, name string) (tailnet.Object, error) {
	return u.lookUp(ctx, name, false)
}

func (u *users) lookUp(ctx context.Context, name string, suggest bool) (tailnet.Object, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return tailnet.Object{}, tool.Invalidf("give a login name such as bob@example.com, or a user ID", "no user is named")
	}
	all, err := u.all(ctx, "all", "")
	if err != nil {
		return tailnet.Object{}, err
	}
	for _, fits := range []func(tailnet.Object) bool{
		func(o tailnet.Object) bool { return o.Text("id") == name },
		func(o tailnet.Object) bool { return strings.EqualFold(o.Text("loginName"), name) },
	} {
		var found []tailnet.Object
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
			return tailnet.Object{}, tool.Invalidf("use one of these IDs: "+strings.Join(ids, ", "), "%d users are called %.80q", len(found), name)
		}
	}
	return tailnet.Object{}, unknown(all, name, suggest)
}

// unknown refuses a name that nobody has, and suggests those that may have been meant.
func unknown(all []tailnet.Object, name string, suggest bool) error {
	e := &tailnet.Error{
		Code:    tailnet.CodeNotFound,
		Message: fmt.Sprintf("no user of the tailnet is called %.80q", name),
		Next:    "look for the login name with list_users, and type all for people of other tailnets",
	}
	if near := nearest(all, name); suggest && len(near) > 0 {
		e.Next = "use one of these login names if it is meant: " + strings.Join(near, ", ") + "; otherwise " + e.Next
	}
	return e
}

// nearest are the login names, a few at most, of whom name may mean: first those
// who are called so at another domain, then those who have it in a name.
func nearest(all []tailnet.Object, name string) (near []string) {
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
