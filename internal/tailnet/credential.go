// SPDX-License-Identifier: MIT

package tailnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// ErrNoCredential is returned by [New] when there is no credential at all: the
// daemon then offers only what the local tailscaled can answer.
var ErrNoCredential = errors.New("no Tailscale API credential is configured")

// Credential is what the Tailscale API is called with: an API access token, or
// an OAuth client (ID and secret), or a federated workload identity (client ID
// and ID token file). Exactly one kind is set, or none.
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

// kind names the sort of credential, as people know it.
type kind string

const (
	kindNone      kind = "none"
	kindAPIKey    kind = "API access token"
	kindOAuth     kind = "OAuth client"
	kindFederated kind = "federated identity"
)

func (c Credential) kind() kind {
	switch {
	case c.IDTokenFile != "":
		return kindFederated
	case c.OAuthClientSecret != "" || c.OAuthClientID != "":
		return kindOAuth
	case c.APIKey != "":
		return kindAPIKey
	}
	return kindNone
}

// IsZero reports that nothing is set.
func (c Credential) IsZero() bool { return c == Credential{} }

// validate checks that the fields are one usable credential. Its errors hold no
// value of a field.
func (c Credential) validate() error {
	const keepOne = ": keep one kind, an API access token, or an OAuth client, or an ID token file"
	switch {
	case c.IsZero():
		return ErrNoCredential
	case c.APIKey != "" && c.OAuthClientID != "":
		return errors.New("both an API access token and an OAuth client are set" + keepOne)
	case c.APIKey != "" && (c.OAuthClientSecret != "" || c.IDTokenFile != ""):
		return errors.New("an API access token and another credential are set" + keepOne)
	case c.OAuthClientSecret != "" && c.IDTokenFile != "":
		return errors.New("both an OAuth client secret and an ID token file are set" + keepOne)
	case c.APIKey == "" && c.OAuthClientID == "":
		return errors.New("the client ID that belongs to the OAuth client secret or the ID token file is not set")
	case c.APIKey == "" && c.OAuthClientSecret == "" && c.IDTokenFile == "":
		return errors.New("an OAuth client ID is set without its secret and without an ID token file")
	// The API answers both of these with a 403 that explains nothing.
	case strings.HasPrefix(c.APIKey, "tskey-client-"):
		return errors.New("the API access token is the secret of an OAuth client: set it as that, with the client's ID")
	case strings.HasPrefix(c.APIKey, "tskey-auth-"):
		return errors.New("the API access token is an auth key, which adds machines and cannot call the API")
	}
	for _, value := range []string{c.APIKey, c.OAuthClientID, c.OAuthClientSecret} {
		if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return errors.New("the credential holds a space, a control character or a character outside ASCII")
		}
	}
	return nil
}

// String returns the kind in parentheses.
func (c Credential) String() string { return "(" + string(c.kind()) + ", redacted)" }

// GoString keeps %#v from showing the fields.
func (c Credential) GoString() string { return "tailnet.Credential" + c.String() }

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
