// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tailscale-mcp/internal/install"
)

// installOptions is what the command line of either command says.
type installOptions struct {
	client     string
	server     string
	name       string
	config     string
	printOnly  bool
	yes, force bool
	list       bool
	proxy      []string // behind --
	variables  []string // that those name
}

// installFlags are the flags of install or uninstall, which set opt.
func installFlags(command string, opt *installOptions) *flag.FlagSet {
	flags := newFlags(command)
	if command == "install" {
		flags.StringVar(&opt.server, "server", "", "`URL` the server's MCP endpoint (or MCP_SERVER)")
		flags.BoolVar(&opt.list, "list", false, "list the clients and their files")
	}
	flags.StringVar(&opt.name, "name", install.DefaultName, "`NAME` what the server is called in the client (default\n"+install.DefaultName+")")
	flags.StringVar(&opt.config, "config", "", "`FILE` the client's configuration file, when not the\nusual one")
	flags.BoolVar(&opt.printOnly, "print", false, map[string]string{"install": "only print what to enter and where", "uninstall": "only print what would be changed"}[command])
	for _, name := range []string{"y", "yes"} {
		flags.BoolVar(&opt.yes, name, false, "do not ask")
	}
	flags.BoolVar(&opt.force, "force", false, map[string]string{"install": "replace another server of that name", "uninstall": "remove another server of that name"}[command])
	return flags
}

func parseInstall(command string, args []string) (*installOptions, error) {
	opt := &installOptions{}
	see := seeHelp(command)
	if i := slices.Index(args, "--"); i >= 0 {
		args, opt.proxy = args[:i], args[i+1:]
	}
	names, err := parseFlags(installFlags(command, opt), args)
	if err != nil {
		return nil, err
	}
	switch {
	case len(names) > 1:
		return nil, misused(see, "unexpected argument %q", names[1])
	case len(names) == 1:
		opt.client = names[0]
	case command == "install":
		opt.list = true
	default:
		return nil, misused("'tailscale-mcp-proxy install --list' names them", "no client given")
	}
	if command == "uninstall" && opt.proxy != nil {
		return nil, misused(see, "uninstall takes nothing behind --")
	}
	if err := install.CheckName(opt.name); err != nil {
		return nil, usageError{asHinted(err)}
	}
	return opt, nil
}

// entry is how the client shall start the proxy. The URL and the flags are
// read as the proxy itself will.
func (opt *installOptions) entry(command, home string, environ []string) (install.Entry, error) {
	var behind options
	switch _, err := parseFlags(relayFlags(&behind), opt.proxy); {
	case errors.Is(err, flag.ErrHelp):
		return install.Entry{}, misused("leave it out", "--help behind -- would only print the help")
	case err != nil:
		return install.Entry{}, err
	case behind.showVersion:
		return install.Entry{}, misused("leave it out", "--version behind -- would only print the version")
	case behind.serverURL != "":
		return install.Entry{}, misused("write it before the --", "--server behind -- would be there twice")
	}
	var args []string
	if opt.server != "" {
		args = []string{"--server", opt.server}
	}
	run, err := parse(append(args, opt.proxy...), environ)
	if err != nil {
		return install.Entry{}, err
	}
	if err := behind.absolute(home); err != nil {
		return install.Entry{}, err
	}
	for _, pair := range behind.headerEnv {
		_, from, err := headerFrom(pair)
		if err != nil {
			return install.Entry{}, err
		}
		opt.variables = append(opt.variables, from)
	}
	// An URL that has been read has no spaces left, which some clients break
	// arguments at.
	return install.Entry{Command: command, Args: append([]string{"--server", run.server.String()}, opt.proxy...)}, nil
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
			return misused("write "+f.flag+" "+filepath.Join(home, rest), "%s: only a shell takes ~ for the home folder: %q", f.flag, f.path)
		}
		whole, err := filepath.Abs(f.path)
		if err != nil {
			return err
		}
		return misused("write "+f.flag+" "+whole, "%s: a client starts the proxy in another folder, where %q is another file", f.flag, f.path)
	}
	return nil
}
