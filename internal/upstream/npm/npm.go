// SPDX-License-Identifier: MIT

// Package npm reads what npx would run. npx asks a registry and writes a cache at every
// start, which a server in its sandbox cannot and should not: the package is installed
// once, by an administrator, and its program is started from there.
//
// The package starts nothing and reads one file. What it does not understand of a
// command line is an error, never passed over.
package npm

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"
)

// Folder is where packages are installed, a folder for each server. It is root's, and
// servers see their own only.
const Folder = "/var/lib/tailscale-mcp-npm"

// Run is what a command line of npx or npm exec runs.
type Run struct {
	Package string   // its name, with the scope
	Version string   // as the command line has it; empty: whatever is newest
	Program string   // which of its programs; empty: the one that npx would take
	Args    []string // what the program is given
}

var (
	packageName = pattern(`^(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*$`)
	exact       = pattern(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
	tagOrRange  = pattern(`^[0-9A-Za-z.^~<>=*| +-]{1,64}$`)
)

// pattern is a regular expression that is compiled when it is needed first: the launcher
// starts anew for each process of a server; few run npx.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// Pinned reports whether the same version would be installed tomorrow.
func (r Run) Pinned() bool { return exact().MatchString(r.Version) }

// Parse reads a command line; ok tells that it is one of npx or npm exec.
func Parse(command string, args []string) (r Run, ok bool, err error) {
	switch base := path.Base(command); {
	case base == "npx":
	case base == "npm" && len(args) > 0 && (args[0] == "exec" || args[0] == "x"):
		args = args[1:]
	default:
		return Run{}, false, nil
	}
	spec := ""
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		option, value, joined := strings.Cut(args[0], "=")
		args = args[1:]
		switch option {
		case "--":
			return finish(spec, args)
		case "-y", "--yes", "-q", "--quiet", "--no", "--no-install", "--offline", "--prefer-offline":
			continue // about asking and fetching, which is over by then
		case "-p", "--package":
			if !joined {
				if len(args) == 0 {
					return Run{}, true, fmt.Errorf("%s names no package", option)
				}
				value, args = args[0], args[1:]
			}
			if spec != "" {
				return Run{}, true, errors.New("it names two packages: give one")
			}
			spec = value
		default:
			return Run{}, true, fmt.Errorf("the option %.40q of npx is not understood here: leave it out, or install the server by hand and name its program", option)
		}
	}
	return finish(spec, args)
}

// finish reads what follows the options.
func finish(spec string, args []string) (Run, bool, error) {
	if len(args) == 0 {
		return Run{}, true, errors.New("it names nothing to run: write npx -y PACKAGE@VERSION")
	}
	r := Run{Args: args[1:]}
	if spec == "" {
		spec = args[0]
	} else {
		r.Program = args[0]
	}
	if i := strings.LastIndexByte(spec, '@'); i > 0 {
		spec, r.Version = spec[:i], spec[i+1:]
	}
	r.Package = spec
	if !packageName().MatchString(spec) || len(spec) > 214 || r.Version != "" && !tagOrRange().MatchString(r.Version) {
		return Run{}, true, errors.New("this is no package of the registry: write NAME@VERSION, or install the server by hand and name its program")
	}
	return r, true, nil
}
