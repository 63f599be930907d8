// SPDX-License-Identifier: MIT

package invites

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
	"tailscale-mcp/internal/tool"
)

func TestList(t *testing.T) {
	r := newRig(t)
	text := r.Answers("list_invites", `{}`, `"role":"admin"`, "dave@example.com")
	text += r.Answers("list_invites", `{"device":"web-1"}`, `"allowExitNode":true`, "carol@example.org")
	if strings.Contains(text, "https://") {
		t.Errorf("a link is shown that nobody asked for: %s", text)
	}
	r.Answers("list_invites", `{"showLink":"true"}`, "https://login.tailscale.com/uinv/fakeone", "whoever holds")
	r.Refuses("list_invites", `{"device":"nothing"}`, string(tailnet.CodeNotFound), "nothing")
	r.Refuses("list_invites", `{"invite":"x"}`, tool.CodeInvalidArgument, "showLink")
	r.Fake.Fail("", fakeapi.Status(503))
	r.Refuses("list_invites", `{}`, string(tailnet.CodeUpstreamUnavailable), "")
}

func TestCreate(t *testing.T) {
	r := newRig(t)
	for arguments, part := range map[string]string{
		`{"emails":["new@example.com"]}`: `set to "new@example.com"`,
		`{"role":"admin"}`:               "whoever holds the link join the tailnet as admin",
		`{"emails":["new@example.com"],"confirm":"link","role":"auditor"}`: "as auditor",
	} {
		r.Refuses("create_user_invites", arguments, tool.CodeConfirmationRequired, part)
	}
	r.Refuses("create_user_invites", `{"emails":["Bob@example.org"],"confirm":"Bob@example.org"}`, string(tailnet.CodeConflict), "29214")
	r.Refuses("create_user_invites", `{"emails":["a@b, c@d"]}`, tool.CodeInvalidArgument, "no email address")
	r.Refuses("create_user_invites", `{"role":"owner"}`, tool.CodeInvalidArgument, "auditor")
	r.Refuses("create_device_invites", `{"device":"web-1"}`, tool.CodeConfirmationRequired, "outside of the tailnet")
	r.Refuses("create_device_invites", `{"device":"..","confirm":".."}`, tool.CodeInvalidArgument, "names no device")
	r.Answers("create_user_invites", `{"emails":["new@example.org","two@example.com"],"confirm":"new@example.org"}`, "uinv/fake1", `"role":"member"`, "two@example.com")
	r.Answers("create_device_invites", `{"device":"web-1","multiUse":true,"confirm":"web-1"}`, "admin/invite/fake3", `"multiUse":true`)
}

func TestDeleteAndResend(t *testing.T) {
	r := newRig(t)
	r.Refuses("resend_invite", `{"kind":"user","invite":"29216"}`, tool.CodeInvalidArgument, "without an email")
	r.Refuses("resend_invite", `{"kind":"user","invite":"."}`, tool.CodeInvalidArgument, "dots")
	r.Refuses("delete_invite", `{"kind":"user","invite":"12345","confirm":"12345"}`, string(tailnet.CodeNotFound), "")
	r.Refuses("delete_invite", `{"kind":"device","invite":"12345"}`, tool.CodeConfirmationRequired, "bob@example.org")
	r.Refuses("delete_invite", `{"kind":"tailnet","invite":"12345"}`, tool.CodeInvalidArgument, "device")
	for _, kind := range []struct{ name, id string }{{"user", "29214"}, {"device", "12345"}} {
		text := r.Answers("resend_invite", `{"kind":"`+kind.name+`","invite":"`+kind.id+`"}`, "sent again")
		text += r.Answers("delete_invite", `{"kind":"`+kind.name+`","invite":"`+kind.id+`","confirm":"`+kind.id+`"}`, "withdrawn")
		if strings.Contains(text, "https://") {
			t.Errorf("a link is shown: %s", text)
		}
	}
	if n := r.Fake.Count("deleteUserInvite") + r.Fake.Count("deleteDeviceInvite"); n != 2 {
		t.Errorf("got %d deletions, want 2", n)
	}
}
