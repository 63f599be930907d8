// SPDX-License-Identifier: MIT

package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const manFile = "../../packaging/man/tailscale-mcp-proxy.1"

// manual is the manual page, by section.
func manual(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(manFile)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split(string(text), "\n.Sh ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		sections[name] = body
	}
	return sections
}

// all are the submatches of a pattern in text, in order and each once.
func all(pattern, text string) []string {
	var found []string
	for _, m := range regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// flagsIn are the flags that head the items of a list, as they are typed.
func flagsIn(text string) []string {
	var found []string
	for _, head := range all(`^\.It (Fl .*)$`, text) {
		for _, m := range regexp.MustCompile(`\bFl (Fl )?([a-z][a-z-]*)`).FindAllStringSubmatch(head, -1) {
			found = append(found, map[bool]string{true: "--", false: "-"}[m[1] != ""]+m[2])
		}
	}
	slices.Sort(found)
	return found
}

func mustBeSame(t *testing.T, what string, got, want []string) {
	t.Helper()
	want = slices.Clone(want)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: the manual page has %q, the program %q", what, got, want)
	}
}

// typedOf are the flags of a command, as they are typed.
func typedOf(c command) []string {
	flags := typed(flagsOf(c.flags()))
	return slices.DeleteFunc(flags, func(f string) bool { return f == "--help" })
}

// TestManualHasAll: what the program has is in its manual page, and what the
// page has is in the program.
func TestManualHasAll(t *testing.T) {
	man := manual(t)
	ofRelay := typedOf(relay())
	mustBeSame(t, "options", flagsIn(man["OPTIONS"]), ofRelay)

	mustBeSame(t, "commands", all(`^\.It Cm ([a-z]+)`, man["COMMANDS"]), names())
	for _, part := range strings.Split(man["COMMANDS"], "\n.It Cm ")[1:] {
		c, _, err := find(strings.Fields(part)[:1])
		if err != nil {
			t.Errorf("commands: %v", err)
			continue
		}
		want := typedOf(c)
		if c.name == "doctor" { // which takes those of the relay, as its text says
			want = slices.DeleteFunc(want, func(f string) bool { return slices.Contains(ofRelay, f) })
		}
		mustBeSame(t, "options of "+c.name, flagsIn(part), want)
	}

	mustBeSame(t, "environment", all(`^\.It Ev (\S+)$`, man["ENVIRONMENT"]), variables())
	mustBeSame(t, "exit codes", all(`^\.It ([0-9]+)$`, man["EXIT STATUS"]), []string{fmt.Sprint(exitEnded), fmt.Sprint(exitFailed), fmt.Sprint(exitUsage)})

	source, err := os.ReadFile("../../internal/proxy/failure.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := all(`^\.It Er (-[0-9]+)$`, man["DIAGNOSTICS"])
	own := slices.DeleteFunc(slices.Clone(codes), func(code string) bool { return strings.HasPrefix(code, "-32") })
	mustBeSame(t, "codes of its own", own, all(`\bCode[A-Za-z]+ += (-[0-9]+)$`, string(source)))
	for _, code := range codes {
		if !strings.Contains(string(source), " = "+code+"\n") {
			t.Errorf("codes: the manual page has %s, the program has no such code", code)
		}
	}

	// And nothing else is mentioned anywhere.
	text := strings.Join(slices.Collect(maps.Values(man)), "\n")
	known := []string{"help", "h"}
	for _, c := range append(commands(), relay()) {
		c.flags().VisitAll(func(f *flag.Flag) { known = append(known, f.Name) })
	}
	for _, pattern := range []string{`\bFl Fl ([a-z][a-z-]*)`, `\bFl ([a-z][a-z-]*)`, ` --([a-z][a-z-]*)`, `"--([a-z][a-z-]*)`} {
		for _, name := range all(pattern, text) {
			if !slices.Contains(known, name) {
				t.Errorf("the manual page mentions the option %s, which there is not", name)
			}
		}
	}
}

// TestManualIsClean: mandoc has nothing to say against it.
func TestManualIsClean(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), mustHave(t, "mandoc"), "-Tlint", "-W", "warning", manFile).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestHelpHasAll: what --help says agrees with the program, as far as it is
// not made from it.
func TestHelpHasAll(t *testing.T) {
	help := relay().help()
	for _, code := range []int{exitEnded, exitFailed, exitUsage} {
		if !strings.Contains(help, fmt.Sprintf("\n  %d  ", code)) {
			t.Errorf("got no exit code %d in\n%s", code, help)
		}
	}
	for line := range strings.Lines(help) {
		if len(line) > 81 {
			t.Errorf("got a line of %d characters, want 80 at most: %s", len(line)-1, line)
		}
	}
}
