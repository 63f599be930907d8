// SPDX-License-Identifier: MIT

package settings

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// Only the settings that are named are sent, once, and the API has them then.
func TestUpdateSettings(t *testing.T) {
	for name, c := range map[string]struct {
		arguments, sent string
		answer          []string
	}{
		"two of them": {
			`{"devicesApprovalOn":true,"devicesKeyDurationDays":90,"confirm":"CODE"}`, `{"devicesApprovalOn":true,"devicesKeyDurationDays":90}`,
			[]string{`"previous":{"devicesApprovalOn":false,"devicesKeyDurationDays":180}`, `"devicesApprovalOn":true`, `"usersApprovalOn":true`},
		},
		"absent before": {
			`{"routeSelection":"regional-routing","confirm":"CODE"}`, `{"routeSelection":"regional-routing"}`,
			[]string{`"previous":{}`, `"routeSelection":"regional-routing"`},
		},
		"null is nothing named": {
			`{"usersApprovalOn":null,"aclsExternalLink":"","confirm":"CODE"}`, `{"aclsExternalLink":""}`,
			[]string{`"previous":{"aclsExternalLink":"https://github.com/example/tailnet-policy"}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, "all")
			text := r.Answers("update_settings", c.arguments, c.answer...)
			if diff := cmp.Diff(c.sent, r.Sent("updateTailnetSettings")); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			var told struct{ Now map[string]any }
			var is struct{ Settings map[string]any }
			if err := errors.Join(json.Unmarshal([]byte(text), &told), json.Unmarshal([]byte(r.Answers("get_settings", `{}`)), &is)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(is.Settings, told.Now); diff != "" {
				t.Errorf("now (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUpdateSettingsRefusals(t *testing.T) {
	r := start(t, "all")
	for _, c := range []struct{ arguments, code, part string }{
		{`{"usersApprovalOn":false}`, tool.CodeConfirmationRequired, "usersApprovalOn: true -> false"},
		{`{"usersApprovalOn":false,"confirm":"settings"}`, tool.CodeConfirmationRequired, `and not "settings"`},
		{`{"routeSelection":"regional-routing"}`, tool.CodeConfirmationRequired, `routeSelection: unknown -> "regional-routing"`},
		{`{"confirm":"CODE"}`, tool.CodeInvalidArgument, "get_settings"},
		{`{"devicesKeyDurationDays":181,"confirm":"CODE"}`, tool.CodeInvalidArgument, "180"},
		{`{"usersRoleAllowedToJoinExternalTailnets":"owner","confirm":"CODE"}`, tool.CodeInvalidArgument, "member"},
		{`{"aclsExternalLink":"here","confirm":"CODE"}`, tool.CodeInvalidArgument, "https://"},
		{`{"regionalRoutingOn":true,"routeSelection":"regional-routing","confirm":"CODE"}`, tool.CodeInvalidArgument, "routeSelection alone"},
	} {
		r.Refuses("update_settings", c.arguments, c.code, c.part)
	}
	r.Fake.Fail("updateTailnetSettings", fakeapi.Status(403).Times(1))
	text, err := r.Call("update_settings", `{"httpsEnabled":true,"confirm":"CODE"}`)
	r.Told("update_settings", text, err, string(failure.PermissionDenied))
	r.Answers("get_settings", `{}`, `"httpsEnabled":false`, `"usersApprovalOn":true`)
}

// What is so already is neither asked about nor sent.
func TestUpdateSettingsToTheSame(t *testing.T) {
	r := start(t, "all")
	r.Answers("update_settings", `{"usersApprovalOn":true,"devicesKeyDurationDays":180}`,
		`"previous":{"devicesKeyDurationDays":180,"usersApprovalOn":true}`, `"httpsEnabled":false`, "nothing was sent")
	if n := r.Fake.Count("updateTailnetSettings"); n != 0 {
		t.Errorf("%d changes were sent", n)
	}
	r.Refuses("update_settings", `{"usersApprovalOn":true,"httpsEnabled":true}`, tool.CodeConfirmationRequired, "tailnet (httpsEnabled: false -> true)")
}
