// SPDX-License-Identifier: MIT

package review

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/visible"
)

type offboardInput struct {
	Person string `json:"person" jsonschema:"login, or part of a name, such as bob"`
}

type offboardOutput struct {
	Person   person     `json:"person"`
	Devices  []machine  `json:"devices,omitempty" jsonschema:"their own"`
	Tagged   []machine  `json:"tagged,omitempty" jsonschema:"registered by them; these belong to their tags"`
	Keys     []key      `json:"keys,omitempty" jsonschema:"auth keys, credentials and API tokens that they made"`
	Invites  []invite   `json:"invites,omitempty" jsonschema:"open ones into the tailnet, by them or to them"`
	Shares   []invite   `json:"shares,omitempty" jsonschema:"of their devices with people outside"`
	Webhooks []webhook  `json:"webhooks,omitempty" jsonschema:"made by them"`
	Policy   []place    `json:"policy,omitempty" jsonschema:"where the policy file names them"`
	Deleted  []string   `json:"whenDeleted" jsonschema:"what becomes of it when the user is deleted"`
	Steps    []followUp `json:"steps" jsonschema:"the calls that end it all, in order"`
	NotRead  []string   `json:"notRead,omitempty" jsonschema:"what could not be read or is left out, and why"`
}

type person struct {
	Login    string `json:"login"`
	ID       string `json:"id,omitempty"`
	Name     string `json:"name,omitempty"`
	Role     string `json:"role,omitempty"`
	Status   string `json:"status" jsonschema:"active, idle, suspended, …; or: no user of the tailnet"`
	LastSeen string `json:"lastSeen,omitempty"`
}

// machine is a device of a person.
type machine struct {
	Name string   `json:"name"`
	ID   string   `json:"id"`
	Seen string   `json:"seen" jsonschema:"online, or when it was last"`
	Tags []string `json:"tags,omitempty"`
}

type key struct {
	ID          string `json:"id"`
	Kind        string `json:"kind"`
	Description string `json:"description,omitempty"`
	Expires     string `json:"expires,omitempty"`
}

// invite is one into the tailnet, or to a device.
type invite struct {
	ID     string `json:"id"`
	Device string `json:"device,omitempty"`
	For    string `json:"for"`
	Role   string `json:"role,omitempty"`
}

type webhook struct {
	ID  string `json:"id"`
	URL string `json:"host" jsonschema:"of its URL"`
}

type place struct {
	Section string `json:"section"`
	Line    int    `json:"line"`
	Text    string `json:"text"`
}

// followUp is a call to make, or what a person has to do.
type followUp struct {
	Tool      string         `json:"tool,omitempty"`
	Arguments map[string]any `json:"arguments,omitempty"`
	Note      string         `json:"note,omitempty"`
}

func (r reviewer) offboard() tool.Tool {
	return tool.New(tool.Definition{
		Name: "offboard_person", Title: "Show everything of a person", Group: group, Class: grant.Read,
		Weight: weight,
		Operations: slices.Concat([]string{"getPolicyFile", "listTailnetDevices", "listUsers", "listTailnetKeys", "listUserInvites", "listWebhooks", "getTailnetSettings"},
			survey.ShareOperations),
		Example:     json.RawMessage(`{"person":"bob@example.com"}`),
		Description: "Lists all that a person has (devices, keys, invites, shares, webhooks, places in the policy) and the calls that end it, in order. Changes nothing itself.",
	}, r.leave)
}

func (r reviewer) leave(ctx context.Context, call tool.Call, in offboardInput) (out offboardOutput, err error) {
	t := &tailnet{}
	if err := t.gather(ctx, r.parts(t)); err != nil {
		return out, err
	}
	if out.Person, err = t.who(in.Person); err != nil {
		return out, err
	}
	ids, err := r.machines(ctx, t, &out)
	if err != nil {
		return out, err
	}
	out.Keys = t.keysOf(out.Person)
	out.Invites = t.invitesOf(out.Person)
	out.Webhooks = t.webhooksOf(out.Person)
	if err := r.sharesOf(ctx, call, t, ids, &out); err != nil {
		return out, err
	}
	r.steps(t, &out)
	for _, what := range t.notRead {
		out.NotRead = append(out.NotRead, visible.Text(what))
	}
	return out, nil
}

// who finds the one user whom a text means. Somebody who is no user, but has a login, may
// have left something behind.
func (t *tailnet) who(text string) (person, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return person{}, tool.Invalidf("give a login such as bob@example.com", "nobody is named")
	}
	if u, ok := t.named(text); ok {
		if u.Text("loginName") == "" {
			return person{}, tool.Invalidf("find another with list_users", "the user %q has no login, so nothing can be told to be theirs", tool.Clip(text))
		}
		return personOf(u), nil
	}
	var near []string
	part := strings.ToLower(text)
	var found tsapi.Object
	for _, u := range t.users {
		login := u.Text("loginName")
		// What people call themselves is no login, whatever it looks like.
		called := !strings.Contains(text, "@") && strings.Contains(strings.ToLower(u.Text("displayName")), part)
		if login != "" && (called || strings.Contains(strings.ToLower(login), part)) {
			near, found = append(near, shown(login)), u
		}
	}
	switch {
	case len(near) == 1:
		return personOf(found), nil
	case len(near) > 1:
		slices.Sort(near)
		return person{}, tool.Invalidf("give one of these: "+strings.Join(few(near, 10), ", "), "%d users fit %q", len(near), tool.Clip(text))
	case strings.ContainsAny(text, ":*"): // the policy file has groups and domains with an @
	case t.users == nil && strings.Contains(text, "@"):
		return person{Login: text, Status: "not known: the users could not be read"}, nil
	case t.users == nil:
		return person{}, tool.Invalidf("give the whole login, such as bob@example.com", "whose login %q is part of is not known, since the users could not be read", tool.Clip(text))
	case strings.Contains(text, "@"):
		return person{Login: text, Status: "no user of the tailnet"}, nil
	}
	return person{}, tool.Invalidf("find the login with list_users", "no user has %q in the login or name", tool.Clip(text))
}

// named finds the user of a login or an ID: the very one before one that is written alike.
func (t *tailnet) named(text string) (tsapi.Object, bool) {
	for _, is := range []func(u tsapi.Object) bool{
		func(u tsapi.Object) bool { return u.Text("loginName") == text },
		func(u tsapi.Object) bool { return u.Text("id") == text },
		func(u tsapi.Object) bool { return strings.EqualFold(u.Text("loginName"), text) },
	} {
		if i := slices.IndexFunc(t.users, is); i >= 0 {
			return t.users[i], true
		}
	}
	return tsapi.Object{}, false
}

func personOf(u tsapi.Object) person {
	return person{
		Login: u.Text("loginName"), ID: shown(u.Text("id")), Name: shown(u.Text("displayName")), Role: shown(u.Text("role")),
		Status: shown(u.Text("status")), LastSeen: shown(u.Text("lastSeen")),
	}
}

// machines reads the devices of a person, and returns the IDs of all of them, their own
// first.
func (r reviewer) machines(ctx context.Context, t *tailnet, out *offboardOutput) (ids []identified, err error) {
	var tagged []identified
	guests := 0
	err = r.Evaluator.Outline(ctx, nobody(), func(v survey.Evaluation) error {
		for i := range v.Devices {
			d := &v.Devices[i]
			if !strings.EqualFold(d.User, out.Person.Login) {
				continue
			}
			name := shown(v.Tailnet.Devices[i].Name)
			m := machine{Name: name, ID: shown(d.NodeID), Seen: "online"}
			if !d.Online() {
				m.Seen = shown(d.LastSeen)
			}
			switch {
			case d.IsExternal:
				guests++
			case len(d.Tags) > 0:
				for _, tag := range d.Tags {
					m.Tags = append(m.Tags, shown(tag))
				}
				out.Tagged, tagged = append(out.Tagged, m), append(tagged, identified{d.NodeID, name})
			default:
				out.Devices, ids = append(out.Devices, m), append(ids, identified{d.NodeID, name})
			}
		}
		return nil
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		t.note("devices", "listTailnetDevices", err)
	}
	if guests > 0 {
		t.notRead = append(t.notRead, fmt.Sprintf("%d devices of theirs, which another tailnet shares with this one", guests))
	}
	return append(ids, tagged...), nil
}

// shown is a text of others as an answer has it.
func shown(text string) string { return visible.Text(text) }
