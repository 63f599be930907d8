// SPDX-License-Identifier: MIT

package fakeapi

import (
	"net/http"
	"strings"
	"testing"
)

func oauthAnswers(t *testing.T, s *Server) map[string][]string {
	const body = `{"name":"my-oauth-app","description":"Lab.","redirectURIs":["https://example.com/cb"],"scopes":["auth_keys:create"],"allowedNodeAttributes":["custom:a"]}`
	return map[string][]string{
		"listOAuthApps":  {get(t, s, "/tailnet/-/oauth-apps")},
		"getOAuthApp":    {get(t, s, "/tailnet/-/oauth-apps/aLab1CNTRL")},
		"createOAuthApp": {send(t, s, "POST", "/tailnet/-/oauth-apps", body)},
		"updateOAuthApp": {send(t, s, "PUT", "/tailnet/-/oauth-apps/aLab1CNTRL", body)},
	}
}

func TestOAuthAppsState(t *testing.T) {
	s := start(t, Options{})
	answers := oauthAnswers(t, s)
	if !strings.Contains(answers["createOAuthApp"][0], `"clientSecret":"tskey-client-`) || strings.Contains(get(t, s, "/tailnet/-/oauth-apps"), "clientSecret") {
		t.Errorf("got %v, want the secret where it is made and nowhere else", answers)
	}
	send(t, s, "DELETE", "/tailnet/-/oauth-apps/aDev1CNTRL", "")
	if list := get(t, s, "/tailnet/-/oauth-apps"); strings.Contains(list, "aDev1CNTRL") || strings.Count(list, "my-oauth-app") != 2 {
		t.Errorf("got %s, want what was set", list)
	}
}

func TestOAuthAppsRefused(t *testing.T) {
	s := start(t, Options{})
	for _, c := range []struct {
		method, path, body string
		scopes             []string
		want               int
	}{
		{"GET", "/aNone", "", nil, http.StatusNotFound},
		{"PUT", "/aNone", "{}", nil, http.StatusNotFound},
		{"DELETE", "/aNone", "", nil, http.StatusNotFound},
		{"PUT", "/aLab1CNTRL", `{"name":"x"}`, nil, http.StatusBadRequest},
		{"POST", "", `{"name":"abc","redirectURIs":["http://example.com"],"scopes":["s"]}`, nil, http.StatusBadRequest},
		{"POST", "", `{"name":"abc","redirectURIs":["https://192.0.2.1"],"scopes":["s"]}`, nil, http.StatusBadRequest},
		{"POST", "", `{"name":"abc","redirectURIs":["app://localhost/x"],"scopes":[]}`, nil, http.StatusBadRequest},
		{"POST", "", `{"name":"abc","redirectURIs":["app://localhost/x"],"scopes":["s"],"allowedNodeAttributes":["node:os"]}`, nil, http.StatusBadRequest},
		{"POST", "", `{"name":"abc","redirectURIs":["app://localhost/x"],"scopes":["s"],"allowedNodeAttributes":["custom:a"]}`, []string{"oauth_apps"}, http.StatusForbidden},
		{"POST", "", `{"name":"abc","redirectURIs":["app://localhost/x"],"scopes":["s"]}`, []string{"oauth_apps"}, http.StatusOK},
	} {
		rt, params, _ := match(c.method, "/api/v2/tailnet/-/oauth-apps"+c.path)
		got := rt.handle(s, &request{route: rt, params: params, body: []byte(c.body), grant: grant{scopes: c.scopes}})
		if got.status != c.want {
			t.Errorf("%s %s %s: got %d, want %d", c.method, c.path, c.body, got.status, c.want)
		}
	}
}
