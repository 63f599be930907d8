// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/flight"
	"tailscale-mcp/internal/tsapi/credential"
	"tailscale-mcp/internal/tsapi/fault"
)

// token is an access token and what is known about it.
type token struct {
	text    secret
	expires time.Time // zero: not known, as for an API access token
	scopes  []string  // what the API said was granted; nil: not known
}

// lacks returns what of need the granted scopes do not include, and nothing when
// they are not known: "a + b" is both, "a | b" one of them. `all` covers
// everything, `all:read` every read, and a scope that writes includes its `:read` form (https://tailscale.com/kb/1623/trust-credentials).
func (t token) lacks(need string) []string {
	if len(t.scopes) == 0 {
		return nil
	}
	return slices.DeleteFunc(scopeList(need), func(one string) bool {
		return slices.ContainsFunc(strings.Split(one, " | "), t.has)
	})
}

func (t token) has(need string) bool {
	base, read := strings.CutSuffix(need, ":read")
	return slices.ContainsFunc(t.scopes, func(have string) bool {
		return have == need || have == "all" || read && (have == base || have == "all:read")
	})
}

// tokenSource supplies the access token of each request.
type tokenSource interface {
	// token returns a token that is good now, getting one when it has to. Its
	// errors are *Error without an operation.
	token(ctx context.Context) (token, error)
	// refused is told that the API answered 401 to t. It reports whether another
	// token may be had, so that trying again makes sense.
	refused(t token) bool
	// secrets lists everything that no message may hold.
	secrets() []string
	// version tells the credentials apart that have been here while the program
	// runs: what was read with one is no answer to whoever asks with the next.
	version() int
}

// fixedToken is an API access token: it never changes.
type fixedToken struct{ tok token }

func (f fixedToken) token(context.Context) (token, error) { return f.tok, nil }
func (f fixedToken) refused(token) bool                   { return false }
func (f fixedToken) secrets() []string                    { return []string{f.tok.text.reveal()} }
func (f fixedToken) version() int                         { return 0 }

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
	flights flight.Group[token]

	mu        sync.Mutex
	current   token
	from      fileStamp // of the ID token file that current came from
	heldUntil time.Time // until then current is not replaced
}

func (m *minter) token(ctx context.Context) (token, error) {
	if t, ok := m.usable(refreshBefore); ok {
		return t, nil
	}
	// One exchange at a time for a credential, whoever asks; it goes on as long as
	// anybody waits.
	minted, err := m.flights.Do(ctx, strconv.Itoa(m.version()), func(ctx context.Context) (token, error) {
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
			return token{}, err
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
func (m *minter) usable(margin time.Duration) (token, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now().Before(m.heldUntil) {
		margin = 0
	}
	if m.current.text == nil || !m.now().Add(margin).Before(m.current.expires) {
		return token{}, false
	}
	if margin > 0 && m.idToken != nil && m.idToken.changed(m.from) {
		return token{}, false
	}
	return m.current, true
}

func (m *minter) refused(t token) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current.text.reveal() == t.text.reveal() {
		m.current = token{}
	}
	return true
}

func (m *minter) secrets() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := []string{m.clientSecret.reveal(), m.current.text.reveal()}
	if m.idToken != nil {
		all = append(all, m.idToken.last())
	}
	return all
}

// version counts the ID tokens: another may be another identity. The secret of an
// OAuth client stays the same.
func (m *minter) version() int {
	if m.idToken == nil {
		return 0
	}
	return m.idToken.version()
}

// secret holds a secret where printing by reflection does not reach it: fmt calls
// no methods on unexported fields, but it prints a func as an address.
type secret func() string

func newSecret(text string) secret { return func() string { return text } }

// reveal returns the text, or the empty string of a nil secret.
func (s secret) reveal() string {
	if s == nil {
		return ""
	}
	return s()
}
