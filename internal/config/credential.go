// SPDX-License-Identifier: MIT

package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"tailscale-mcp/internal/credfile"
	"tailscale-mcp/internal/tsapi/credential"
)

// credentialFile reads one of systemd's credentials; the empty string means that
// there is none.
func credentialFile(dir, name string) (string, error) {
	text, err := credfile.Read(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(text), err // no key has blanks around it
}

// credential checks that the four values are one usable credential. src says
// where each value came from, for the messages.
func (l *loader) credential(c credential.Credential, src sources) credential.Credential {
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
		return credential.Credential{}
	}
	return c
}
