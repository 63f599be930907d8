// SPDX-License-Identifier: MIT

// Package credential is the credential of the Tailscale API. It is a leaf: package
// config reads and checks one, and package tsapi uses it.
package credential

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Credential is what the Tailscale API is called with: an API access token, or
// an OAuth client (ID and secret), or a federated workload identity (client ID
// and ID token file). At most one kind is set. None is valid too: then only the local
// tailscaled is asked.
//
// Every printed form (fmt with any verb, slog, encoding/json) says only which
// kind it is.
type Credential struct {
	// APIKey is an API access token (tskey-api-...).
	APIKey string
	// OAuthClientID is the ID of the OAuth client or of the federated identity.
	OAuthClientID string
	// OAuthClientSecret is the secret of the OAuth client (tskey-client-...).
	OAuthClientSecret string
	// IDTokenFile is a file with a JWT of the identity provider. It is read
	// again when it changes.
	IDTokenFile string
}

// Kind is the kind of a credential, as people know it.
type Kind string

// The kinds of credential.
const (
	None        Kind = "none"
	APIKey      Kind = "API access token"
	OAuthClient Kind = "OAuth client"
	Federated   Kind = "federated identity"
)

// Kind returns the kind; it holds no secret.
func (c Credential) Kind() Kind {
	switch {
	case c.APIKey != "":
		return APIKey
	case c.IDTokenFile != "":
		return Federated
	case c.OAuthClientSecret != "" || c.OAuthClientID != "":
		return OAuthClient
	}
	return None
}

// IsZero reports that nothing is set.
func (c Credential) IsZero() bool { return c == Credential{} }

// String returns the kind in parentheses.
func (c Credential) String() string { return "(" + string(c.Kind()) + ")" }

// GoString keeps %#v from showing the fields.
func (c Credential) GoString() string { return "credential.Credential" + c.String() }

// Format answers every verb: without it %d, say, would print the fields.
func (c Credential) Format(f fmt.State, verb rune) {
	text := c.String()
	if verb == 'v' && f.Flag('#') {
		text = c.GoString()
	}
	// A formatter has nobody to report a failed write to; fmt does the same.
	_, _ = io.WriteString(f, text)
}

// LogValue keeps the fields out of logs.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON keeps the fields out of JSON.
func (c Credential) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }
