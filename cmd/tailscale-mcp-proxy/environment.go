// SPDX-License-Identifier: MIT

package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"tailscale-mcp/internal/cli"
)

// serverVariable stands for --server, variablePrefix and the name of a flag,
// as variable has it, for the others. A client's configuration may pass the
// environment where it has no place for arguments.
const (
	serverVariable = "MCP_SERVER"
	variablePrefix = "TAILSCALE_MCP_PROXY_"
)

// variable is the environment variable of the same meaning as a flag; "" when
// there is none.
func variable(flag string) string {
	switch {
	case flag == "server":
		return serverVariable
	case flag == "version", flag == "json", flag == "help":
		return ""
	}
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// variables are those of all flags.
func variables() []string {
	var all []string
	relayFlags(&options{}).VisitAll(func(f *pflag.Flag) {
		if name := variable(f.Name); name != "" {
			all = append(all, name)
		}
	})
	return all
}

// fromEnvironment sets the flags of the command that the command line did not set. A name
// that does not exist is refused, since it may be a misspelt protection; its
// value is not shown, since it may be a secret.
func fromEnvironment(flags *pflag.FlagSet, command string, environ []string) error {
	known := variables()
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, variablePrefix) && !slices.Contains(known, name) {
			return cli.Misused("the variables are: "+strings.Join(known, ", "), "%s is not a variable of %s", name, program)
		}
	}
	var err error
	flags.VisitAll(func(f *pflag.Flag) {
		name := variable(f.Name)
		value := lookup(environ, name)
		if name == "" || name == serverVariable || f.Changed || value == "" || err != nil {
			return
		}
		if bad := f.Value.Set(value); bad != nil {
			err = cli.BadValue(f, command, name, value, bad)
		}
	})
	return err
}

// lookup is the value of an environment variable; "" when there is none.
func lookup(environ []string, name string) string {
	value := ""
	for _, entry := range environ {
		if k, v, ok := strings.Cut(entry, "="); ok && k == name {
			value = v // the last one counts
		}
	}
	return value
}
