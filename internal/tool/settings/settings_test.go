// SPDX-License-Identifier: MIT

package settings

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
)

// read returns the resource as the API's client and a fake of the API give it,
// to a credential with these scopes.
func read(t *testing.T, scopes []string, prepare func(*fakeapi.Server)) (string, error) {
	t.Helper()
	fake, err := fakeapi.Start(fakeapi.Options{Tokens: []fakeapi.Token{{Secret: fakeapi.DefaultAPIKey, Scopes: scopes}}})
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	api, err := tailnet.New(tailnet.Options{BaseURL: base, Credential: tailnet.Credential{APIKey: fakeapi.DefaultAPIKey}, RetryBudget: -1, Keep: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, u := range fake.Unexpected() {
			t.Errorf("the API got an unexpected request: %s %s: %s", u.Method, u.Path, u.Why)
		}
		api.Close()
		fake.Close()
	})
	prepare(fake)
	return Tools(api).Resources[0].Read(t.Context(), "")
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
			got, err := read(t, c.scopes, func(fake *fakeapi.Server) {
				if c.body != "" {
					fake.Fail("getTailnetSettings", fakeapi.Body(200, "application/json", c.body))
				}
			})
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("(-want +got), error %v:\n%s", err, diff)
			}
		})
	}
}

func TestSettingsUnread(t *testing.T) {
	got, err := read(t, []string{"all"}, func(fake *fakeapi.Server) {
		fake.Fail("getTailnetSettings", fakeapi.Body(200, "application/json", `[]`))
	})
	if got != "" || tailnet.CodeOf(err) != tailnet.CodeUpstreamMalformed {
		t.Errorf("got %q and error %v, want %s", got, err, tailnet.CodeUpstreamMalformed)
	}
	got, err = read(t, []string{"devices:core"}, func(*fakeapi.Server) {})
	if got != "" || tailnet.CodeOf(err) != tailnet.CodePermissionDenied {
		t.Errorf("got %q and error %v, want %s", got, err, tailnet.CodePermissionDenied)
	}
}
