// SPDX-License-Identifier: MIT

package fakeapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

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
	const alice, created, expires = "123456", "2026-06-01T08:00:00Z", "2099-01-01T00:00:00Z"
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

// keyOwner is the ID of the user with that login; empty if there is none, as of a
// trust credential.
func (s *Server) keyOwner(login string) string {
	for _, u := range s.users.rows {
		if u.LoginName == login {
			return u.ID
		}
	}
	return ""
}
