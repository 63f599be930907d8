// SPDX-License-Identifier: MIT

package config

import (
	"reflect"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

const (
	// File is where the unit reads its environment from.
	File = "/etc/tailscale-mcp.env"

	apiPrefix    = "TAILSCALE"
	serverPrefix = "TAILSCALE_MCP"
)

// Names of the systemd credentials (systemd.exec(5), LoadCredential=): files in
// $CREDENTIALS_DIRECTORY, which the shipped unit fills from /etc/credstore.
const (
	CredentialAPIKey            = "tailscale-mcp.api-key"
	CredentialOAuthClientSecret = "tailscale-mcp.oauth-client-secret"
)

// The two structs below list every variable. All fields are plain strings on
// purpose: envconfig stops at the first value it cannot convert and quotes it,
// and what it quotes may be a secret. The conversions are in parse.go.
//
// Tags: default and desc are envconfig's; secret marks a value that is never
// shown; credential names the systemd credential that wins over the variable.
// There are no `envconfig:"NAME"` tags: with one, envconfig also accepts NAME
// without the prefix.

// apiVariables reach the Tailscale API. Their names are those of other Tailscale
// programs, so an unknown TAILSCALE_* name is none of our business.
type apiVariables struct {
	Tailnet           string `split_words:"true" default:"-" desc:"Tailnet the API credential belongs to; - means the credential's own."`
	APIKey            string `split_words:"true" secret:"true" credential:"tailscale-mcp.api-key" desc:"API access token (tskey-api-...). Acts with all the rights of the person who made it and expires after 90 days at most: prefer an OAuth client. Without any API credential the server starts and offers the tools that the local tailscaled can answer."`
	OauthClientID     string `split_words:"true" desc:"ID of an OAuth client (scoped, does not expire; preferred), or of the federated identity that TAILSCALE_ID_TOKEN_FILE is for."`
	OauthClientSecret string `split_words:"true" secret:"true" credential:"tailscale-mcp.oauth-client-secret" desc:"Secret of the OAuth client (tskey-client-...)."`
	IDTokenFile       string `split_words:"true" desc:"Absolute path of a file with the JWT of a workload identity federation, used with TAILSCALE_OAUTH_CLIENT_ID. It is read again when it changes."`
	APIUrl            string `split_words:"true" default:"https://api.tailscale.com" desc:"Address of the Tailscale API."`
}

// serverVariables are this server's own.
type serverVariables struct {
	Port              string `split_words:"true" default:"8080" desc:"TCP port on the Tailscale addresses of this host, when the service binds by itself. A socket from systemd has its own port: change that with 'systemctl edit tailscale-mcp.socket'."`
	TailscaledSocket  string `split_words:"true" desc:"Absolute path of tailscaled's LocalAPI socket. Unset means the platform's usual place, on Linux /var/run/tailscale/tailscaled.sock."`
	Capability        string `split_words:"true" default:"jaxxstorm.com/cap/mcp" desc:"Name of the app capability that grants in the tailnet policy file give to callers of this server."`
	Allow             string `split_words:"true" default:"read" desc:"Classes of tools that this host offers at all, whatever grants say: a comma-separated list of read, write, destructive and escalating."`
	Groups            string `split_words:"true" default:"all" desc:"Groups of tools that this host offers, whatever grants say: all, or a comma-separated list such as devices,users,policy. One with a minus before it is left out: -posture,-oauth is all but these. whoami is always offered. 'tailscale-mcp tools' lists the groups. A client may ask for fewer, see Fewer tools in the documentation."`
	AllowSelf         string `split_words:"true" default:"false" desc:"Accept callers from this very host. Any local account that dials the host's own Tailscale address would then act as the host's owner or tag, and so would whoever reaches it through something that this host forwards, such as tailscale funnel: true or false."`
	Confirm           string `split_words:"true" default:"code" desc:"How a change by a destructive or escalating tool is confirmed where the client cannot ask its person: code, by the code that a refusal hands out, which a model can repeat without asking anybody; or person, not at all: such a client is refused."`
	Hostnames         string `split_words:"true" desc:"Further DNS names of this server, comma-separated. Requests are accepted for the host's Tailscale addresses and MagicDNS name, and for these."`
	MaxConnections    string `split_words:"true" default:"128" desc:"Connections that one caller (a node with its user or tags) may have open at once, from 8 on. Without any grant it is 8."`
	MaxCalls          string `split_words:"true" default:"64" desc:"Calls that one caller may have in flight at once, from 4 on; ping_peer, run_netcheck and reading logs count as several, and answers to questions of servers behind this one are taken beyond them. Without any grant it is 4."`
	MaxStreams        string `split_words:"true" default:"64" desc:"Streams that one caller may keep open at once, from 2 on. Without any grant it is 2."`
	MaxRate           string `split_words:"true" default:"50" desc:"Requests that one caller may make per second, on average, from 5 on; four times as many may come at once. Without any grant it is 5. What is over one of these limits is answered with status 429 and rate_limited, and nobody else notices."`
	MaxAPIRate        string `split_words:"true" default:"120" desc:"Requests to the Tailscale API that one caller may cause per minute, from 30 on; a third of them may come at once, and a change that begins counts as one. The API has limits of its own for the tailnet, and all callers share them."`
	AuditFile         string `split_words:"true" desc:"Absolute path of the file that the audit is kept in, and beside it its older files and its key, 256 MiB at most. The folder belongs to this program alone. Unset means audit.jsonl in the folder that the unit has for logs, /var/log/tailscale-mcp; any other needs ReadWritePaths= in a drop-in of the unit. Without either, no tool that changes something is offered, and a change whose record is not on disk is refused."`
	Servers           string `split_words:"true" default:"/etc/tailscale-mcp/servers.d" desc:"Absolute path of the folder with the entries of the MCP servers behind this one, see tailscale-mcp-server(8). It is followed: what is added, approved or removed there needs no restart."`
	ServersUnconfined string `split_words:"true" default:"false" desc:"Something else than systemd runs the servers behind this one, without a sandbox: each is reached at NAME.sock in the folder of its entry. For containers and tests: true or false."`
	LogLevel          string `split_words:"true" default:"info" desc:"How much is logged: debug, info, warn or error. The audit records do not depend on it."`
}

// Variable is the reference entry of one environment variable.
type Variable struct {
	Name        string // as it is written in the environment
	Default     string // what an unset or empty variable means; empty if there is none
	Description string // one paragraph of plain text
	Secret      bool   // the value is never shown
	Credential  string // the systemd credential that wins over it, or empty
}

// Reference lists every variable in the order in which it is documented. The
// table of packaging/doc/configuration.md and the shipped environment file are made from it.
func Reference() []Variable {
	return append(describe(apiPrefix, new(apiVariables)), describe(serverPrefix, new(serverVariables))...)
}

// describe has envconfig itself say which names it reads for spec, so that the
// documentation cannot name another variable than the program.
func describe(prefix string, spec any) []Variable {
	var names strings.Builder
	// The format is constant and the writer cannot fail.
	if err := envconfig.Usagef(prefix, spec, &names, "{{range .}}{{usage_key .}}\n{{end}}"); err != nil {
		panic("config: " + err.Error())
	}
	fields := reflect.TypeOf(spec).Elem()
	var list []Variable
	for i, name := range strings.Fields(names.String()) {
		tag := fields.Field(i).Tag
		list = append(list, Variable{
			Name:        name,
			Default:     tag.Get("default"),
			Description: tag.Get("desc"),
			Secret:      tag.Get("secret") == "true",
			Credential:  tag.Get("credential"),
		})
	}
	return list
}

// read fills spec from the environment. An empty value means unset, for which
// envconfig would not apply the default.
func read(prefix string, spec any) error {
	if err := envconfig.Process(prefix, spec); err != nil {
		return err
	}
	fields := reflect.ValueOf(spec).Elem()
	for i := range fields.NumField() {
		field := fields.Field(i)
		value := strings.TrimSpace(field.String())
		if value == "" {
			value = fields.Type().Field(i).Tag.Get("default")
		}
		field.SetString(value)
	}
	return nil
}
