// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/clitest"
)

// page is the manual page of this program.
const page = program + ".8"

// TestManualHasAll: what the program has is in its manual page, and what the
// page has is in the program. The fields of the audit are held by package audit.
func TestManualHasAll(t *testing.T) {
	man := clitest.Manual(t, page)
	root := commands(streams{})
	clitest.Same(t, "subcommands", clitest.All(`^\.It Cm ([a-z]+)`, man["SUBCOMMANDS"]), commandNames()) // those for units too
	described := map[string]bool{}
	for _, part := range strings.Split(man["SUBCOMMANDS"], "\n.It Cm ")[1:] {
		name := strings.Fields(part)[0]
		if described[name] {
			t.Errorf("subcommands: %s is described twice", name)
		}
		described[name] = true
		c, _, err := root.Find([]string{name})
		if err != nil || c == root {
			t.Errorf("subcommands: %v", err)
			continue
		}
		clitest.Same(t, "options of "+c.Name(), clitest.FlagsIn(part), cli.Typed(c.Flags()))
	}
	clitest.Same(t, "exit codes", clitest.All(`^\.It ([0-9]+)$`, man["EXIT STATUS"]),
		[]string{fmt.Sprint(cli.Done), fmt.Sprint(cli.Failed), fmt.Sprint(cli.Usage), fmt.Sprint(exitConfiguration)})

	// Of other programs there are systemctl --now and tailscale set --operator.
	known := []string{"help", "h", "now", "operator"}
	for _, c := range append(root.Commands(), root) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	}
	clitest.MentionsNo(t, man, known)
}

// TestManualNames: the names and numbers in the text are those of the program.
func TestManualNames(t *testing.T) {
	man := clitest.Manual(t, page)
	var variables []string
	for _, v := range config.Reference() {
		variables = append(variables, v.Name)
	}
	for name, text := range man {
		for _, v := range clitest.All(`\b(TAILSCALE_[A-Z_]+)`, text) {
			if !slices.Contains(variables, v) {
				t.Errorf("%s mentions the variable %s, which there is not", name, v)
			}
		}
	}
	for _, file := range []string{config.File, "/etc/credstore/" + config.CredentialAPIKey, "/etc/credstore/" + config.CredentialOAuthClientSecret} {
		if !strings.Contains(man["FILES"], "\n.It Pa "+file+"\n") {
			t.Errorf("FILES lacks %s", file)
		}
	}
	if want := fmt.Sprintf("%.0f seconds at most", stopTimeout.Seconds()); !strings.Contains(man["SIGNALS"], want) {
		t.Errorf("SIGNALS lacks %q", want)
	}
	if want := fmt.Sprintf("%.0f seconds at most", deviceTimeout.Seconds()); !strings.Contains(man["SUBCOMMANDS"], want) {
		t.Errorf("SUBCOMMANDS lacks %q", want)
	}
	for _, class := range grant.Classes() {
		if !strings.Contains(man["IDENTITY AND GRANTS"], "\n.Ql "+string(class)+":*") {
			t.Errorf("IDENTITY AND GRANTS lacks the class %s", class)
		}
	}
	units, err := filepath.Glob("../../systemd/tailscale-mcp*")
	if err != nil {
		t.Fatal(err)
	}
	for i, unit := range units {
		units[i] = filepath.Base(unit)
	}
	clitest.Same(t, "units", clitest.All(`^\.It Pa /usr/lib/systemd/system/(\S+)$`, man["FILES"]), units)
	unit, err := os.ReadFile("../../systemd/tailscale-mcp.service")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("\nRestartPreventExitStatus=%d\n", exitConfiguration); !strings.Contains(string(unit), want) {
		t.Errorf("the unit lacks %q, as EXIT STATUS has it", want)
	}
}

// TestManualDropIns: what the page has one enter into a unit is what its example
// enters, which is tested where there is a systemd.
func TestManualDropIns(t *testing.T) {
	files, err := filepath.Glob("../../systemd/examples/*/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatalf("got the examples %q, %v", files, err)
	}
	examples := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		examples[directives(string(text))] = true
	}
	shown := 0
	for _, part := range strings.Split(clitest.Manual(t, page)["EXAMPLES"], "\n.Bd -literal -offset indent\n")[1:] {
		text, _, _ := strings.Cut(part, ".Ed")
		if shown++; !examples[directives(text)] {
			t.Errorf("there is no example with this:\n%s", text)
		}
	}
	if shown == 0 {
		t.Error("the page shows no drop-in")
	}
}

// directives are the lines of a unit that systemd reads.
func directives(unit string) string {
	var b strings.Builder
	for line := range strings.Lines(unit) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// TestManualGrant: the example can be pasted, and grants what the text says.
func TestManualGrant(t *testing.T) {
	man := clitest.Manual(t, page)
	_, text, _ := strings.Cut(man["IDENTITY AND GRANTS"], "[\n      {")
	text, _, found := strings.Cut(text, "\n    ]")
	rules, err := grant.Parse([]string{"{" + text})
	if !found || err != nil {
		t.Fatalf("got %v for {%s", err, text)
	}
	for _, tool := range everything().Tools {
		want := tool.Class == grant.Read || tool.Name == "set_device_name"
		if got := rules.Tool(tool.Granted()).Allowed; got != want {
			t.Errorf("%s: got allowed %v, want %v", tool.Name, got, want)
		}
	}
}

// TestManualDiagnostics: the program says what the page explains.
func TestManualDiagnostics(t *testing.T) {
	var source strings.Builder
	for _, file := range []string{
		"cmd/tailscale-mcp/doctor.go", "internal/listen/node.go", "internal/listen/listen.go", "internal/front/identify.go",
		"internal/front/web.go", "internal/front/limits.go", "internal/failure/code.go", "internal/gate/errors.go", "internal/gate/confirm.go",
	} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	said := clitest.All(`^\.It "(.*)"$`, clitest.Manual(t, page)["DIAGNOSTICS"])
	if len(said) == 0 {
		t.Error("got no diagnostics")
	}
	for _, text := range said {
		text = strings.TrimPrefix(strings.TrimPrefix(text, "403 "), "429 ")
		text = strings.TrimSuffix(strings.TrimSuffix(text, " ADDRESS"), "...")
		if !strings.Contains(source.String(), text) {
			t.Errorf("the page explains %q, which the program does not say", text)
		}
	}
}

// TestManualIsClean: mandoc has nothing to say against the pages.
func TestManualIsClean(t *testing.T) {
	for _, name := range []string{page, program + ".env.5"} {
		clitest.Lint(t, name)
	}
}
