// SPDX-License-Identifier: MIT

package posture

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
	"tailscale-mcp/internal/tool"
)

const secret = "as32598d-the-secret"

func TestList(t *testing.T) {
	r := newRig(t)
	r.answers("list_posture_integrations", `{}`, `"provider":"falcon"`, `"matchedCount":11`, `"provider":"kandji"`)
	r.answers("list_posture_integrations", `{"integration":"pIntuneDEVEL"}`, "Invalid Tenant ID")
	r.refuses("list_posture_integrations", `{"integration":".."}`, tool.CodeInvalidArgument, "dots")
	r.refuses("list_posture_integrations", `{"integration":"pNoneDEVEL"}`, string(tailnet.CodeNotFound), "")
	r.refuses("list_posture_integrations", `{"id":"x"}`, tool.CodeInvalidArgument, "integration")
	if text, err := r.read("tailscale://posture-integrations"); err != nil || !strings.Contains(text, "falcon") {
		t.Errorf("got %s and %v", text, err)
	}
	r.fake.Fail("", fakeapi.Status(500))
	r.refuses("list_posture_integrations", `{}`, string(tailnet.CodeUpstreamUnavailable), "")
}

func TestSet(t *testing.T) {
	r := newRig(t)
	r.refuses("set_posture_integration", `{"provider":"kolide"}`, tool.CodeInvalidArgument, "secret")
	r.refuses("set_posture_integration", `{"provider":"nobody","clientSecret":"x"}`, tool.CodeInvalidArgument, "kolide")
	r.refuses("set_posture_integration", `{"provider":"falcon","clientSecret":"`+secret+`"}`, string(tailnet.CodeConflict), "pFalconDEVEL")
	r.refuses("set_posture_integration", `{"integration":"pFalconDEVEL","provider":"intune"}`, tool.CodeInvalidArgument, "does not change")
	text := r.answers("set_posture_integration", `{"provider":"kolide","clientSecret":"`+secret+`"}`, `"provider":"kolide"`)
	text += r.answers("set_posture_integration", `{"integration":"pIntuneDEVEL","clientId":"other","clientSecret":"`+secret+`"}`,
		`"clientId":"other"`, `"tenantId":"d1ae389b"`, `"previous":{`)
	if strings.Contains(text, secret) {
		t.Errorf("the secret is in an answer: %s", text)
	}
}

func TestDelete(t *testing.T) {
	r := newRig(t)
	r.refuses("delete_posture_integration", `{"integration":"pFalconDEVEL"}`, tool.CodeConfirmationRequired, "falcon")
	r.refuses("delete_posture_integration", `{"integration":"pFalconDEVEL","confirm":"intune"}`, tool.CodeConfirmationRequired, "falcon")
	r.answers("delete_posture_integration", `{"integration":"pFalconDEVEL","confirm":"falcon"}`, `"deleted":{`)
	if text, _ := r.call("list_posture_integrations", `{}`); strings.Contains(text, "falcon") {
		t.Errorf("it is still there: %s", text)
	}
}
