// SPDX-License-Identifier: MIT

package settings

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
)

// start has the tools and the resource, for a credential with these scopes.
func start(t *testing.T, scopes ...string) *tooltest.API {
	t.Helper()
	return tooltest.NewAPI(t, fakeapi.Options{Tokens: []fakeapi.Token{{Secret: fakeapi.DefaultAPIKey, Scopes: scopes}}}, Tools)
}

func TestSettings(t *testing.T) {
	const feature = `"devicesApprovalOn":false,"devicesAutoUpdatesOn":false,"devicesKeyDurationDays":180,`
	for _, c := range []struct {
		name   string
		scopes []string
		body   string // the API's answer, if not the fake's own
		want   string
	}{
		{"every scope", []string{"all"}, "", `{"aclsExternalLink":"https://github.com/example/tailnet-policy","aclsExternallyManagedOn":false,` + feature +
			`"httpsEnabled":false,"networkFlowLoggingOn":false,"postureIdentityCollectionOn":false,"regionalRoutingOn":false,"usersApprovalOn":true,"usersRoleAllowedToJoinExternalTailnets":"admin"}`},
		{"one scope, so less", []string{"feature_settings:read"}, "", `{` + feature +
			`"postureIdentityCollectionOn":false,"regionalRoutingOn":false,"usersApprovalOn":true,"usersRoleAllowedToJoinExternalTailnets":"admin"}`},
		{"unknown fields, nulls and space", []string{"all"}, "{\n  \"someDay\" : [ 1 , 2 ],\n\t\"aclsExternalLink\": \"https://x/?a&b\",\"httpsEnabled\": null }\n", `{"someDay":[1,2],"aclsExternalLink":"https://x/?a&b","httpsEnabled":null}`},
		{"no fields", []string{"all"}, `{}`, `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, c.scopes...)
			if c.body != "" {
				r.Fake.Fail("getTailnetSettings", fakeapi.Body(200, "application/json", c.body))
			}
			got, err := r.Read("tailscale://tailnet-settings")
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("(-want +got), error %v:\n%s", err, diff)
			}
		})
	}
}

func TestSettingsUnread(t *testing.T) {
	malformed := start(t, "all")
	malformed.Fake.Fail("getTailnetSettings", fakeapi.Body(200, "application/json", `[]`))
	for code, r := range map[failure.Code]*tooltest.API{
		failure.UpstreamMalformed: malformed,
		failure.PermissionDenied:  start(t, "devices:core"),
	} {
		text, err := r.Read("tailscale://tailnet-settings")
		r.Told("the resource", text, err, string(code))
		r.Refuses("get_settings", `{}`, string(code))
	}
}
