// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"flag"
	"io"

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
}

func parseInstall(command string, args []string) (*installOptions, error) {
	opt := &installOptions{}
	see := "see: tailscale-mcp-proxy " + command + " --help"
	for i, arg := range args {
		if arg == "--" {
			args, opt.proxy = args[:i], args[i+1:]
			break
		}
	}
	fs := flag.NewFlagSet(command, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&opt.name, "name", install.DefaultName, "")
	fs.StringVar(&opt.config, "config", "", "")
	fs.BoolVar(&opt.printOnly, "print", false, "")
	fs.BoolVar(&opt.yes, "yes", false, "")
	fs.BoolVar(&opt.yes, "y", false, "")
	fs.BoolVar(&opt.force, "force", false, "")
	if command == "install" {
		fs.StringVar(&opt.server, "server", "", "")
		fs.BoolVar(&opt.list, "list", false, "")
	}
	var names []string
	for len(args) > 0 {
		if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, errHelp
		} else if err != nil {
			return nil, hinted(see, "%w", err)
		}
		if args = fs.Args(); len(args) > 0 {
			names, args = append(names, args[0]), args[1:]
		}
	}
	switch {
	case len(names) > 1:
		return nil, hinted(see, "unexpected argument %q", names[1])
	case len(names) == 1:
		opt.client = names[0]
	case command == "install":
		opt.list = true
	default:
		return nil, hinted("'tailscale-mcp-proxy install --list' names them", "no client given")
	}
	if command == "uninstall" && opt.proxy != nil {
		return nil, hinted(see, "uninstall takes nothing behind --")
	}
	return opt, asHinted(install.CheckName(opt.name))
}

// entry is how the client shall start the proxy. The URL and the flags are
// read as the proxy itself will.
func (opt *installOptions) entry(command string, environ []string) (install.Entry, error) {
	var args []string
	if opt.server != "" {
		args = []string{"--server", opt.server}
	}
	run, err := parse(append(args, opt.proxy...), environ)
	switch {
	case errors.Is(err, errHelp):
		return install.Entry{}, hinted("leave it out", "--help behind -- would only print the help")
	case err != nil:
		return install.Entry{}, err
	case run.showVersion:
		return install.Entry{}, hinted("leave it out", "--version behind -- would only print the version")
	}
	// An URL that has been read has no spaces left, which some clients break
	// arguments at.
	return install.Entry{Command: command, Args: append([]string{"--server", run.server.String()}, opt.proxy...)}, nil
}
