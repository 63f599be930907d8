// SPDX-License-Identifier: MIT

package entry

import (
	"slices"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/grant"
)

// Server is one server as its entry describes it, defaults filled in.
type Server struct {
	Name string // that of the file
	File string // the path that it was read from

	// A server that is started: its program and what the program is given. Empty for
	// one that is reached by URL.
	Command string // an absolute path, or a name to look up in PATH
	Args    []string
	Env     map[string]string
	Cwd     string // absolute; empty: its home

	// A server that runs elsewhere.
	URL       string
	Transport Transport
	Headers   map[string]string
	CA        string // a file with the only authorities whose certificates hold; empty: those of the host

	Disabled bool // it stays unknown to everybody

	Network Network
	Read    []string // folders and files that it sees
	Write   []string // and those that it may change; they need User
	User    string   // the account that it runs under; empty: one of its own per process
	Groups  []string // groups it is in besides
	Shared  bool     // one process for all callers; else one per caller or session

	Idle    time.Duration // without a request for so long, the process ends
	Timeout time.Duration // of one call
	Max     int           // processes at the same time
	Memory  int64         // bytes, of one process and its children
	Tasks   int           // threads and processes, of one process and its children

	Identity bool          // it is told who calls
	Pass     []string      // capabilities whose values for the caller it is told
	Ask      []string      // what it may ask of the client besides elicitation
	Confirm  []grant.Class // classes that the person at the client confirms
	Allow    []grant.Class // classes that may be called at all
	Stateful bool          // a session is over when its process has ended

	places map[string]place // of what the host is asked about
}

// Offers are what the server may ask of a client that can be asked. One process for all
// callers asks nobody: whose answer it gets, it could not tell.
func (s Server) Offers() asking.Offers {
	if s.Shared {
		return asking.Offers{}
	}
	sampling, roots := slices.Contains(s.Ask, "sampling"), slices.Contains(s.Ask, "roots")
	return asking.Offers{
		Form: true, URL: true, Sampling: sampling, Tools: sampling, Context: sampling, Roots: roots, RootsChange: roots,
	}
}

// Transport is how a server that runs elsewhere is spoken to.
type Transport string

// The transports of MCP over HTTP.
const (
	Streamable Transport = "http" // Streamable HTTP
	SSE        Transport = "sse"  // HTTP with server-sent events, of 2024-11-05
)

// Stdio reports whether the server is a program that is started here.
func (s Server) Stdio() bool { return s.Command != "" }

// Defaults of an entry, and the bounds of what it may say.
const (
	defaultIdle    = 10 * time.Minute
	defaultTimeout = 5 * time.Minute
	defaultMax     = 32
	defaultMemory  = 512 << 20
	defaultTasks   = 64

	minIdle, maxIdle       = 10 * time.Second, 24 * time.Hour
	minTimeout, maxTimeout = time.Second, 24 * time.Hour
	maxMax                 = 128 // as many as the gateway runs in all
	minMemory, maxMemory   = 32 << 20, 1 << 40
	minTasks, maxTasks     = 16, 4096
	maxList                = 64  // elements of a list under "tailscale"
	maxArgs                = 512 // elements of args; members of env and of headers
)

// defaults is an entry that says nothing.
func defaults(name, file string) Server {
	return Server{
		Name: name, File: file, Transport: Streamable,
		Idle: defaultIdle, Timeout: defaultTimeout, Max: defaultMax, Memory: defaultMemory, Tasks: defaultTasks,
		Allow: grant.Classes(),
	}
}
