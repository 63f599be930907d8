// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/testbed/clitest"
)

// TestManualHasAll: what the program has is in its manual page, and what the
// page has is in the program.
func TestManualHasAll(t *testing.T) {
	man := clitest.Manual(t, "tailscale-mcp-proxy.1")
	root := commands(streams{})
	ofRelay := cli.Typed(root.Flags())
	clitest.Same(t, "options", clitest.FlagsIn(man["OPTIONS"]), ofRelay)

	clitest.Same(t, "commands", clitest.All(`^\.It Cm ([a-z]+)`, man["COMMANDS"]), commandNames())
	for _, part := range strings.Split(man["COMMANDS"], "\n.It Cm ")[1:] {
		c, _, err := root.Find(strings.Fields(part)[:1])
		if err != nil || c == root {
			t.Errorf("commands: %v", err)
			continue
		}
		want := cli.Typed(c.Flags())
		if c.Name() == "doctor" || c.Name() == "servers" { // which takes those of the relay, as its text says
			want = slices.DeleteFunc(want, func(f string) bool { return slices.Contains(ofRelay, f) })
		}
		clitest.Same(t, "options of "+c.Name(), clitest.FlagsIn(part), want)
	}

	clitest.Same(t, "environment", clitest.All(`^\.It Ev (\S+)$`, man["ENVIRONMENT"]), variables())
	clitest.Same(t, "exit codes", clitest.All(`^\.It ([0-9]+)$`, man["EXIT STATUS"]), []string{fmt.Sprint(cli.Done), fmt.Sprint(cli.Failed), fmt.Sprint(cli.Usage)})

	source, err := os.ReadFile("../../internal/jsonrpc/fault/codes.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := clitest.All(`^\.It Er (-[0-9]+)$`, man["DIAGNOSTICS"])
	own := slices.DeleteFunc(slices.Clone(codes), func(code string) bool { return strings.HasPrefix(code, "-32") })
	clitest.Same(t, "codes of its own", own, clitest.All(`\bCode[A-Za-z]+ += (-[0-9]+)$`, string(source)))
	for _, code := range codes {
		if !strings.Contains(string(source), " = "+code+"\n") {
			t.Errorf("codes: the manual page has %s, the program has no such code", code)
		}
	}

	// And nothing else is mentioned anywhere.
	known := []string{"help", "h"}
	for _, c := range append(root.Commands(), root) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name, f.Shorthand) })
	}
	clitest.MentionsNo(t, man, known)
}

// TestManualExamples: no example is broken by a terminal of 80 columns, of which
// 11 are before it, and what is continued says so to the shell.
func TestManualExamples(t *testing.T) {
	literal, continued := false, false
	for line := range strings.Lines(clitest.Manual(t, "tailscale-mcp-proxy.1")["EXAMPLES"]) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, ".Bd -literal"), line == ".Ed":
			literal = line != ".Ed"
		case literal || strings.HasPrefix(line, ".Dl "):
			typed := strings.ReplaceAll(strings.TrimPrefix(line, ".Dl "), `\e`, `\`)
			if len(typed) > 80-11 {
				t.Errorf("got %d characters, want %d at most: %s", len(typed), 80-11, typed)
			}
			if indented := strings.HasPrefix(typed, "    --"); indented != continued {
				t.Errorf("got a line that begins with %q, and a backslash before it: %v", typed, continued)
			}
			continued = strings.HasSuffix(typed, `\`)
		}
	}
}

// TestManualIsClean: mandoc has nothing to say against it.
func TestManualIsClean(t *testing.T) { clitest.Lint(t, "tailscale-mcp-proxy.1") }

// helpOf is what --help of a command prints.
func helpOf(t *testing.T, c *cobra.Command) string {
	t.Helper()
	var b strings.Builder
	c.SetOut(&b)
	if err := c.Help(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestHelpHasAll: what --help says agrees with the program, as far as it is
// not made from it.
func TestHelpHasAll(t *testing.T) {
	root := commands(streams{})
	help := helpOf(t, root)
	for _, code := range []int{cli.Done, cli.Failed, cli.Usage} {
		if !strings.Contains(help, fmt.Sprintf("\n  %d  ", code)) {
			t.Errorf("got no exit code %d in\n%s", code, help)
		}
	}
	for _, c := range root.Commands() {
		if !strings.Contains(help, fmt.Sprintf("\n  %-12s%s\n", c.Name(), c.Short)) {
			t.Errorf("got no line of %s, with its summary in a column, in\n%s", c.Name(), help)
		}
		help += helpOf(t, c)
	}
	for line := range strings.Lines(help) {
		if len(line) > 81 {
			t.Errorf("got a line of %d characters, want 80 at most: %s", len(line)-1, line)
		}
	}
}
