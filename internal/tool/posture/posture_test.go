// SPDX-License-Identifier: MIT

package posture

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

const secret = "as32598d-the-secret"

func TestList(t *testing.T) {
	r := newRig(t)
	r.Answers("list_posture_integrations", `{}`, `"provider":"falcon"`, `"matchedCount":11`, `"provider":"kandji"`)
	r.Answers("list_posture_integrations", `{"integration":"pIntuneDEVEL"}`, "Invalid Tenant ID")
	if got := r.Answers("list_posture_integrations", `{"fields":["provider"]}`, `{"provider":"falcon"}`); strings.Contains(got, "us-1") {
		t.Errorf("got %s, want the one field", got)
	}
	r.Refuses("list_posture_integrations", `{"fields":["clientSecret"]}`, tool.CodeInvalidArgument, "there is no field")
	r.Refuses("list_posture_integrations", `{"integration":".."}`, tool.CodeInvalidArgument, "dots")
	r.Refuses("list_posture_integrations", `{"integration":"pNoneDEVEL"}`, string(failure.NotFound), "")
	r.Refuses("list_posture_integrations", `{"id":"x"}`, tool.CodeInvalidArgument, "integration")
	if text, err := r.Read("tailscale://posture-integrations"); err != nil || !strings.Contains(text, "falcon") {
		t.Errorf("got %s and %v", text, err)
	}
	r.Fake.Fail("", fakeapi.Status(500))
	r.Refuses("list_posture_integrations", `{}`, string(failure.UpstreamUnavailable), "")
}

func TestSet(t *testing.T) {
	r := newRig(t)
	r.Refuses("set_posture_integration", `{"provider":"kolide"}`, tool.CodeInvalidArgument, "secret")
	r.Refuses("set_posture_integration", `{"provider":"nobody","clientSecret":"x"}`, tool.CodeInvalidArgument, "kolide")
	r.Refuses("set_posture_integration", `{"provider":"falcon","clientSecret":"`+secret+`"}`, string(failure.Conflict), "pFalconDEVEL")
	r.Refuses("set_posture_integration", `{"integration":"pFalconDEVEL","provider":"intune"}`, tool.CodeInvalidArgument, "does not change")
	r.Refuses("set_posture_integration", `{"integration":"pFalconDEVEL"}`, tool.CodeInvalidArgument, "nothing to change")
	r.Refuses("set_posture_integration", `{"integration":"..","clientId":"x"}`, tool.CodeInvalidArgument, "dots")
	text := r.Refuses("set_posture_integration", `{"provider":"jamfpro","cloudId":"jamf.example.com","tenantId":"t1","clientId":"c1","clientSecret":"`+secret+`"}`, tool.CodeConfirmationRequired,
		`has jamfpro tell access rules of devices from now on; cloud ID: "jamf.example.com"; tenant ID: "t1"; client ID: "c1"`, "confirm set to")
	text += r.Refuses("set_posture_integration", `{"integration":"pIntuneDEVEL","clientId":"other","clientSecret":"`+secret+`"}`, tool.CodeConfirmationRequired,
		`integration of "intune"`, `to "other", another secret`)
	text += r.Answers("set_posture_integration", `{"provider":"kolide","confirm":"CODE","clientSecret":"`+secret+`"}`, `"provider":"kolide"`)
	text += r.Answers("set_posture_integration", `{"integration":"pIntuneDEVEL","confirm":"CODE","clientId":"other","clientSecret":"`+secret+`"}`,
		`"clientId":"other"`, `"tenantId":"d1ae389b"`, `"previous":{`)
	for _, c := range [][2]string{
		{"createPostureIntegration", `{"provider":"jamfpro","confirm":"CODE","clientSecret":"` + secret + `"}`},
		{"updatePostureIntegration", `{"integration":"pIntuneDEVEL","confirm":"CODE","clientSecret":"` + secret + `"}`},
	} {
		r.Fake.Fail(c[0], fakeapi.Body(400, "application/json", `{"message":"bad secret `+secret+`"}`))
		_, err := r.Call("set_posture_integration", c[1])
		text += r.Told(c[0], "", err, string(failure.InvalidArgument), "bad secret")
	}
	if strings.Contains(text, secret) {
		t.Errorf("the secret is in an answer or error: %s", text)
	}
}

func TestDelete(t *testing.T) {
	r := newRig(t)
	r.Refuses("delete_posture_integration", `{"integration":"pFalconDEVEL"}`, tool.CodeConfirmationRequired, "falcon")
	r.Refuses("delete_posture_integration", `{"integration":"pFalconDEVEL","confirm":"falcon"}`, tool.CodeConfirmationRequired, "falcon")
	r.Answers("delete_posture_integration", `{"integration":"pFalconDEVEL","confirm":"CODE"}`, `"deleted":"pFalconDEVEL","previous":{`)
	if text, _ := r.Call("list_posture_integrations", `{}`); strings.Contains(text, "falcon") {
		t.Errorf("it is still there: %s", text)
	}
}
