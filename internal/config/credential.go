// SPDX-License-Identifier: MIT

package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// Credential is what the Tailscale API is called with. At most one of the three
// kinds is set: an API access token, an OAuth client (ID and secret), or a
// federated workload identity (client ID and ID token file). None of them is
// valid too.
//
// Every printed form (fmt, slog, encoding/json) says only which kind it is.
type Credential struct {
	APIKey            string
	OAuthClientID     string
	OAuthClientSecret string
	IDTokenFile       string
}

// IsZero reports that there is no credential: only the tools that the local
// tailscaled can answer are offered.
func (c Credential) IsZero() bool { return c == Credential{} }

// Kind names the kind of credential for people; it holds no secret.
func (c Credential) Kind() string {
	switch {
	case c.APIKey != "":
		return "API access token"
	case c.OAuthClientSecret != "":
		return "OAuth client"
	case c.IDTokenFile != "":
		return "workload identity federation"
	case c.IsZero():
		return "none"
	default:
		return "incomplete"
	}
}

// String returns the kind in parentheses.
func (c Credential) String() string { return "(" + c.Kind() + ")" }

// GoString keeps %#v from showing the fields.
func (c Credential) GoString() string { return "config.Credential" + c.String() }

// Format answers every verb: without it %d, say, would print the fields.
func (c Credential) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, c.GoString())
		return
	}
	_, _ = io.WriteString(f, c.String())
}

// LogValue keeps the fields out of logs.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON keeps the fields out of JSON.
func (c Credential) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// maxCredential bounds a credential file: the longest real one is a JWT.
const maxCredential = 64 << 10

// credentialFile reads one of systemd's credentials; the empty string means that
// there is none. The error names the file and never holds its content.
func credentialFile(dir, name string) (string, error) {
	if dir == "" {
		return "", nil
	}
	path := filepath.Join(dir, name)
	file, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("opening credential: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxCredential+1))
	if err != nil {
		return "", fmt.Errorf("reading credential: %w", err)
	}
	if len(content) > maxCredential {
		return "", fmt.Errorf("reading credential: %s is larger than %d bytes", path, maxCredential)
	}
	return strings.TrimSpace(string(content)), nil
}

// credential checks that the four values are one usable credential. src says
// where each value came from, for the messages.
func (l *loader) credential(c Credential, src sources) Credential {
	const only = "keep one kind of credential: an API access token, an OAuth client, or an ID token file"
	const (
		key    = apiPrefix + "_API_KEY"
		id     = apiPrefix + "_OAUTH_CLIENT_ID"
		secret = apiPrefix + "_OAUTH_CLIENT_SECRET"
		token  = apiPrefix + "_ID_TOKEN_FILE"
	)
	before := len(l.problems)
	l.secretText(src.apiKey, c.APIKey)
	l.secretText(src.oauthClientSecret, c.OAuthClientSecret)

	if strings.HasPrefix(c.OAuthClientID, "tskey-") {
		l.add(id, "is a secret, not an ID", "move it to "+secret+"; the ID is shown beside it in the admin console")
	}
	switch {
	case strings.HasPrefix(c.APIKey, "tskey-auth-"):
		l.add(src.apiKey, "is an auth key, which adds machines and cannot call the API",
			"use an OAuth client or an API access token (tskey-api-...)")
	case strings.HasPrefix(c.APIKey, "tskey-client-"):
		l.add(src.apiKey, "is the secret of an OAuth client",
			"move it to "+secret+" and set "+id)
	}
	switch {
	case c.APIKey != "" && c.OAuthClientSecret != "":
		l.add(src.apiKey, "contradicts "+src.oauthClientSecret, only)
	case c.APIKey != "" && c.IDTokenFile != "":
		l.add(src.apiKey, "contradicts "+token, only)
	case c.OAuthClientSecret != "" && c.IDTokenFile != "":
		l.add(src.oauthClientSecret, "contradicts "+token, only)
	case c.APIKey != "" && c.OAuthClientID != "":
		l.add(src.apiKey, "contradicts "+id, only)
	case c.OAuthClientID == "" && c.OAuthClientSecret != "":
		l.add(src.oauthClientSecret, "is set without "+id,
			"set "+id+" to the client's ID (shown beside it in the admin console)")
	case c.OAuthClientID == "" && c.IDTokenFile != "":
		l.add(token, "is set without "+id,
			"set "+id+" to the client ID of the federated identity")
	case c.OAuthClientID != "" && c.OAuthClientSecret == "" && c.IDTokenFile == "":
		l.add(id, "is set without a secret",
			"set "+secret+", or the systemd credential "+CredentialOAuthClientSecret+", or "+token)
	}
	if c.IDTokenFile != "" && !filepath.IsAbs(c.IDTokenFile) {
		l.addValue(token, c.IDTokenFile, "is not an absolute path", "write the whole path, beginning with /")
	}
	l.plainText(id, c.OAuthClientID)
	if len(l.problems) > before {
		return Credential{}
	}
	return c
}
