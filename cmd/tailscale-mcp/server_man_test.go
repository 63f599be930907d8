// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/clitest"
	"tailscale-mcp/internal/upstream/npm"
	"tailscale-mcp/internal/upstream/unit"
)

// TestServerManual: the verbs of server and their options are in their manual page, and
// no others.
func TestServerManual(t *testing.T) {
	man := clitest.Manual(t, program+"-server.8")
	server, _, err := commands(streams{}).Find([]string{"server"})
	if err != nil {
		t.Fatal(err)
	}
	var verbs []string
	known := []string{"t", "y", "g", "m", "read", "help", "h"} // of journalctl, npx and install too
	for _, c := range server.Commands() {
		verbs = append(verbs, c.Name())
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	}
	slices.Sort(verbs)
	clitest.Same(t, "verbs", clitest.All(`^\.It Cm ([a-z]+)`, man["VERBS"]), verbs)
	for _, part := range strings.Split(man["VERBS"], "\n.It Cm ")[1:] {
		name := strings.Fields(part)[0]
		c, _, err := server.Find([]string{name})
		if err != nil || c == server {
			t.Errorf("there is no verb %s", name)
			continue
		}
		clitest.Same(t, "options of "+name, clitest.FlagsIn(part), cli.Typed(c.Flags()))
	}
	clitest.Same(t, "exit codes", clitest.All(`^\.It ([0-9]+)$`, man["EXIT STATUS"]), []string{fmt.Sprint(cli.Done), fmt.Sprint(cli.Failed), fmt.Sprint(cli.Usage)})
	clitest.MentionsNo(t, man, known)
}

// TestServerManualNames: the names in the text are those of the program, and its grants can
// be given.
func TestServerManualNames(t *testing.T) {
	man := clitest.Manual(t, program+"-server.8")
	for _, want := range []string{unit.SocketName("NAME"), unit.ServiceName("NAME"), unit.Target} {
		if !strings.Contains(man["PROCESSES"], "\n.It Pa "+want+"\n") {
			t.Errorf("PROCESSES lacks %s", want)
		}
	}
	for _, want := range []string{unit.SocketPath("NAME"), npm.Folder + "/NAME"} {
		if !strings.Contains(man["FILES"], "\n.It Pa "+want+"\n") {
			t.Errorf("FILES lacks %s", want)
		}
	}
	for _, class := range grant.Classes() {
		if !strings.Contains(man["APPROVAL"], "\n.Ql "+string(class)) {
			t.Errorf("APPROVAL lacks the class %s", class)
		}
	}
	_, text, _ := strings.Cut(man["GRANTS"], "-offset indent\n")
	text, _, _ = strings.Cut(text, "\n.Ed")
	rules, err := grant.Parse([]string{text})
	if err != nil || !rules.Reach("files") || rules.Reach("other") {
		t.Errorf("the grant %s: %v", text, err)
	}
}

// TestServerManualIsClean: mandoc has nothing to say against the page.
func TestServerManualIsClean(t *testing.T) { clitest.Lint(t, program+"-server.8") }
