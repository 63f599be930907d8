// SPDX-License-Identifier: MIT

package invites

import (
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// What the API refuses was sent once and as it should be, is not sent again, and
// comes back with the code of the refusal and nothing done.
func TestChangesThatTheAPIRefuses(t *testing.T) {
	for _, c := range []struct{ name, arguments, op, path, body string }{
		{
			"create_user_invites", `{"emails":["a@example.org","b@example.org"],"role":"auditor","confirm":"CODE"}`,
			"createUserInvites", "/tailnet/-/user-invites", `[{"role":"auditor","email":"a@example.org"},{"role":"auditor","email":"b@example.org"}]`,
		},
		{"create_user_invites", `{"confirm":"CODE"}`, "createUserInvites", "/tailnet/-/user-invites", `[{"role":"member"}]`},
		{
			"create_device_invites", `{"device":"web-1","emails":["a@example.org"],"allowExitNode":true,"confirm":"CODE"}`,
			"createDeviceInvites", "/device/nWeb1CNTRL/device-invites", `[{"multiUse":false,"allowExitNode":true,"email":"a@example.org"}]`,
		},
		{
			"create_device_invites", `{"device":"web-2","multiUse":true,"confirm":"CODE"}`,
			"createDeviceInvites", "/device/nWeb2CNTRL/device-invites", `[{"multiUse":true,"allowExitNode":false}]`,
		},
		{"delete_invite", `{"kind":"user","invite":"29214","confirm":"CODE"}`, "deleteUserInvite", "/user-invites/29214", ``},
		{"delete_invite", `{"kind":"device","invite":"12345","confirm":"CODE"}`, "deleteDeviceInvite", "/device-invites/12345", ``},
		{"resend_invite", `{"kind":"user","invite":"29214"}`, "resendUserInvite", "/user-invites/29214/resend", ``},
		{"resend_invite", `{"kind":"device","invite":"12345"}`, "resendDeviceInvite", "/device-invites/12345/resend", ``},
	} {
		for status, code := range map[int]failure.Code{
			403: failure.PermissionDenied, 404: failure.NotFound, 500: failure.UpstreamUnavailable,
		} {
			r := newRig(t)
			r.Fake.Fail(c.op, fakeapi.Status(status))
			text, err := r.Call(c.name, c.arguments)
			if r.Told(c.name+" "+c.arguments, text, err, string(code)); text != "" {
				t.Errorf("%s, %d: got the answer %s beside the error", c.op, status, text)
			}
			if body := r.Sent(c.op); body != c.body {
				t.Errorf("%s, %d: sent %s, want %s", c.op, status, body, c.body)
			}
			requests := r.Fake.Requests()
			if last := requests[len(requests)-1]; last.Operation != c.op || last.Path != "/api/v2"+c.path {
				t.Errorf("%s, %d: the last request is %s %s, want %s and nothing after it", c.op, status, last.Operation, last.Path, c.path)
			}
		}
	}
}
