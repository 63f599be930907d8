// SPDX-License-Identifier: MIT

package token

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/flight"
	"tailscale-mcp/internal/tsapi/credential"
	"tailscale-mcp/internal/tsapi/fault"
)

// Options say whose tokens they are, and how they are asked for.
type Options struct {
	// Base is scheme and host of the API, which has the token endpoints.
	Base *url.URL
	// Credential is what is exchanged; package config has checked it.
	Credential credential.Credential
	// Place is where this host keeps the credential, for messages.
	Place string
	// UserAgent names this program.
	UserAgent string
	// Transport sends the requests.
	Transport http.RoundTripper
	// Now is the clock.
	Now func() time.Time
	// Observe is called once for each request that was sent, as that of the API's options.
	Observe func(op string, status int, code failure.Code, took time.Duration)
}

// New returns what gives access tokens for a credential. It makes no request.
func New(o Options) Source {
	c := o.Credential
	if c.Kind() == credential.APIKey {
		return fixedToken{Token{text: newSecret(c.APIKey)}}
	}
	m := &minter{
		transport: o.Transport,
		userAgent: o.UserAgent,
		place:     o.Place,
		kind:      c.Kind(),
		clientID:  c.OAuthClientID,
		now:       o.Now,
		observe:   o.Observe,
	}
	if m.kind == credential.Federated {
		m.op = "oauthTokenExchange"
		m.idToken = &idTokenFile{path: c.IDTokenFile}
		m.endpoint = o.Base.JoinPath("api/v2/oauth/token-exchange")
	} else {
		m.op = "oauthToken"
		m.clientSecret = newSecret(c.OAuthClientSecret)
		m.endpoint = o.Base.JoinPath("api/v2/oauth/token")
	}
	return m
}

const (
	// refreshBefore is how long before its expiry a token is replaced: longer
	// than a request may take, so that no token expires under way.
	refreshBefore = time.Minute
	// mintTimeout bounds one request for a token.
	mintTimeout = 15 * time.Second
	// holdOff is how long the old token goes on being used after an attempt to
	// replace it failed, before the next attempt.
	holdOff = 10 * time.Second
)

// minter exchanges an OAuth client's secret, or an ID token, for access tokens,
// which last an hour.
//
// The official client does this too, but not so that a daemon could rely on it
// (v2.9.0, tried): its OAuth form ignores the caller's context and has no time
// limit, so one silent connection stops every call for good; it uses the default
// HTTP client, which takes the client's secret along to wherever a redirect
// points; and its identity federation keeps an ID token until it expires,
// however often the file has changed. So the two requests, each one form, are
// made here.
type minter struct {
	op        string // for who observes
	endpoint  *url.URL
	transport http.RoundTripper
	userAgent string
	place     string // where the person finds the credential
	kind      credential.Kind
	clientID  string
	// exactly one of the two is set
	clientSecret secret
	idToken      *idTokenFile

	now     func() time.Time
	observe func(op string, status int, code failure.Code, took time.Duration)
	flights flight.Group[Token]

	mu        sync.Mutex
	current   Token
	from      fileStamp // of the ID token file that current came from
	heldUntil time.Time // until then current is not replaced
}

func (m *minter) Token(ctx context.Context) (Token, error) {
	if t, ok := m.usable(refreshBefore); ok {
		return t, nil
	}
	// One exchange at a time for a credential, whoever asks; it goes on as long as
	// anybody waits.
	minted, err := m.flights.Do(ctx, strconv.Itoa(m.Version()), func(ctx context.Context) (Token, error) {
		if t, ok := m.usable(refreshBefore); ok {
			return t, nil
		}
		ctx, cancel := context.WithTimeout(ctx, mintTimeout)
		defer cancel()
		t, from, err := m.mint(ctx)
		if err != nil {
			// A token endpoint that is down for a moment is no reason to
			// refuse calls that the old token still opens.
			if old, ok := m.usable(0); ok {
				m.mu.Lock()
				defer m.mu.Unlock()
				m.heldUntil = m.now().Add(holdOff)
				return old, nil
			}
			return Token{}, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.current, m.from, m.heldUntil = t, from, time.Time{}
		return t, nil
	})
	if err != nil && ctx.Err() != nil {
		err = fault.Ended(ctx, "waiting for an access token")
	}
	return minted, err
}

// usable returns the current token if it lives longer than margin. A changed ID
// token file asks for a new token (margin > 0) but does not spoil the old one.
func (m *minter) usable(margin time.Duration) (Token, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now().Before(m.heldUntil) {
		margin = 0
	}
	if m.current.text == nil || !m.now().Add(margin).Before(m.current.expires) {
		return Token{}, false
	}
	if margin > 0 && m.idToken != nil && m.idToken.changed(m.from) {
		return Token{}, false
	}
	return m.current, true
}

func (m *minter) Refused(t Token) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current.text.reveal() == t.text.reveal() {
		m.current = Token{}
	}
	return true
}

func (m *minter) Secrets() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := []string{m.clientSecret.reveal(), m.current.text.reveal()}
	if m.idToken != nil {
		all = append(all, m.idToken.last())
	}
	return all
}

// Version counts the ID tokens: another may be another identity. The secret of an
// OAuth client stays the same.
func (m *minter) Version() int {
	if m.idToken == nil {
		return 0
	}
	return m.idToken.version()
}
