// SPDX-License-Identifier: MIT

package invites

import (
	"errors"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

func TestCreate(t *testing.T) {
	r := newRig(t)
	for arguments, part := range map[string]string{
		`{"emails":["new@example.com"]}`: "lets new@example.com join the tailnet as member",
		`{"role":"admin"}`:               "whoever holds the link join the tailnet as admin",
		`{"emails":["new@example.com"],"confirm":"new@example.com","role":"auditor"}`: "as auditor",
	} {
		r.Refuses("create_user_invites", arguments, tool.CodeConfirmationRequired, part)
	}
	r.Refuses("create_user_invites", `{"emails":["Bob@example.org"],"confirm":"CODE"}`, string(failure.Conflict), "29214")
	r.Refuses("create_user_invites", `{"emails":["a@b, c@d"]}`, tool.CodeInvalidArgument, "no email address")
	for _, hidden := range []string{"evil\u202e@example.org", "evil@exam\u200bple.org", "evil\ufffd@example.org"} {
		r.Refuses("create_user_invites", `{"emails":["x@example.org","`+hidden+`"]}`, tool.CodeInvalidArgument, "no email address")
		r.Refuses("create_device_invites", `{"device":"web-1","emails":["`+hidden+`"]}`, tool.CodeInvalidArgument, "no email address")
	}
	r.Refuses("create_user_invites", `{"role":"owner"}`, tool.CodeInvalidArgument, "auditor")
	for _, twice := range []string{`"x@example.org","y@example.org","X@Example.org"`, `"x@example.org","x@example.org"`} {
		r.Refuses("create_user_invites", `{"emails":[`+twice+`],"confirm":"CODE"}`, tool.CodeInvalidArgument, "there twice", "once")
		r.Refuses("create_device_invites", `{"device":"web-1","emails":[`+twice+`],"confirm":"CODE"}`, tool.CodeInvalidArgument, "there twice")
	}
	r.Refuses("create_device_invites", `{"device":"..","confirm":"CODE"}`, tool.CodeInvalidArgument, "names no device")
	r.Answers("create_user_invites", `{"emails":["new@example.org","two@example.com"],"confirm":"CODE"}`, "uinv/fake1", `"role":"member"`, "two@example.com")
	r.Answers("create_device_invites", `{"device":"web-1","multiUse":true,"confirm":"CODE"}`, "admin/invite/fake3", `"multiUse":true`)
}

// What a share opens is said to whoever confirms it, and to the person who is asked.
func TestEffectOfSharing(t *testing.T) {
	r := newRig(t)
	const one, exit, many = `lets a@example.org reach the device "web-1" from outside of the tailnet`, "allowExitNode they may route their traffic through it", "multiUse up to 1000 people"
	for rest, want := range map[string]struct{ is, not []string }{
		``:                                      {[]string{one}, []string{exit, many}},
		`,"allowExitNode":true`:                 {[]string{one, exit}, []string{many}},
		`,"multiUse":true`:                      {[]string{one, many}, []string{exit}},
		`,"multiUse":true,"allowExitNode":true`: {[]string{one, exit, many}, nil},
	} {
		arguments := `{"device":"web-1","emails":["a@example.org"]` + rest
		text := r.Refuses("create_device_invites", arguments+`}`, tool.CodeConfirmationRequired, want.is...)
		_, err := r.Dispatcher.Call(t.Context(), r.Caller(), gate.Request{
			ID: "1", Method: "tools/call", Name: "create_device_invites", Arguments: []byte(arguments + `}`),
			Answer: func(string) gate.Answer { return gate.Unanswered },
		})
		var asked *tool.Error
		if !errors.As(err, &asked) || asked.Ask == nil {
			t.Fatalf("%s: got %v, want the person asked", rest, err)
		}
		for _, part := range want.is {
			if !strings.Contains(asked.Ask.Text, part) {
				t.Errorf("%s: the person is asked %q, want %q in it", rest, asked.Ask.Text, part)
			}
		}
		for _, part := range want.not {
			if strings.Contains(text+asked.Ask.Text, part) {
				t.Errorf("%s: got %q and %q, want no %q", rest, text, asked.Ask.Text, part)
			}
		}
	}
	if n := r.Fake.Count("createDeviceInvites"); n != 0 {
		t.Errorf("%d invitations were sent before anybody agreed", n)
	}
}

// A device that the API gives neither a name nor a node ID is called, confirmed and
// shared by its ID.
func TestShareWithoutName(t *testing.T) {
	r := newRig(t)
	r.Fake.Fail("getDevice", fakeapi.Body(200, "application/json", `{"id":"12"}`))
	r.Refuses("create_device_invites", `{"device":"12"}`, tool.CodeConfirmationRequired, `the device "12"`)
	r.Refuses("create_device_invites", `{"device":"12","confirm":"12"}`, tool.CodeConfirmationRequired, `the device "12"`)
	r.Answers("create_device_invites", `{"device":"12","confirm":"CODE"}`, `"deviceId":12`)
	r.Answers("list_invites", `{"device":"12"}`, `"deviceId":12`)
}

func TestDeleteAndResend(t *testing.T) {
	r := newRig(t)
	r.Refuses("resend_invite", `{"kind":"user","invite":"29216"}`, tool.CodeInvalidArgument, "without an email")
	r.Refuses("resend_invite", `{"kind":"user","invite":"."}`, tool.CodeInvalidArgument, "dots")
	r.Refuses("delete_invite", `{"kind":"user","invite":"12345","confirm":"CODE"}`, string(failure.NotFound), "")
	r.Refuses("delete_invite", `{"kind":"device","invite":"12345"}`, tool.CodeConfirmationRequired, "bob@example.org")
	r.Refuses("delete_invite", `{"kind":"tailnet","invite":"12345"}`, tool.CodeInvalidArgument, "device")
	for _, kind := range []struct{ name, id string }{{"user", "29214"}, {"device", "12345"}} {
		text := r.Answers("resend_invite", `{"kind":"`+kind.name+`","invite":"`+kind.id+`"}`, "sent again")
		text += r.Answers("delete_invite", `{"kind":"`+kind.name+`","invite":"`+kind.id+`","confirm":"CODE"}`, `"deleted":"`+kind.id+`","previous":{`)
		if strings.Contains(text, "https://") {
			t.Errorf("a link is shown: %s", text)
		}
	}
	r.Answers("resend_invite", `{"kind":"user","invite":"\t29215 "}`, "sent again")
	r.Answers("delete_invite", `{"kind":"user","invite":" 29215\n","confirm":"CODE"}`, `"deleted":"29215"`)
	if n := r.Fake.Count("deleteUserInvite") + r.Fake.Count("deleteDeviceInvite"); n != 3 {
		t.Errorf("got %d deletions, want 3", n)
	}
}

// What is withdrawn, and from whom, is said before it is confirmed.
func TestEffectOfWithdrawing(t *testing.T) {
	r := newRig(t)
	says := func(kind, id, want string) {
		t.Helper()
		r.Refuses("delete_invite", `{"kind":"`+kind+`","invite":"`+id+`"}`, tool.CodeConfirmationRequired, "this withdraws the invitation of "+want+". Next")
	}
	says("user", "29214", `"bob@example.org" into the tailnet as "admin"`)
	says("user", "29216", `whoever holds its link into the tailnet as "member"`)
	says("device", "12345", `"bob@example.org" to the device with the ID 11`)
	const lost = "; what becomes of that access is not documented"
	says("device", "12346", `whoever holds its link to the device with the ID 11, which was accepted already by "carol@example.org"`+lost)

	r.Answers("create_device_invites", `{"device":"web-2","multiUse":true,"confirm":"CODE"}`, "fake1")
	if err := r.Client.Do(t.Context(), tsapi.Request{Op: "acceptDeviceInvite", Body: map[string]string{"invite": "fake1"}}); err != nil {
		t.Fatal(err)
	}
	says("device", "20001", `whoever holds its link to the device with the ID 12, which was accepted already by "alice@example.com", and perhaps by others, since it is for many`+lost)

	r.Fake.Fail("getDeviceInvite", fakeapi.Body(200, "application/json", `{"accepted":true,"acceptedBy":"x","deviceId":{}}`))
	says("device", "12345", "whoever holds its link to the device, which was accepted already"+lost)
	r.Fake.Fail("getUserInvite", fakeapi.Body(200, "application/json", `{}`))
	says("user", "29214", "whoever holds its link into the tailnet")
}

// A code is for the device that was asked about, not for the next one of its name.
func TestCodeToShareIsForTheDeviceAsked(t *testing.T) {
	r := newRig(t)
	const call = `{"device":"web-1"`
	_, after, _ := strings.Cut(r.Refuses("create_device_invites", call+`}`, tool.CodeConfirmationRequired), "confirm set to ")
	code, _, _ := strings.Cut(after, " ")
	all := r.Fake.Devices()
	for i := range all {
		if all[i].Hostname == "web-1" {
			all[i].NodeID, all[i].ID = "nOtherCNTRL", "99"
		}
	}
	r.Fake.SetDevices(all)
	r.Refuses("create_device_invites", call+`,"confirm":"`+code+`"}`, tool.CodeConfirmationRequired, "has changed since")
}
