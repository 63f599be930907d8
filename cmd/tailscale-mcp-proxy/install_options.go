// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/install"
	"tailscale-mcp/internal/proxy/headers"
	"tailscale-mcp/internal/proxy/listed"
)

// installOptions is what the command line of either command says.
type installOptions struct {
	client     string
	server     string
	groups     list   // that the URL is to ask for
	text       string // as well
	name       string
	named      bool // by the person
	all        bool // servers of the host
	config     string
	printOnly  bool
	yes, force bool
	list       bool
	proxy      []string // behind --
	variables  []string // that those name
}

// arguments reads what is no option: the client, and what stands behind a "--".
func (opt *installOptions) arguments(c *cobra.Command, args []string) error {
	see := "see: " + c.CommandPath() + " --help"
	if at := c.ArgsLenAtDash(); at >= 0 {
		args, opt.proxy = args[:at], args[at:]
	}
	switch {
	case len(args) > 1:
		return cli.Misused(see, "unexpected argument %q", args[1])
	case len(args) == 1:
		opt.client = args[0]
	case c.Name() == "install":
		opt.list = true
	default:
		return cli.Misused("'tailscale-mcp-proxy install --list' names them", "no client given")
	}
	opt.named = c.Flags().Changed("name")
	switch {
	case !opt.all:
	case opt.client == "":
		return cli.Misused("'tailscale-mcp-proxy install --list' names them", "no client given")
	case opt.named, opt.text != "", len(opt.groups) > 0:
		return cli.Misused("enter that one by itself", "--all enters each server by its own name and as it is: --name, --groups and --text are for one")
	}
	if c.Name() == "uninstall" && opt.proxy != nil {
		return cli.Misused(see, "uninstall takes nothing behind --")
	}
	if err := install.CheckName(opt.name); err != nil {
		return cli.AsUsage(asHinted(err))
	}
	return nil
}

// entry is how the client shall start the proxy. The URL and the flags are
// read as the proxy itself will.
func (opt *installOptions) entry(command, home string, environ []string) (install.Entry, error) {
	var behind options
	switch err := cli.Parse(relayFlags(&behind), program, opt.proxy); {
	case errors.Is(err, pflag.ErrHelp):
		return install.Entry{}, cli.Misused("leave it out", "--help behind -- would only print the help")
	case err != nil:
		return install.Entry{}, err
	case behind.showVersion:
		return install.Entry{}, cli.Misused("leave it out", "--version behind -- would only print the version")
	case behind.serverURL != "":
		return install.Entry{}, cli.Misused("write it before the --", "--server behind -- would be there twice")
	}
	run, err := opt.run(environ)
	if err != nil {
		return install.Entry{}, err
	}
	if err := behind.absolute(home); err != nil {
		return install.Entry{}, err
	}
	if err := opt.ask(run.server); err != nil {
		return install.Entry{}, err
	}
	for _, pair := range behind.headerEnv.list {
		_, from, err := headers.From(pair)
		if err != nil {
			return install.Entry{}, err
		}
		opt.variables = append(opt.variables, from)
	}
	// An URL that has been read has no spaces left, which some clients break
	// arguments at.
	return install.Entry{Command: command, Args: append([]string{"--server", run.server.String()}, opt.proxy...)}, nil
}

// run returns the options of the relay that is to be entered.
func (opt *installOptions) run(environ []string) (*options, error) {
	var args []string
	if opt.server != "" {
		args = []string{"--server", opt.server}
	}
	return parse(append(args, opt.proxy...), environ)
}

// nameAfter names the entry e after its server, for a person who has not named it. Another
// server behind the gateway that has the name already is not taken for the same.
func (s setting) nameAfter(c install.Client, path string, e install.Entry) error {
	u, err := url.Parse(e.Server())
	if err != nil {
		return err // it was read before
	}
	s.opt.name = listed.NameOf(u)
	if s.opt.name == install.DefaultName || s.opt.force {
		return nil
	}
	have, err := c.Ours(path, s.self)
	if err != nil {
		return err
	}
	if was, there := have[s.opt.name]; there && !install.SameServer(was.Server(), e.Server()) {
		return cli.Hint(fmt.Errorf("%s already has a server %q, which is %s", path, s.opt.name, was.Server()), "choose another --name, or replace it with --force")
	}
	return nil
}

// groupName is the form of a group's name; the server knows which there are.
var groupName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// ask puts into the URL what the client shall ask the server for. What stands there
// already stays, unless it is given anew.
func (opt *installOptions) ask(server *url.URL) error {
	query := server.Query()
	for _, group := range opt.groups {
		if !groupName.MatchString(group) {
			return cli.Misused("they are names such as devices,policy; 'tailscale-mcp tools' on the server's host lists them", "--groups: %q is no group of tools", group)
		}
	}
	if len(opt.groups) > 0 {
		query.Set("groups", opt.groups.String())
	}
	switch opt.text {
	case "":
	case "short", "full":
		query.Set("text", opt.text)
	default:
		return cli.Misused("it is full or short", "--text: there is no text %q", opt.text)
	}
	if len(opt.groups) > 0 || opt.text != "" {
		server.RawQuery = strings.ReplaceAll(query.Encode(), "%2C", ",") // a comma needs no escape there
	}
	return nil
}

// absolute refuses a path that means another file where a client starts the
// proxy, which is in a folder of its own choice and without a shell.
func (opt *options) absolute(home string) error {
	for _, f := range []struct{ flag, path string }{
		{"--tailscaled-socket", opt.socket}, {"--header-file", opt.headerFile}, {"--log-file", opt.logFile},
	} {
		if f.path == "" || filepath.IsAbs(f.path) {
			continue
		}
		if rest, ok := strings.CutPrefix(f.path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
			return cli.Misused("write "+f.flag+" "+filepath.Join(home, rest), "%s: only a shell takes ~ for the home folder: %q", f.flag, f.path)
		}
		whole, err := filepath.Abs(f.path)
		if err != nil {
			return err
		}
		return cli.Misused("write "+f.flag+" "+whole, "%s: a client starts the proxy in another folder, where %q is another file", f.flag, f.path)
	}
	return nil
}
