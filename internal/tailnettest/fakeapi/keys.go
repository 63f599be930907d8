// SPDX-License-Identifier: MIT

package fakeapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	anyKeyRead  = "api_access_tokens:read | auth_keys:read | oauth_keys:read | federated_keys:read"
	anyKeyWrite = "api_access_tokens | auth_keys | oauth_keys | federated_keys"
)

// Which of the scopes it takes depends on the kind of key: the handlers see to
// that.
var keysRoutes = []route{
	{"listTailnetKeys", "GET", "/tailnet/{tailnet}/keys", []string{anyKeyRead}, []string{"all"}, (*Server).listKeys},
	{"createKey", "POST", "/tailnet/{tailnet}/keys", []string{"auth_keys | oauth_keys | federated_keys"}, nil, (*Server).createKey},
	{"getKey", "GET", "/tailnet/{tailnet}/keys/{keyId}", []string{anyKeyRead}, nil, (*Server).getKey},
	{"deleteKey", "DELETE", "/tailnet/{tailnet}/keys/{keyId}", []string{anyKeyWrite}, nil, (*Server).deleteKey},
	{"setKey", "PUT", "/tailnet/{tailnet}/keys/{keyId}", []string{"oauth_keys | federated_keys"}, nil, (*Server).setKey},
}

var keyScopes = map[string]string{
	"auth": "auth_keys", "client": "oauth_keys", "federated": "federated_keys", "api": "api_access_tokens",
}

// tailnetKey is an auth key, a trust credential or an API access token.
type tailnetKey struct {
	ID               string            `json:"id"`
	Key              string            `json:"key,omitempty"` // only in the answer that creates it
	KeyType          string            `json:"keyType"`
	ExpirySeconds    int64             `json:"expirySeconds,omitempty"`
	Created          string            `json:"created"`
	Updated          string            `json:"updated,omitempty"`
	Expires          string            `json:"expires,omitempty"`
	Revoked          string            `json:"revoked,omitempty"`
	Capabilities     *keyCapabilities  `json:"capabilities,omitempty"`
	Scopes           []string          `json:"scopes,omitempty"`
	Tags             []string          `json:"tags,omitempty"`
	Description      string            `json:"description,omitempty"`
	Invalid          bool              `json:"invalid,omitempty"`
	UserID           string            `json:"userId,omitempty"` // absent when a trust credential made it
	Issuer           string            `json:"issuer,omitempty"`
	Subject          string            `json:"subject,omitempty"`
	Audience         string            `json:"audience,omitempty"`
	CustomClaimRules map[string]string `json:"customClaimRules,omitempty"`
}

type keyCapabilities struct {
	Devices *struct {
		Create keyCreates `json:"create"`
	} `json:"devices"`
}

type keyCreates struct {
	Reusable      bool     `json:"reusable"`
	Ephemeral     bool     `json:"ephemeral"`
	Preauthorized bool     `json:"preauthorized"`
	Tags          []string `json:"tags,omitempty"`
}

// keysState is what the tailnet has of this group.
type keysState struct {
	rows []tailnetKey
	made int
}

// newKeysState has a key of every kind, one that has expired, and one that a
// trust credential made. Dates are fixed, so that every beginning is the same.
func newKeysState() keysState {
	const alice, created, expires = "uAlice1CNTRL", "2026-06-01T08:00:00Z", "2099-01-01T00:00:00Z"
	devices := func(c keyCreates) *keyCapabilities {
		k := keyCapabilities{}
		k.Devices = &struct {
			Create keyCreates `json:"create"`
		}{c}
		return &k
	}
	return keysState{rows: []tailnetKey{
		{ID: "kApi1CNTRL", KeyType: "api", ExpirySeconds: 7776000, Created: created, Expires: expires, Scopes: []string{"all"}, Description: "production key", UserID: alice},
		{ID: "kAuth1CNTRL", KeyType: "auth", ExpirySeconds: 7776000, Created: created, Expires: expires, Description: "dev access", UserID: alice, Capabilities: devices(keyCreates{Reusable: true, Preauthorized: true, Tags: []string{"tag:web"}})},
		{ID: "kAuth2CNTRL", KeyType: "auth", ExpirySeconds: 86400, Created: "2026-01-01T08:00:00Z", Expires: "2026-01-02T08:00:00Z", Description: "last winter", UserID: alice, Invalid: true, Capabilities: devices(keyCreates{})},
		{ID: "kAuth3CNTRL", KeyType: "auth", ExpirySeconds: 7776000, Created: created, Expires: expires, Capabilities: devices(keyCreates{Ephemeral: true, Tags: []string{"tag:build"}})},
		{ID: "kClient1CNTRL", KeyType: "client", Created: created, Scopes: []string{"devices:core:read"}, Description: "inventory", UserID: alice},
		{ID: "kFed1CNTRL", KeyType: "federated", Created: created, Updated: "2026-06-02T09:00:00Z", Scopes: []string{"auth_keys"}, Tags: []string{"tag:build"}, Description: "ci deploy", UserID: alice,
			Issuer: "https://token.actions.example.com", Subject: "repo:example/app:*", Audience: "api.tailscale.com/TFakeXk11CNTRL-kFed1CNTRL",
			CustomClaimRules: map[string]string{"exampleAdditionalClaim": "valueToMatch", "otherAdditionalClaim": "valueWithWildcard*"}},
	}}
}

func (s *Server) findKey(id string) *tailnetKey {
	i := slices.IndexFunc(s.keys.rows, func(k tailnetKey) bool { return k.ID == id })
	if i < 0 {
		return nil
	}
	k := &s.keys.rows[i]
	if expires, err := time.Parse(time.RFC3339, k.Expires); err == nil && !s.now().Before(expires) {
		k.Invalid = true
	}
	return k
}

func (s *Server) listKeys(r *request) answer {
	all := r.query.Get("all") == "true"
	shown := []tailnetKey{}
	for _, row := range s.keys.rows {
		k := s.findKey(row.ID)
		mine := k.UserID == keyOwner(r.grant.user)
		if r.grant.user == "" {
			mine = k.KeyType == "client"
		}
		if !k.Invalid && (all || mine) && r.grant.has(keyScopes[k.KeyType]+":read") {
			shown = append(shown, *k)
		}
	}
	return jsonAnswer(map[string]any{"keys": shown})
}

func (s *Server) getKey(r *request) answer {
	k := s.findKey(r.params["keyId"])
	switch {
	case k == nil:
		return fail(http.StatusNotFound)
	case !r.grant.has(keyScopes[k.KeyType] + ":read"):
		return fail(http.StatusForbidden)
	}
	return jsonAnswer(k)
}

// deleteKey leaves a key that is invalid: it can be read, and is no longer listed.
func (s *Server) deleteKey(r *request) answer {
	k := s.findKey(r.params["keyId"])
	switch {
	case k == nil:
		return fail(http.StatusNotFound)
	case !r.grant.has(keyScopes[k.KeyType]):
		return fail(http.StatusForbidden)
	}
	if k.Revoked == "" {
		k.Revoked, k.Invalid = s.keyTime(), true
	}
	return done()
}

func (s *Server) createKey(r *request) answer {
	k := tailnetKey{KeyType: "auth"}
	if json.Unmarshal(r.body, &k) != nil {
		return fail(http.StatusBadRequest)
	}
	if !slices.Contains([]string{"auth", "client", "federated"}, k.KeyType) {
		return failWith(http.StatusBadRequest, "invalid keyType")
	}
	if !r.grant.has(keyScopes[k.KeyType]) {
		return fail(http.StatusForbidden)
	}
	if why := s.keyDefect(k, r.grant.user); why != "" {
		return failWith(http.StatusBadRequest, why)
	}
	s.keys.made++
	sum := sha256.Sum256(fmt.Append(nil, k.KeyType, s.keys.made))
	k.ID, k.Created, k.UserID = fmt.Sprintf("kNew%dCNTRL", s.keys.made), s.keyTime(), keyOwner(r.grant.user)
	k.Updated, k.Revoked, k.Invalid, k.Expires = "", "", false, ""
	secret := "tskey-" + k.KeyType + "-" + k.ID + "-" + hex.EncodeToString(sum[:16])
	switch k.KeyType {
	case "auth":
		if k.ExpirySeconds == 0 {
			k.ExpirySeconds = 90 * 86400
		}
		k.Scopes, k.Tags = nil, nil
		k.Expires = s.now().UTC().Add(time.Duration(k.ExpirySeconds) * time.Second).Format(time.RFC3339)
	case "federated":
		secret = "" // a federated identity signs in with its provider's token
		setDefault(&k.Audience, "api.tailscale.com/"+s.options.TailnetID+"-"+k.ID)
	}
	s.keys.rows = append(s.keys.rows, k)
	k.Key = secret
	return jsonAnswer(k)
}

// setKey replaces all that can be set: what the body does not have is gone.
func (s *Server) setKey(r *request) answer {
	k := s.findKey(r.params["keyId"])
	if k == nil {
		return fail(http.StatusNotFound)
	}
	var body tailnetKey
	if json.Unmarshal(r.body, &body) != nil {
		return fail(http.StatusBadRequest)
	}
	if body.KeyType != k.KeyType || k.KeyType != "client" && k.KeyType != "federated" {
		return failWith(http.StatusBadRequest, "the key type cannot be set")
	}
	if !r.grant.has(keyScopes[k.KeyType]) {
		return fail(http.StatusForbidden)
	}
	if why := s.keyDefect(body, r.grant.user); why != "" {
		return failWith(http.StatusBadRequest, why)
	}
	k.Description, k.Scopes, k.Tags, k.Updated = body.Description, body.Scopes, body.Tags, s.keyTime()
	k.Issuer, k.Subject, k.Audience, k.CustomClaimRules = body.Issuer, body.Subject, body.Audience, body.CustomClaimRules
	return jsonAnswer(k)
}

// keyDefect says what makes a body one that no key can be made of.
func (s *Server) keyDefect(k tailnetKey, user string) string {
	tags := k.Tags
	if k.KeyType == "auth" {
		if k.Capabilities == nil || k.Capabilities.Devices == nil {
			return "capabilities must have devices"
		}
		if tags = k.Capabilities.Devices.Create.Tags; user == "" && len(tags) == 0 {
			return "keys of the tailnet must have tags"
		}
	}
	issuer, err := url.Parse(k.Issuer)
	needsTags := func(scope string) bool { return scope == "devices:core" || scope == "auth_keys" }
	unknown := func(tag string) bool { return !s.policy.hasTag(tag) }
	switch {
	case len(k.Description) > 50 || strings.Trim(k.Description, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -") != "":
		return "invalid description"
	case k.ExpirySeconds < 0 || k.ExpirySeconds > 90*86400:
		return "invalid expirySeconds"
	case slices.ContainsFunc(tags, unknown):
		return fmt.Sprintf("requested tags %v are invalid or not permitted", tags)
	case k.KeyType == "auth":
	case len(k.Scopes) == 0:
		return "scopes are required"
	case len(tags) == 0 && slices.ContainsFunc(k.Scopes, needsTags):
		return "tags are required with these scopes"
	case k.KeyType == "federated" && (err != nil || issuer.Scheme != "https" || issuer.Host == "" || k.Subject == ""):
		return "a federated identity has an https issuer and a subject"
	}
	return ""
}

func (s *Server) keyTime() string { return s.now().UTC().Format(time.RFC3339) }

// keyOwner makes an ID of a login: alice@example.com is uAlice1CNTRL.
func keyOwner(login string) string {
	name, _, _ := strings.Cut(login, "@")
	if name == "" {
		return ""
	}
	return "u" + strings.ToUpper(name[:1]) + name[1:] + "1CNTRL"
}
