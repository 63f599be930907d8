// SPDX-License-Identifier: MIT

package config

import (
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"

	"tailscale-mcp/internal/cli/spelling"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tsapi/credential"
)

// Config is the validated configuration. It is safe to print: the credential
// hides itself.
type Config struct {
	Tailnet    string                // tailnet of the credential; "-" is the credential's own
	Credential credential.Credential // how the Tailscale API is called; zero: not at all
	APIURL     *url.URL              // scheme and host of the Tailscale API, without a path

	Port             uint16        // TCP port when the service binds by itself; 1 to 65535
	TailscaledSocket string        // LocalAPI socket; empty: the platform's usual place
	Capability       string        // app capability whose grants count
	Allow            []grant.Class // classes this host offers, in the order of grant.Classes; never empty
	Groups           []string      // groups of tools this host offers, by name; nil: all
	AllowSelf        bool          // callers from this very node are accepted
	ConfirmByPerson  bool          // clients that cannot ask their person are refused what can do harm
	Hostnames        []string      // further DNS names accepted in Host, lower case, no trailing dot
	Limits           Limits        // what one caller may use at once
	LogLevel         slog.Level
	AuditFile        string // where the audit is kept; empty: nowhere, and nothing is changed

	Servers           string // folder with the entries of the servers behind this one
	ServersUnconfined bool   // something else than systemd runs them, beside their entries

	// Warnings are for the log at start: names that look like ours, misspelt, but
	// may belong to another program.
	Warnings []string
}

// Limits are what one caller may use; the meaning is front.Limits'.
type Limits struct {
	Connections, Calls, Streams int
	Rate                        int // requests per second
	APIRate                     int // requests to the Tailscale API per minute
}

// Load reads the environment of this process and systemd's credentials. groups are the
// groups of tools that there are; of none, their names are not checked. Its
// error is an [*Error] with everything that is wrong.
func Load(groups ...string) (Config, error) {
	var l loader
	var api apiVariables
	var server serverVariables
	// Strings cannot fail to convert: an error here is a mistake in variables.go.
	if err := read(apiPrefix, &api); err != nil {
		return Config{}, err
	}
	if err := read(serverPrefix, &server); err != nil {
		return Config{}, err
	}
	read, src := l.readCredential(api)
	environ := os.Environ()
	l.unknownNames(environ)

	c := Config{
		Tailnet:          l.tailnet(apiPrefix+"_TAILNET", api.Tailnet),
		Credential:       l.credential(read, src),
		APIURL:           l.apiURL(apiPrefix+"_API_URL", api.APIUrl),
		Port:             l.port(serverPrefix+"_PORT", server.Port),
		TailscaledSocket: l.socket(serverPrefix+"_TAILSCALED_SOCKET", server.TailscaledSocket),
		Capability:       l.capability(serverPrefix+"_CAPABILITY", server.Capability),
		Allow:            l.classes(serverPrefix+"_ALLOW", server.Allow),
		Groups:           l.groups(serverPrefix+"_GROUPS", server.Groups, groups),
		AllowSelf:        l.boolean(serverPrefix+"_ALLOW_SELF", server.AllowSelf),
		ConfirmByPerson:  l.confirm(serverPrefix+"_CONFIRM", server.Confirm),
		Hostnames:        l.hostnames(serverPrefix+"_HOSTNAMES", server.Hostnames),
		Limits: Limits{
			Connections: l.number(serverPrefix+"_MAX_CONNECTIONS", server.MaxConnections, 8, 512),
			Calls:       l.number(serverPrefix+"_MAX_CALLS", server.MaxCalls, 4, 1024),
			Streams:     l.number(serverPrefix+"_MAX_STREAMS", server.MaxStreams, 2, 512),
			Rate:        l.number(serverPrefix+"_MAX_RATE", server.MaxRate, 5, 10_000),
			APIRate:     l.number(serverPrefix+"_MAX_API_RATE", server.MaxAPIRate, 30, 100_000),
		},
		AuditFile:         l.auditFile(serverPrefix+"_AUDIT_FILE", server.AuditFile),
		Servers:           l.folder(serverPrefix+"_SERVERS", server.Servers),
		ServersUnconfined: l.boolean(serverPrefix+"_SERVERS_UNCONFINED", server.ServersUnconfined),
		LogLevel:          l.level(serverPrefix+"_LOG_LEVEL", server.LogLevel),
		Warnings:          nearMisses(environ),
	}
	if len(l.problems) > 0 {
		return Config{}, &Error{Problems: l.problems}
	}
	return c, nil
}

// credentialSource is how a systemd credential is named where a variable could
// have the value too.
const credentialSource = "systemd credential "

// sources says under which name each secret was found.
type sources struct{ apiKey, oauthClientSecret string }

// readCredential lets systemd's credential files win over the environment.
func (l *loader) readCredential(api apiVariables) (credential.Credential, sources) {
	c := credential.Credential{
		APIKey:            api.APIKey,
		OAuthClientID:     api.OauthClientID,
		OAuthClientSecret: api.OauthClientSecret,
		IDTokenFile:       api.IDTokenFile,
	}
	src := sources{apiPrefix + "_API_KEY", apiPrefix + "_OAUTH_CLIENT_SECRET"}
	dir := os.Getenv("CREDENTIALS_DIRECTORY") // systemd.exec(5)
	for _, file := range []struct {
		name    string
		value   *string
		foundIn *string
	}{
		{CredentialAPIKey, &c.APIKey, &src.apiKey},
		{CredentialOAuthClientSecret, &c.OAuthClientSecret, &src.oauthClientSecret},
	} {
		if *file.value != "" { // remembered even if the file wins: it stays a secret
			l.secrets = append(l.secrets, *file.value)
		}
		value, err := credentialFile(dir, file.name)
		if err != nil {
			l.add(credentialSource+file.name, "cannot be read ("+err.Error()+")",
				"check LoadCredential= in: systemctl cat tailscale-mcp.service")
			continue
		}
		if value != "" {
			*file.value, *file.foundIn = value, credentialSource+file.name
			l.secrets = append(l.secrets, value)
		}
	}
	return c, src
}

// nearMisses finds TAILSCALE_* names that differ from one of ours by a letter or
// two. They may belong to another program, so they are no reason to stop; but a
// misspelt credential would silently leave only the local tools.
func nearMisses(environ []string) []string {
	known := names()
	var warnings []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, apiPrefix+"_") || strings.HasPrefix(name, serverPrefix+"_") || slices.Contains(known, name) {
			continue
		}
		if meant := nearest(name, known); meant != "" && spelling.Distance(name, meant) <= 2 {
			warnings = append(warnings, printable(name)+" is not read by tailscale-mcp: did you mean "+meant+"?")
		}
	}
	return warnings
}
