// SPDX-License-Identifier: MIT

package fakeapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Token is an API access token of a person.
type Token struct {
	Secret string
	Scopes []string // a person's token has the rights of its user: usually "all"
	User   string   // login of its owner
}

// Client is a trust credential: an OAuth client if it has a secret, otherwise a
// federated identity.
type Client struct {
	ID     string
	Secret string
	Scopes []string
	// Subject is what the sub claim of a federated identity's JWT must be; the
	// empty string lets any in. Signatures are not checked: this is a fake.
	Subject string
}

// grant is what a token may do.
type grant struct {
	scopes  []string
	user    string    // empty: minted by a trust credential
	client  string    // the ID of that credential; empty: of a person
	expires time.Time // zero: never
}

// has reports whether need is granted; "a | b" is granted if one of them is.
// `all` covers everything, `all:read` every read, and a scope that writes its
// :read form (https://tailscale.com/kb/1623/trust-credentials).
func (g grant) has(need string) bool {
	for one := range strings.SplitSeq(need, "|") {
		one = strings.TrimSpace(one)
		write, read := strings.CutSuffix(one, ":read")
		for _, have := range g.scopes {
			if have == one || have == "all" || read && (have == write || have == "all:read") {
				return true
			}
		}
	}
	return false
}

type access struct {
	clients []Client

	mu     sync.Mutex
	grants map[string]grant // by token
	minted int
}

func newAccess(tokens []Token, clients []Client) access {
	grants := map[string]grant{}
	for _, t := range tokens {
		grants[t.Secret] = grant{scopes: t.Scopes, user: t.User}
	}
	return access{clients: clients, grants: grants}
}

// check finds the grant of an Authorization header: Bearer, or Basic with the
// token as user name.
func (a *access) check(authorization string, now time.Time) (grant, bool) {
	scheme, value, _ := strings.Cut(authorization, " ")
	switch strings.ToLower(scheme) {
	case "basic":
		r := http.Request{Header: http.Header{"Authorization": {authorization}}}
		value, _, _ = r.BasicAuth()
	case "bearer":
	default:
		return grant{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	g, ok := a.grants[value]
	return g, ok && (g.expires.IsZero() || now.Before(g.expires))
}

// RevokeTokens invalidates every access token that was minted so far; those of
// [Options].Tokens stay.
func (s *Server) RevokeTokens() {
	s.access.mu.Lock()
	defer s.access.mu.Unlock()
	for token, g := range s.access.grants {
		if g.user == "" && !g.expires.IsZero() {
			delete(s.access.grants, token)
		}
	}
}

// oauthToken takes the client's secret in either of the two places of RFC 6749 §2.3.1.
func (s *Server) oauthToken(r *request) answer {
	form, err := url.ParseQuery(string(r.body))
	if err != nil || form.Get("grant_type") != "client_credentials" {
		return fail(http.StatusBadRequest)
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := (&http.Request{Header: r.header}).BasicAuth(); ok {
		id, secret = user, password
	}
	i := slices.IndexFunc(s.access.clients, func(c Client) bool {
		return c.Secret != "" && c.ID == id && c.Secret == secret
	})
	if i < 0 {
		return fail(http.StatusUnauthorized)
	}
	return s.mint(s.access.clients[i], form.Get("scope"))
}

func (s *Server) oauthTokenExchange(r *request) answer {
	form, err := url.ParseQuery(string(r.body))
	if err != nil {
		return fail(http.StatusBadRequest)
	}
	subject, err := s.subject(form.Get("jwt"))
	if err != nil {
		return failWith(http.StatusUnauthorized, err.Error())
	}
	i := slices.IndexFunc(s.access.clients, func(c Client) bool {
		return c.Secret == "" && c.ID == form.Get("client_id") && (c.Subject == "" || c.Subject == subject)
	})
	if i < 0 {
		return fail(http.StatusUnauthorized)
	}
	return s.mint(s.access.clients[i], form.Get("scope"))
}

// subject reads the claims of a JWT, without its signature.
func (s *Server) subject(jwt string) (string, error) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return "", errors.New("the token is malformed")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", errors.New("the token is malformed")
	}
	var claims struct {
		Subject string `json:"sub"`
		Expires int64  `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", errors.New("the token is malformed")
	}
	if !s.now().Before(time.Unix(claims.Expires, 0)) {
		return "", errors.New("the token is expired")
	}
	return claims.Subject, nil
}

// mint makes an access token with the client's scopes, or those of them that
// were asked for.
func (s *Server) mint(c Client, asked string) answer {
	scopes := c.Scopes
	if asked != "" {
		scopes = strings.Fields(asked)
		for _, scope := range scopes {
			if !(grant{scopes: c.Scopes}).has(scope) {
				return failWith(http.StatusForbidden, fmt.Sprintf("OAuth client cannot grant scopes %q", asked))
			}
		}
	}
	s.access.mu.Lock()
	defer s.access.mu.Unlock()
	s.access.minted++
	sum := sha256.Sum256(fmt.Append(nil, c.ID, s.access.minted))
	token := "tskey-api-k" + hex.EncodeToString(sum[:5]) + "CNTRL-" + hex.EncodeToString(sum[5:21])
	s.access.grants[token] = grant{scopes: scopes, client: c.ID, expires: s.now().Add(s.options.TokenLifetime)}
	return jsonAnswer(map[string]any{
		"access_token": token,
		"token_type":   "Bearer",
		"expires_in":   int(s.options.TokenLifetime / time.Second),
		"scope":        strings.Join(scopes, " "),
	})
}
