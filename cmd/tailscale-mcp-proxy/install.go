// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"tailscale-mcp/internal/install"
)

// installDetails is what the help of install says beside its flags.
const installDetails = `
It shows the change, asks, and keeps a copy of the file. Everything else in the
file stays as it is. PROXY FLAGS are what the client shall start the proxy with
besides --server, for example -- --tailscaled-socket PATH. Without CLIENT it
lists the clients; with --print it also names the documents that it goes by.
`

const uninstallDetails = `
It shows the change and asks. It takes out an entry that starts this proxy, and
leaves everything else in the file as it is. Copies from before stay, and it
names them.
`

// asHinted takes over the hint of a refusal.
func asHinted(err error) error {
	var r *install.Refusal
	if errors.As(err, &r) {
		return hinted(r.Hint, "%w", err)
	}
	return err
}

func runInstall(_ context.Context, s streams, args []string) error {
	return runEither("install", s, args, doInstall)
}

func runUninstall(_ context.Context, s streams, args []string) error {
	return runEither("uninstall", s, args, doUninstall)
}

// setting is what both commands start from.
type setting struct {
	opt     *installOptions
	environ []string
	here    install.System
	self    string
}

func runEither(command string, s streams, args []string, do func(setting, person) error) error {
	opt, err := parseInstall(command, args)
	if err != nil {
		return err
	}
	env := func(name string) string { return lookup(s.environ, name) }
	from := setting{opt: opt, environ: s.environ}
	if from.here, err = install.Here(env); err != nil {
		return usageError{err}
	}
	if from.self, err = install.Executable(os.Args[0], env("PATH")); err != nil {
		return usageError{err}
	}
	return do(from, person{s.in, s.out, s.err})
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

func doInstall(s setting, p person) error {
	if s.opt.list {
		return s.list(p.stdout)
	}
	c, path, err := s.client()
	if err != nil {
		return usageError{err}
	}
	e, err := s.opt.entry(s.self, s.here.Home, s.environ)
	if err != nil {
		return usageError{err}
	}
	if err := c.Check(s.here, e); err != nil {
		return usageError{asHinted(err)}
	}
	if install.Temporary(e.Command) {
		fmt.Fprintf(p.stderr, "warning: this program is in a temporary folder: %s\nhint: put it where it stays, and install from there\n", e.Command)
	}
	if s.opt.printOnly {
		return s.show(p.stdout, c, path, e)
	}
	plan, err := install.PlanInstall(c, path, s.opt.name, e, s.opt.force)
	if err != nil {
		return asHinted(err)
	}
	done, err := p.apply(plan, "Write", s.opt)
	if done {
		fmt.Fprintf(p.stdout, "next: %s\n", c.After)
		s.mention(p.stdout)
	}
	return err
}

func doUninstall(s setting, p person) error {
	c, path, err := s.client()
	if err != nil {
		return usageError{err}
	}
	plan, err := install.PlanUninstall(c, path, s.opt.name, s.self, s.opt.force)
	if err != nil {
		return asHinted(err)
	}
	done, err := p.apply(plan, "Remove", s.opt)
	if done {
		for _, copied := range plan.Copies() {
			fmt.Fprintf(p.stdout, "a copy from before stays: %s\n", copied)
		}
		fmt.Fprintf(p.stdout, "next: start %s again, which has the server until then\n", c.Product)
	}
	for _, name := range plan.Others {
		fmt.Fprintf(p.stdout, "server %q starts the proxy too: --name %s\n", name, name)
	}
	return err
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
	s.mention(w)
	for _, source := range c.Sources {
		fmt.Fprintf(w, "As documented at: %s\n", source)
	}
	return nil
}

// mention says what the entry needs that does not stand in it.
func (s setting) mention(w io.Writer) {
	for _, name := range s.opt.variables {
		fmt.Fprintf(w, "note: the client has to start the proxy with the variable %s, which --header-env names: set it under \"env\" in the entry, or where the client itself is started\n", name)
	}
}

// list prints the clients, what stands in their files, and where these are on
// this machine.
func (s setting) list(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range install.Clients() {
		path := c.File(s.here)
		shown := path
		if rest, ok := strings.CutPrefix(path, s.here.Home+string(filepath.Separator)); ok {
			shown = "~" + string(filepath.Separator) + rest
		}
		fmt.Fprintf(table, "%s\t%s\n\t%s\n", c.ID, c.State(path, s.opt.name, s.self), shown)
	}
	return table.Flush()
}
