// SPDX-License-Identifier: MIT

// Package token has an access token for each request to the Tailscale API: it keeps one
// that is good, and exchanges the credential for the next before it ends.
//
// An API access token is one itself and never changes. An OAuth client gives its secret,
// and a federated identity the ID token that something else keeps in a file, for tokens
// that last an hour. No secret is in what this package prints, by whatever verb, nor in
// its errors, which are those of package fault without an operation.
//
// Besides fault it imports failure, flight, tsapi/credential and tsapi/scope. It keeps the token of
// now, and the ID token last read, in memory only.
package token

import (
	"context"
	"time"

	"tailscale-mcp/internal/tsapi/scope"
)

// Token is an access token and what is known about it. The zero value is none.
type Token struct {
	text    secret
	expires time.Time // zero: not known, as for an API access token
	scopes  scope.Set // what the API said was granted; nil: not known
}

// IsZero reports whether there is no token.
func (t Token) IsZero() bool { return t.text == nil }

// Text returns the token as it is sent.
func (t Token) Text() string { return t.text.reveal() }

// Scopes are what the API said that the token is for; nil when that is not known.
func (t Token) Scopes() scope.Set { return t.scopes }

// Source supplies the access token of each request.
type Source interface {
	// Token returns a token that is good now, getting one when it has to. Its
	// errors are *fault.Error without an operation.
	Token(ctx context.Context) (Token, error)
	// Refused is told that the API answered 401 to t. It reports whether another
	// token may be had, so that trying again makes sense.
	Refused(t Token) bool
	// Secrets lists everything that no message may hold.
	Secrets() []string
	// Version tells the credentials apart that have been here while the program
	// runs: what was read with one is no answer to whoever asks with the next.
	Version() int
}

// fixedToken is an API access token: it never changes.
type fixedToken struct{ tok Token }

func (f fixedToken) Token(context.Context) (Token, error) { return f.tok, nil }
func (f fixedToken) Refused(Token) bool                   { return false }
func (f fixedToken) Secrets() []string                    { return []string{f.tok.text.reveal()} }
func (f fixedToken) Version() int                         { return 0 }

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
