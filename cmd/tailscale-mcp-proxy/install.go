// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"tailscale-mcp/internal/install"
)

const installUsage = `tailscale-mcp-proxy install enters the proxy in the configuration of a client.

Usage:
  tailscale-mcp-proxy install CLIENT --server URL [flags] [-- PROXY FLAGS]
  tailscale-mcp-proxy install --list

It shows the change, asks, and keeps a copy of the file. Everything else in the
file stays as it is. PROXY FLAGS are what the client shall start the proxy with
besides --server, for example -- --tailscaled-socket PATH.

Flags:
  --server URL   the server's MCP endpoint (or MCP_SERVER)
  --name NAME    what the server is called in the client (default "tailscale")
  --config FILE  the client's configuration file, when not the usual one
  --print        print the entry and where it goes, and change nothing
  -y, --yes      do not ask
  --force        replace another server of that name
  --list         list the clients, their files and what says so
  -h, --help     print this

Exit codes:
  0  the server is entered, or was already
  1  nothing was changed
  2  the command line or the environment is wrong
`

const uninstallUsage = `tailscale-mcp-proxy uninstall undoes what install has done.

Usage:
  tailscale-mcp-proxy uninstall CLIENT [flags]

It shows the change and asks. It takes out an entry that starts this proxy, and
leaves everything else in the file as it is.

Flags:
  --name NAME    what the server is called in the client (default "tailscale")
  --config FILE  the client's configuration file, when not the usual one
  --print        print the change, and make none
  -y, --yes      do not ask
  --force        remove another server of that name
  -h, --help     print this

Exit codes:
  0  the server is taken out, or was not there
  1  nothing was changed
  2  the command line or the environment is wrong
`

// asHinted takes over the hint of a refusal.
func asHinted(err error) error {
	var r *install.Refusal
	if errors.As(err, &r) {
		return hinted(r.Hint, "%w", err)
	}
	return err
}

func runInstall(args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runEither("install", installUsage, args, environ, person{stdin, stdout, stderr}, doInstall)
}

func runUninstall(args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runEither("uninstall", uninstallUsage, args, environ, person{stdin, stdout, stderr}, doUninstall)
}

// setting is what both commands start from.
type setting struct {
	opt     *installOptions
	environ []string
	here    install.System
	self    string
}

func runEither(command, usage string, args, environ []string, p person, do func(setting, person) (code int, err error)) int {
	opt, err := parseInstall(command, args)
	if errors.Is(err, errHelp) {
		_, _ = io.WriteString(p.stdout, usage)
		return exitEnded
	}
	code := exitUsage
	if err == nil {
		env := func(name string) string { return lookup(environ, name) }
		s := setting{opt: opt, environ: environ}
		if s.here, err = install.Here(env); err == nil {
			if s.self, err = install.Executable(os.Args[0], env("PATH")); err == nil {
				code, err = do(s, p)
			}
		}
	}
	if err != nil {
		complain(p.stderr, err)
		return code
	}
	return exitEnded
}

// client is the client named and its file.
func (s setting) client() (install.Client, string, error) {
	c, err := install.Find(s.opt.client)
	if err != nil {
		return c, "", asHinted(err)
	}
	if s.opt.config != "" {
		return c, s.opt.config, nil
	}
	return c, c.File(s.here), nil
}

func doInstall(s setting, p person) (int, error) {
	if s.opt.list {
		return exitIO, s.list(p.stdout)
	}
	c, path, err := s.client()
	if err != nil {
		return exitUsage, err
	}
	e, err := s.opt.entry(s.self, s.environ)
	if err != nil {
		return exitUsage, err
	}
	if err := c.Check(s.here, e); err != nil {
		return exitUsage, asHinted(err)
	}
	if install.Temporary(e.Command) {
		fmt.Fprintf(p.stderr, "warning: this program is in a temporary folder: %s\nhint: put it where it stays, and install from there\n", e.Command)
	}
	if s.opt.printOnly {
		return exitIO, s.show(p.stdout, c, path, e)
	}
	plan, err := install.PlanInstall(c, path, s.opt.name, e, s.opt.force)
	if err != nil {
		return exitIO, asHinted(err)
	}
	done, err := p.apply(plan, s.opt)
	if done {
		fmt.Fprintf(p.stdout, "next: %s\n", c.After)
	}
	return exitIO, err
}

func doUninstall(s setting, p person) (int, error) {
	c, path, err := s.client()
	if err != nil {
		return exitUsage, err
	}
	plan, err := install.PlanUninstall(c, path, s.opt.name, s.self, s.opt.force)
	if err != nil {
		return exitIO, asHinted(err)
	}
	_, err = p.apply(plan, s.opt)
	for _, name := range plan.Others {
		fmt.Fprintf(p.stdout, "server %q starts the proxy too: --name %s\n", name, name)
	}
	return exitIO, err
}

// show prints what a person has to enter and where.
func (s setting) show(w io.Writer, c install.Client, path string, e install.Entry) error {
	text, err := c.Snippet(s.opt.name, e)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Put this into %s:\n\n%s\n", path, text)
	if command := c.Command(s.here, s.opt.name, e); command != "" {
		fmt.Fprintf(w, "Or run:\n\n%s\n\n", command)
	}
	fmt.Fprintf(w, "Then: %s\n", c.After)
	return nil
}

// list prints the clients, where their files are on this machine, what stands
// there, and the documents that say so.
func (s setting) list(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLIENT\tSTATE\tFILE\tSOURCE")
	for _, c := range install.Clients() {
		path := c.File(s.here)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", c.ID, c.State(path, s.opt.name, s.self), path, c.Sources[0])
	}
	return table.Flush()
}
