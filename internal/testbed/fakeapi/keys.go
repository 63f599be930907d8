// SPDX-License-Identifier: MIT

package fakeapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
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
		mine := k.UserID == s.keyOwner(r.grant.user)
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
	k.ID, k.Created, k.UserID = fmt.Sprintf("kNew%dCNTRL", s.keys.made), s.keyTime(), s.keyOwner(r.grant.user)
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
