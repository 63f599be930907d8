// SPDX-License-Identifier: MIT

// Package manage is what an administrator does with the MCP servers behind the gateway:
// the verbs of `tailscale-mcp server`.
//
// The truth is in the files of the folder: a verb writes them, has systemd make and start
// what follows from them, and says what it did. The daemon follows the folder by itself, so
// that nothing here restarts it. What a server says is shown with what cannot be seen in it
// made visible, and nothing of it is believed before a person has said so.
package manage

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"time"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/look"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/process"
	"tailscale-mcp/internal/upstream/remote"
	"tailscale-mcp/internal/upstream/unit"
)

// Host is where the servers are.
type Host struct {
	// Dir is the folder of the entries, and NPM that of packages of npm.
	Dir, NPM string
	// States returns where a server keeps what is to stay.
	States func(server string) []string
	// Credentials are the folders where systemd looks for those of servers, each with one
	// beside it for what is encrypted; Handed are those of what it was given itself.
	Credentials, Handed []string
	// Systemd is nil where it does not run the servers, and where it cannot be asked.
	Systemd Systemd
	// Unconfined says that something else runs the servers, without a sandbox.
	Unconfined bool
	// Endings is where the gateway is told to end what is open with a server elsewhere.
	Endings string
	// Dial connects to what starts a server.
	Dial func(ctx context.Context, server string) (net.Conn, error)
	// Remote reaches the servers that run elsewhere.
	Remote remote.Client
	// URL returns where clients reach a server, and Grant what gives somebody its reads;
	// both are empty while tailscaled does not say how this host is called.
	URL, Grant func(ctx context.Context, server string) string
}

// Systemd is what is asked of the service manager.
type Systemd interface {
	// Reload has it read its configuration again, and so the units be made.
	Reload(ctx context.Context) error
	Start(ctx context.Context, unit string) error
	Stop(ctx context.Context, unit string) error
	// Version is what it says that it is, such as 252.39-1~deb12u1.
	Version(ctx context.Context) (string, error)
	// Features are what it was built with and without, such as "+PAM -BPF_FRAMEWORK".
	Features(ctx context.Context) (string, error)
	// Units returns the loaded units that match a pattern, with their states.
	Units(ctx context.Context, pattern string) ([]Unit, error)
	// Given is what a unit is given of credentials, which need not run.
	Given(ctx context.Context, unit string) (Given, error)
	// Install runs npm in a unit without privileges and leaves what it installed in a
	// folder, which is the root's from then on.
	Install(ctx context.Context, what Package) error
	// Denies reports whether addresses that a unit is to be denied are denied: systemd
	// takes IPAddressDeny= also where it cannot.
	Denies(ctx context.Context) (bool, error)
}

// Unit is one unit as systemd has it.
type Unit struct{ Name, Active, Sub string }

// Package is a package of npm, and where it goes.
type Package struct{ Server, Spec, Folder string }

// Person is who gives the orders.
type Person struct {
	In  *bufio.Reader
	Out io.Writer
	// Yes answers every question with yes; JSON asks none either, and has answers for programs.
	Yes, JSON bool
}

func (p Person) say(format string, args ...any) { fmt.Fprintf(p.Out, format, args...) }

// asked reports whether the person says yes.
func (p Person) asked(question string) (bool, error) {
	if p.Yes {
		return true, nil
	}
	p.say("%s [y/N] ", question)
	line, err := p.In.ReadString('\n')
	if err != nil && line == "" {
		p.say("\n")
		return false, cli.Hint(errors.New("nobody is there to answer"), "use --yes where nobody is asked")
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}

// encode prints a value for programs.
func (p Person) encode(v any) error {
	e := json.NewEncoder(p.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// lookTime bounds how long a server may take to be looked at.
const lookTime = 2 * time.Minute

// look starts a server, asks it what it offers, and ends it. It is told that its client can
// be asked all that its entry allows: some show other tools to one that cannot.
func (h Host) look(ctx context.Context, s entry.Server) (pin.Seen, process.Hello, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	name := s.Name
	p, err := process.Start(ctx, process.Options{
		Server: name, Link: h.Remote.To(s), Dial: func(ctx context.Context) (net.Conn, error) { return h.Dial(ctx, name) },
		ClientName: "tailscale-mcp", ClientVersion: "server", Heard: func(string, []byte) {}, Log: slog.New(slog.DiscardHandler),
		Offers: s.Offers(),
	})
	if err != nil {
		return pin.Seen{}, process.Hello{}, cli.Hint(err, h.remedy(s, err))
	}
	defer p.End(nil)
	seen, err := look.At(ctx, p)
	return seen, p.Hello(), err
}

// remedy is what to do about a server that did not start.
func (h Host) remedy(s entry.Server, err error) string {
	silent := errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED)
	switch {
	case silent && h.Systemd != nil && unit.Needed(s):
		return "nothing listens for it: sudo tailscale-mcp server apply"
	case !s.Stdio():
		return "the entry is " + s.File + "; tailscale-mcp-server(5) says what its keys mean"
	case silent && h.Systemd != nil:
		return "nothing listens for it: sudo tailscale-mcp server apply"
	case silent:
		return "nothing listens at that socket: have what runs the servers here do so, see WITHOUT SYSTEMD in tailscale-mcp-server(8)"
	case h.Systemd == nil:
		return "what runs the servers here has all that it wrote to stderr"
	}
	return "journalctl -t tailscale-mcp-" + s.Name + " has all that it wrote to stderr"
}

// entries are the files of the folder.
func (h Host) entries() ([]entry.File, error) {
	files, err := entry.Dir(h.Dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil, cli.Hint(err, "run it with sudo")
	}
	return files, err
}

// one returns the entry of a server, or why it cannot be used.
func (h Host) one(name string) (entry.Server, error) {
	files, err := h.entries()
	if err != nil {
		return entry.Server{}, err
	}
	var names []string
	for _, f := range files {
		if f.Name == name {
			if len(f.Mistakes) > 0 {
				return f.Server, cli.Hint(f.Mistakes, "correct them; tailscale-mcp server check "+name+" finds what is left")
			}
			return f.Server, nil
		}
		names = append(names, f.Name)
	}
	hint := "there is none yet: " + h.first()
	if len(names) > 0 {
		hint = "there are: " + strings.Join(names, ", ")
	}
	return entry.Server{}, cli.Hint(fmt.Errorf("there is no server %q in %s", name, h.Dir), hint)
}
