// SPDX-License-Identifier: MIT

package users

import (
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

func TestList(t *testing.T) {
	r := newRig(t)
	text := r.Answers("list_users", `{}`, `"total":4`, `"loginName":"alice@example.com"`, `"role":"owner"`)
	if strings.Contains(text, "erin@example.org") || strings.Contains(text, "profilePicUrl") {
		t.Errorf("got %s, want members with the usual fields", text)
	}
	r.Answers("list_users", `{"type":"all"}`, `"total":5`, "erin@example.org")
	r.Answers("list_users", `{"status":"suspended"}`, `"total":1`, "carol@example.com")
	r.Answers("list_users", `{"role":"admin","fields":["loginName"]}`, `[{"loginName":"carol@example.com"}]`)
	r.Answers("list_users", `{"user":"BOB@example.com","fields":"all"}`, `"total":1`, `"tailnetId":"example.com"`)
	r.Answers("list_users", `{"user":" 123457 ","fields":["loginName"],"limit":1}`, `[{"loginName":"bob@example.com"}]`)
	if text := r.Answers("list_users", `{"user":"erin@example.org"}`, `"type":"shared"`, `"created"`); strings.Contains(text, "profilePicUrl") || strings.Contains(text, "tailnetId") {
		t.Errorf("got %s, want the usual fields", text)
	}
	r.Answers("list_users", `{"user":"erin@example.org","type":"member"}`, `"type":"shared"`)
	before := len(r.Fake.Requests())
	for _, other := range []string{`"type":"all"`, `"role":"admin"`, `"status":"idle"`, `"cursor":"x"`} {
		r.Refuses("list_users", `{"user":"bob@example.com",`+other+`}`, tool.CodeInvalidArgument, "leave out either user")
	}
	if n := len(r.Fake.Requests()) - before; n != 0 {
		t.Errorf("got %d requests for arguments that do not go together", n)
	}
	r.Answers("list_users", `{"limit":1}`, `"returned":1`, `"nextCursor"`)
	r.Refuses("list_users", `{"user":"nobody@example.com"}`, string(failure.NotFound), "list_users")
	r.Refuses("list_users", `{"user":".."}`, string(failure.NotFound), "no user")
	r.Refuses("list_users", `{"role":"king"}`, tool.CodeInvalidArgument, "network-admin")
	r.Refuses("list_users", `{"fields":["colour"]}`, tool.CodeInvalidArgument, "loginName")
	if text, err := r.Read("tailscale://users"); err != nil || !strings.Contains(text, "erin@example.org") {
		t.Errorf("got %s and %v, want all users", text, err)
	}
}

func TestChanges(t *testing.T) {
	for _, c := range []struct {
		name, user, more, effect, op string
		now                          string // in the answer
	}{
		{"set_user_role", "bob@example.com", `,"role":"auditor"`, "from member to auditor", "updateUserRole", `"role":"auditor"`},
		{"approve_user", "dave@example.com", "", "into the tailnet", "approveUser", `"status":"active"`},
		{"restore_user", "carol@example.com", "", "as admin", "restoreUser", `"status":"active"`},
		{"suspend_user", "bob@example.com", "", "number of devices: 2", "suspendUser", `"status":"suspended"`},
		{"delete_user", "bob@example.com", "", "for good", "deleteUser", `"previous"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.Refuses(c.name, `{"user":"`+c.user+`"`+c.more+`}`, tool.CodeConfirmationRequired, c.effect)
			r.Refuses(c.name, `{"user":"`+c.user+`","confirm":"`+c.user+`"`+c.more+`}`, tool.CodeConfirmationRequired, c.user)
			r.Refuses(c.name, `{"user":"","confirm":""`+c.more+`}`, tool.CodeInvalidArgument, "login name")
			_, err := r.Call(c.name, `{"user":"`+c.user+`"`+c.more+`}`)
			before := len(r.Fake.Requests())
			r.Answers(c.name, `{"user":"`+c.user+`","confirm":"`+tooltest.CodeOf(err)+`"`+c.more+`}`, c.now)
			var sent []string
			for _, q := range r.Fake.Requests()[before:] {
				sent = append(sent, q.Operation)
			}
			slices.Sort(sent)
			if said := operations(r.Client, c.name); !slices.Equal(sent, said) {
				t.Errorf("sent %q, and the definition says %q", sent, said)
			}
			if n := r.Fake.Count(c.op); n != 1 {
				t.Errorf("%s was sent %d times", c.op, n)
			}
			_, err = r.Call(c.name, `{"user":"alice@example.com","confirm":"CODE"`+c.more+`}`)
			if err == nil || !strings.Contains(err.Error(), string(failure.PermissionDenied)) {
				t.Errorf("on oneself: got %v", err)
			}
		})
	}
}

// What cannot be taken back by whoever does it is said before.
func TestEffects(t *testing.T) {
	const own = "; it is the user that you call as, so you may lose your access to this server. Next"
	for name, c := range map[string]struct{ more, effect, own string }{
		"set_user_role": {`,"role":"owner"`, `changes the role of %s from %s to owner, which hands over the tailnet`, own},
		"approve_user":  {``, `lets %s into the tailnet`, ""},
		"restore_user":  {``, `gives %s access again, as %s`, ""},
		"suspend_user":  {``, `takes the access to the tailnet from %s; number of devices: `, own},
		"delete_user":   {``, `removes %s from the tailnet for good; number of devices: `, own},
	} {
		r := newRig(t)
		for user, role := range map[string]string{"ALICE@example.com": "owner", "123456": "owner", "bob@example.com": "member"} {
			login := "bob@example.com"
			if role == "owner" {
				login = "alice@example.com"
			}
			effect := strings.Replace(strings.Replace(c.effect, "%s", `"`+login+`"`, 1), "%s", role, 1)
			text := r.Refuses(name, `{"user":"`+user+`"`+c.more+`}`, tool.CodeConfirmationRequired, effect)
			if strings.Contains(text, "you call as") != (c.own != "" && role == "owner") || !strings.Contains(text, c.own) && role == "owner" {
				t.Errorf("%s: got %s, want %q of oneself only", name, text, c.own)
			}
		}
	}
	// A name of others may hold what a terminal acts on.
	r := newRig(t)
	r.Fake.Fail("listUsers", fakeapi.Body(200, "application/json", `{"users":[{"id":"7","loginName":"x\u202e@example.org","role":"member"}]}`))
	r.Refuses("delete_user", `{"user":"7"}`, tool.CodeConfirmationRequired, `removes "x\u202e@example.org" from`)
}

// Who is asked about the end of a user's access is told what goes with it, and a
// credential that may not read the devices can do it all the same.
func TestStake(t *testing.T) {
	r := newRig(t)
	bob := func(id string, tags []string, online bool) fakeapi.Device {
		return fakeapi.Device{NodeID: "n" + id + "CNTRL", ID: id, Hostname: "host-" + id, User: "bob@example.com", Tags: tags, ConnectedToControl: online, LastSeen: map[bool]string{false: "2026-09-01T00:00:00Z"}[online]}
	}
	r.Fake.SetDevices([]fakeapi.Device{
		bob("1", nil, true), bob("2", nil, false), bob("3", []string{"tag:ci"}, true), bob("4", []string{"tag:ci"}, true), bob("5", []string{"tag:ci"}, false),
		{NodeID: "n6CNTRL", ID: "6", Hostname: "other", User: "alice@example.com"},
	})
	for _, name := range []string{"suspend_user", "delete_user"} {
		r.Refuses(name, `{"user":"bob@example.com"}`, tool.CodeConfirmationRequired, `; number of devices: 2; its role is "member"; devices of its own: 2, online now: 1; `+
			`devices that it registered and that belong to their tags instead: 3, online now: 2. Next`)
		r.Refuses(name, `{"user":"alice@example.com"}`, tool.CodeConfirmationRequired, `; its role is "owner"; it is connected now; devices of its own: 1, online now: `)
	}
	r.Fake.Fail("listTailnetDevices", fakeapi.Status(403))
	r.Refuses("suspend_user", `{"user":"bob@example.com"}`, tool.CodeConfirmationRequired, "could not be read")
	r.Answers("suspend_user", `{"user":"bob@example.com","confirm":"CODE"}`, `"status":"suspended"`)
}

// operations are those that the definition of a tool says.
func operations(api *tsapi.API, name string) []string {
	all := Tools(api).Tools
	d := all[slices.IndexFunc(all, func(d tool.Tool) bool { return d.Name == name })]
	return slices.Sorted(slices.Values(slices.Concat(d.Operations, d.Optional)))
}

// Whoever is not found is told whom it may have meant.
func TestUnknown(t *testing.T) {
	r := newRig(t)
	const near, otherwise = "use one of these login names if it is meant: ", "; otherwise look for the login name with list_users"
	for name, want := range map[string]string{
		"Bob@example.org": near + `"bob@example.com"` + otherwise, // another domain
		"bob":             near + `"bob@example.com"` + otherwise,
		"carol example":   near + `"carol@example.com"` + otherwise, // by the display name
		"example.com":     near + `"alice@example.com", "bob@example.com", "carol@example.com", "dave@example.com"` + otherwise,
		"e":               near + `"alice@example.com", "bob@example.com", "carol@example.com", "dave@example.com", "erin@example.org"` + otherwise,
		"zoe@example.net": "Next step: look for the login name with list_users",
	} {
		r.Refuses("suspend_user", `{"user":"`+name+`","confirm":"CODE"}`, string(failure.NotFound), want)
	}
	// The nearest of many, in the order of how near they are.
	var many []string
	for _, login := range []string{"a.bob@x.org", "b.bob@x.org", "bob@y.org", "bob@x.org", "c.bob@x.org", "d.bob@x.org", "e.bob@x.org", ""} {
		many = append(many, `{"id":"1`+login+`","loginName":"`+login+`","displayName":"bob"}`)
	}
	r.Fake.Fail("listUsers", fakeapi.Body(200, "application/json", `{"users":[`+strings.Join(many, ",")+`]}`))
	r.Refuses("suspend_user", `{"user":"bob"}`, string(failure.NotFound), near+`"bob@x.org", "bob@y.org", "a.bob@x.org", "b.bob@x.org", "c.bob@x.org"`+otherwise)
}

// What cannot be read afterwards has been made all the same.
func TestUnreadAfterwards(t *testing.T) {
	r := newRig(t)
	r.Fake.Fail("getUser", fakeapi.Status(502))
	r.Answers("suspend_user", `{"user":"bob@example.com","confirm":"CODE"}`, "do not repeat the call")
	if n := r.Fake.Count("suspendUser"); n != 1 {
		t.Errorf("got %d requests, want one", n)
	}
}
