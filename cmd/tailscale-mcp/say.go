// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/redact"
)

// How this program talks to a person: results on standard output, and on standard
// error "note:" with what to know of them, or "error:" with what is wrong and
// "hint:" with what to do about it.

// person is who a subcommand talks to.
type person struct{ out, err io.Writer }

func personOf(c *cobra.Command) person { return person{c.OutOrStdout(), c.ErrOrStderr()} }

// note says what to know of the result.
func (p person) note(format string, a ...any) { fmt.Fprintf(p.err, "note: "+format+"\n", a...) }

// stepOK says that a step of the doctor's walk is in order.
func (p person) stepOK(format string, a ...any) { fmt.Fprintf(p.out, "ok    "+format+"\n", a...) }

// stepNote says what to know of a step; the walk goes on.
func (p person) stepNote(format string, a ...any) { fmt.Fprintf(p.out, "note  "+format+"\n", a...) }

// Notes about the configuration that a person's shell sees.
const (
	noteNoFile     = "there is no %s on this host: what follows is by the defaults and the variables of this shell"
	noteUnreadable = "this account may not read %s: run this with sudo, or the daemon's settings may differ from what follows"
)

// aboutTools stands below the list of tools.
const aboutTools = "\nThis is all that this version has. A host offers the classes in TAILSCALE_MCP_ALLOW, and without an API credential only\n" +
	"what the local tailscaled answers. --markdown has the arguments too, and the smallest scopes of a credential.\n"

// aboutConfiguration is the end of the help: the variables, with their defaults.
func aboutConfiguration() string {
	var b strings.Builder
	fmt.Fprintf(&b, "serve has no options: it is configured by variables, which systemd gives it\n"+
		"from %s. check, grant, server, doctor and audit read it too;\n"+
		"serve and stdio started by hand have the environment only. The shipped file\n"+
		"describes each variable:\n", config.File)
	for _, v := range config.Reference() {
		b.WriteString(strings.TrimRight(fmt.Sprintf("\n  %-34s %s", v.Name, v.Default), " "))
	}
	return b.String()
}

// report prints err and returns the exit code.
func report(w io.Writer, err error) int {
	var bad *config.Error
	var hinted *cli.Hinted
	var failed *failure.Error
	switch {
	case errors.As(err, &bad):
		for _, p := range bad.Problems {
			value := ""
			if p.Value != "" {
				value = "=" + p.Value
			}
			fmt.Fprintf(w, "error: %s%s %s\nhint: %s\n", p.Name, value, p.Reason, p.Remedy)
		}
		fmt.Fprintf(w, "hint: correct this where it is set: in %s (then: systemctl restart tailscale-mcp.service), or in this shell\n", config.File)
		return cli.Usage
	case !errors.As(err, &hinted) && errors.As(err, &failed):
		err = cli.Hint(errors.New(failed.Message), failed.Next)
	}
	return cli.Report(w, err)
}

// library is where the standard library logs what nobody is told otherwise, without the words of
// others, which it quotes: what a server sends on a connection where it was asked nothing may
// be the credential that it was sent before (net/http, "Unsolicited response").
type library struct{ log *slog.Logger }

func (l library) Write(p []byte) (int, error) {
	own, _, quotes := strings.Cut(string(p), `"`)
	l.log.Debug("a library says", "what", redact.Text(own), "quotes", quotes)
	return len(p), nil
}
