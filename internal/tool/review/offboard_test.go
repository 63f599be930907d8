// SPDX-License-Identifier: MIT

package review_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/edit"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

type offboarded struct {
	Person          struct{ Login, ID, Role, Status string }
	Devices, Tagged []struct {
		Name, ID, Seen string
		Tags           []string
	}
	Keys, Invites, Shares, Webhooks []struct{ ID, Kind, Device, For, Host string }
	Policy                          []struct {
		Section, Text string
		Line          int
	}
	WhenDeleted []string
	Steps       []struct {
		Tool, Note string
		Arguments  json.RawMessage
	}
	NotRead []string
}

// leaver is the clean tailnet with what bob has in it.
func leaver() tailnet {
	net := clean()
	net.devices = append(net.devices, device("build-1", "bob@example.com", "100.64.0.41", "tag:web"),
		with1(device("bob-old", "bob@example.com", "100.64.0.42"), func(d *fakeapi.Device) { d.ConnectedToControl, d.LastSeen = false, "2026-02-01T00:00:00Z" }))
	net.keys = append(net.keys, map[string]any{"id": "kBobCNTRL", "keyType": "api", "userId": "123457", "description": "laptop", "expires": in(9)})
	net.invites = []map[string]any{
		{"id": "31", "role": "member", "inviterId": 123457, "email": "friend@example.org"}, {"id": "32", "role": "member", "inviterId": 123456, "email": "else@example.org"},
	}
	net.shares = []map[string]any{
		{"id": "41", "deviceId": 22, "accepted": true, "acceptedBy": map[string]any{"loginName": "guest@example.org"}}, {"id": "42", "deviceId": 23, "email": "other@example.org"},
	}
	net.webhooks = append(net.webhooks, map[string]any{"endpointId": "5", "endpointUrl": "https://hooks.example.com/bob?token=hidden", "creatorLoginName": "bob@example.com"})
	return net
}

func with1(d fakeapi.Device, change func(*fakeapi.Device)) fakeapi.Device {
	change(&d)
	return d
}

func leave(t *testing.T, r *tooltest.API, person string) (o offboarded, text string) {
	t.Helper()
	text = r.Answers("offboard_person", `{"person":"`+person+`"}`)
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o, text
}

// Everything of bob is found by his login, by his ID and by a part of his name, and
// nothing of anybody else.
func TestOffboard(t *testing.T) {
	r := start(t, leaver())
	o, text := leave(t, r, "bob@example.com")
	for _, other := range []string{"123457", "Bob", "bob@"} {
		if _, same := leave(t, r, other); same != text {
			t.Errorf("%s: got %s\nwant %s", other, same, text)
		}
	}
	if len(text) > 6<<10 || strings.Contains(text, "hidden") || len(o.NotRead) > 0 {
		t.Errorf("got %d bytes, not read %q: %s", len(text), o.NotRead, text)
	}
	if o.Person.Role != "member" || o.Person.Status != "active" || o.Person.ID != "123457" {
		t.Errorf("got %+v", o.Person)
	}
	got := fmt.Sprint(o.Devices, o.Tagged, o.Keys, o.Invites, o.Shares, o.Webhooks)
	const want = "[{bob-laptop nBoblaptopCNTRL online []} {bob-old nBoboldCNTRL 2026-02-01T00:00:00Z []}] [{build-1 nBuild1CNTRL online [tag:web]}] " +
		"[{kBobCNTRL API access token   }] [{31   friend@example.org }] [{41  bob-laptop guest@example.org }] [{5    hooks.example.com}]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var places []string
	for _, p := range o.Policy {
		places = append(places, fmt.Sprint(p.Section, " ", p.Line))
	}
	if got := strings.Join(places, ", "); got != "groups group:eng 2, ssh 10, tests 11" {
		t.Errorf("got %s", got)
	}
	if !strings.Contains(strings.Join(o.WhenDeleted, " "), "not documented: tagged devices") {
		t.Errorf("got %q", o.WhenDeleted)
	}
}

// The steps come in an order in which each can be made, and what cannot be undone last;
// those of the policy file do what they are for, its own tests included.
func TestOffboardSteps(t *testing.T) {
	r := start(t, leaver())
	o, _ := leave(t, r, "bob@example.com")
	var tools []string
	for _, s := range o.Steps {
		tools = append(tools, strings.TrimSpace(s.Tool+" "+string(s.Arguments)))
	}
	var operations struct{ Operations []edit.Operation }
	if err := json.Unmarshal(o.Steps[1].Arguments, &operations); err != nil {
		t.Fatal(err)
	}
	tools[1] = o.Steps[1].Tool
	const want = `suspend_user {"user":"bob@example.com"}, edit_policy, delete_key {"key":"kBobCNTRL"}, delete_invite {"invite":"31","kind":"user"}, ` +
		`delete_invite {"invite":"41","kind":"device"}, delete_webhook {"webhook":"5"}, delete_device {"devices":["nBoblaptopCNTRL","nBoboldCNTRL"]}, , delete_user {"user":"bob@example.com"}`
	if got := strings.Join(tools, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	after, err := edit.Apply(r.Fake.Policy(), operations.Operations)
	if err != nil || strings.Contains(after.Text, "bob@") || !strings.Contains(after.Text, `["carol@example.com"]`) {
		t.Errorf("got %v and %s", err, after.Text)
	}
	if err := r.Fake.SetPolicy(after.Text); err != nil {
		t.Errorf("the API refuses it: %v", err)
	}
}

// An owner is not suspended by mistake, one who is suspended not once more, and one who
// is no user is not deleted.
func TestOffboardOthers(t *testing.T) {
	net := leaver()
	net.users = append(net.users, user("123470", "erin@example.com", "member", "suspended", 0), user("123471", "bobby@example.com", "member", "active", 0))
	net.policy = strings.Replace(net.policy, `"group:eng": [`, `"group:eng": ["gone@example.com", `, 1)
	r := start(t, net)
	if o, _ := leave(t, r, "alice@example.com"); o.Steps[0].Tool != "set_user_role" || !strings.Contains(o.Steps[0].Note, "owner") {
		t.Errorf("got %+v", o.Steps)
	}
	if o, _ := leave(t, r, "erin@example.com"); len(o.Steps) != 1 || o.Steps[0].Tool != "delete_user" {
		t.Errorf("got %+v", o.Steps)
	}
	if o, _ := leave(t, r, "gone@example.com"); len(o.Steps) != 1 || o.Steps[0].Tool != "edit_policy" || o.Person.Status != "no user of the tailnet" {
		t.Errorf("got %+v", o)
	}
	r.Refuses("offboard_person", `{"person":"bob"}`, tool.CodeInvalidArgument, "bob@example.com, bobby@example.com")
	r.Refuses("offboard_person", `{"person":"zoe"}`, tool.CodeInvalidArgument, "list_users")
	r.Refuses("offboard_person", `{"person":" "}`, tool.CodeInvalidArgument, "bob@example.com")
}

// What could not be read, and whose something is where the API does not say, is told.
func TestOffboardOfParts(t *testing.T) {
	net := leaver()
	net.invites[0]["inviterId"] = 99
	net.keys[0]["userId"] = "uSomebodyCNTRL"
	r := start(t, net)
	r.Fake.Fail("listWebhooks", fakeapi.Status(403))
	r.Fake.Fail("listDeviceInvites", fakeapi.Status(403))
	o, _ := leave(t, r, "bob@example.com")
	said := strings.Join(o.NotRead, "\n")
	for _, part := range []string{"whose 1 keys are", "whose 1 open invitations into the tailnet are", "webhooks: permission_denied; the credential needs webhooks:read", "shares of their devices: "} {
		if !strings.Contains(said, part) {
			t.Errorf("got %s, want %q", said, part)
		}
	}
	r.Fake.ClearFaults()
	r.Fake.Fail("listTailnetDevices", fakeapi.Status(403))
	if o, _ := leave(t, r, "bob@example.com"); len(o.Devices) > 0 || !strings.Contains(strings.Join(o.NotRead, "\n"), "devices: permission_denied") {
		t.Errorf("got %+v", o)
	}
	// Without the users a login is what it is, and a part of one is nobody's.
	r.Fake.ClearFaults()
	r.Fake.Fail("listUsers", fakeapi.Status(403))
	o, _ = leave(t, r, "bob@example.com")
	if said := strings.Join(o.NotRead, "\n"); strings.Contains(said, "no user's") || !strings.Contains(said, "by an ID and the users could not be read; see list_keys") {
		t.Errorf("got %s", said)
	}
	r.Refuses("offboard_person", `{"person":"bob"}`, "invalid_argument", "give the whole login")
}

// Nobody becomes another by their name: one written alike, a name for people that is
// somebody's login, a user without a login, or a part of the policy file that is none.
func TestOffboardNobodyElse(t *testing.T) {
	net := leaver()
	net.users = append([]map[string]any{user("123480", "BO\u212aE@example.com", "member", "active", 0)}, net.users...)
	net.users = append(net.users, user("123481", "boke@example.com", "member", "active", 0), user("123482", "mallory@example.com", "member", "active", 0), user("123483", "nobody", "member", "active", 0))
	net.users[len(net.users)-1]["loginName"] = ""
	net.users[len(net.users)-2]["displayName"] = "gone@example.com"
	net.webhooks = append(net.webhooks, map[string]any{"endpointId": "77", "endpointUrl": "https://hooks.example.com/y", "subscriptions": []string{"nodeCreated"}})
	net.policy = strings.Replace(net.policy, `"group:eng": [`, `"group:eng": ["gone@example.com", `, 1)
	r := start(t, net)
	if o, _ := leave(t, r, "boke@example.com"); o.Person.ID != "123481" {
		t.Errorf("got %+v", o.Person)
	}
	if o, _ := leave(t, r, "gone@example.com"); o.Person.Login != "gone@example.com" || len(o.Policy) != 1 {
		t.Errorf("got %+v", o)
	}
	r.Refuses("offboard_person", `{"person":"123483"}`, tool.CodeInvalidArgument, "list_users")
	for _, selector := range []string{"group:eng@example.com", "user:*@example.com", "*@example.com"} {
		r.Refuses("offboard_person", `{"person":"`+selector+`"}`, tool.CodeInvalidArgument, "list_users")
	}
}
