// SPDX-License-Identifier: MIT

package fakeapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var oauthRoutes = []route{
	{"listOAuthApps", "GET", "/tailnet/{tailnet}/oauth-apps", []string{"oauth_apps:read"}, nil, (*Server).listOAuthApps},
	{"createOAuthApp", "POST", "/tailnet/{tailnet}/oauth-apps", []string{"oauth_apps"}, nil, (*Server).createOAuthApp},
	{"getOAuthApp", "GET", "/tailnet/{tailnet}/oauth-apps/{appId}", []string{"oauth_apps:read"}, nil, (*Server).getOAuthApp},
	{"updateOAuthApp", "PUT", "/tailnet/{tailnet}/oauth-apps/{appId}", []string{"oauth_apps"}, nil, (*Server).updateOAuthApp},
	{"deleteOAuthApp", "DELETE", "/tailnet/{tailnet}/oauth-apps/{appId}", []string{"oauth_apps"}, nil, (*Server).deleteOAuthApp},
}

// oauthApp is a third party that users can grant access to.
type oauthApp struct {
	ID                    string   `json:"id"`
	Name                  string   `json:"name"`
	Description           string   `json:"description,omitempty"`
	RedirectURIs          []string `json:"redirectURIs"`
	Scopes                []string `json:"scopes"`
	AllowedNodeAttributes []string `json:"allowedNodeAttributes,omitempty"`
	Created               string   `json:"created"`
	Updated               string   `json:"updated"`
	ClientSecret          string   `json:"clientSecret,omitempty"` // only in the answer that creates it
}

// oauthState is what the tailnet has of this group.
type oauthState struct {
	apps []oauthApp
	made int
}

func newOauthState() oauthState {
	const created = "2026-06-01T08:00:00Z"
	return oauthState{apps: []oauthApp{
		{ID: "aLab1CNTRL", Name: "lab-provisioner", Description: "Provisions lab devices.", RedirectURIs: []string{"https://example.com/oauth/callback"},
			Scopes: []string{"auth_keys:create"}, AllowedNodeAttributes: []string{"custom:lab"}, Created: created, Updated: created},
		{ID: "aDev1CNTRL", Name: "dev-tool", RedirectURIs: []string{"http://localhost:8000/callback"}, Scopes: []string{"auth_keys:create"}, Created: created, Updated: created},
	}}
}

func (s *Server) findOAuthApp(r *request) int {
	return slices.IndexFunc(s.oauth.apps, func(a oauthApp) bool { return a.ID == r.params["appId"] })
}

func (s *Server) listOAuthApps(*request) answer {
	return jsonAnswer(map[string]any{"oauthApps": s.oauth.apps})
}

func (s *Server) getOAuthApp(r *request) answer {
	i := s.findOAuthApp(r)
	if i < 0 {
		return fail(http.StatusNotFound)
	}
	return jsonAnswer(s.oauth.apps[i])
}

func (s *Server) createOAuthApp(r *request) answer {
	app, why := readOAuthApp(r.body)
	switch {
	case why != "":
		return failWith(http.StatusBadRequest, why)
	case len(app.AllowedNodeAttributes) > 0 && !r.grant.has("devices:posture_attributes"):
		return fail(http.StatusForbidden)
	}
	s.oauth.made++
	app.ID, app.Created, app.Updated = fmt.Sprintf("aNew%dCNTRL", s.oauth.made), s.keyTime(), s.keyTime()
	s.oauth.apps = append(s.oauth.apps, app)
	sum := sha256.Sum256([]byte(app.ID))
	app.ClientSecret = "tskey-client-" + app.ID + "-" + hex.EncodeToString(sum[:16])
	return jsonAnswer(app)
}

// updateOAuthApp replaces all that can be set, and keeps the secret.
func (s *Server) updateOAuthApp(r *request) answer {
	i := s.findOAuthApp(r)
	if i < 0 {
		return fail(http.StatusNotFound)
	}
	app, why := readOAuthApp(r.body)
	if why != "" {
		return failWith(http.StatusBadRequest, why)
	}
	app.ID, app.Created, app.Updated = s.oauth.apps[i].ID, s.oauth.apps[i].Created, s.keyTime()
	s.oauth.apps[i] = app
	return jsonAnswer(app)
}

func (s *Server) deleteOAuthApp(r *request) answer {
	i := s.findOAuthApp(r)
	if i < 0 {
		return fail(http.StatusNotFound)
	}
	s.oauth.apps = slices.Delete(s.oauth.apps, i, i+1)
	return done()
}

var oauthAppName = regexp.MustCompile(`^[a-zA-Z0-9._-]{3,50}$`)

// readOAuthApp reads what can be set, or says what is wrong with it.
func readOAuthApp(body []byte) (app oauthApp, why string) {
	noAttribute := func(name string) bool { return !strings.HasPrefix(name, "custom:") }
	switch {
	case json.Unmarshal(body, &app) != nil:
		why = errorText[http.StatusBadRequest]
	case !oauthAppName.MatchString(app.Name):
		why = "invalid name"
	case len(app.Description) > 300:
		why = "the description is too long"
	case len(app.RedirectURIs) == 0 || slices.ContainsFunc(app.RedirectURIs, badRedirect):
		why = "invalid redirectURIs"
	case len(app.Scopes) == 0:
		why = "scopes are required"
	case slices.ContainsFunc(app.AllowedNodeAttributes, noAttribute):
		why = "invalid allowedNodeAttributes"
	}
	return app, why
}

func badRedirect(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || u.Hostname() == "" {
		return true
	}
	if slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()) {
		return false
	}
	_, err = netip.ParseAddr(u.Hostname())
	return u.Scheme != "https" || err == nil
}
