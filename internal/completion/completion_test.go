// SPDX-License-Identifier: MIT

package completion_test

import (
	"flag"
	"io"
	"slices"
	"testing"

	"tailscale-mcp/internal/clitest"
	"tailscale-mcp/internal/completion"
)

// several is a flag that may be given several times.
type several struct{}

func (several) String() string   { return "" }
func (several) Set(string) error { return nil }
func (several) Repeated()        {}

// hostile is a program whose texts have all that a shell could take for its own.
func hostile() completion.Program {
	const line = "it's \"of\" $HOME $(id) \\ [or] a:b; *?"
	const text = "`NAME` " + line + "\nand more"
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	var quiet bool
	set.BoolVar(&quiet, "q", false, line)
	set.BoolVar(&quiet, "quiet", false, line)
	set.String("file", "", "`FILE` "+line)
	set.String("name", "", text)
	set.Var(several{}, "also", text)
	none := flag.NewFlagSet("", flag.ContinueOnError)
	behind := flag.NewFlagSet("", flag.ContinueOnError)
	behind.String("passed", "", text)
	behind.String("passed-file", "", "`FILE` "+line)
	return completion.Program{Name: "hostile-program", Flags: completion.Flags(none), Commands: []completion.Command{
		{Name: "run", Summary: line, Flags: completion.Flags(set), Words: []string{"one", "two"}, Many: true, Behind: completion.Flags(behind)},
		{Name: "rest", Summary: line},
	}}
}

func TestFlags(t *testing.T) {
	flags := hostile().Commands[0].Flags
	var got []string
	for _, f := range flags {
		got = append(got, f.Value)
		got = append(got, f.Dashed()...)
		if f.Repeated != (f.Names[0] == "also") {
			t.Errorf("%s: got repeated %v", f.Names[0], f.Repeated)
		}
	}
	want := []string{"NAME", "--also", "FILE", "--file", "NAME", "--name", "", "--quiet", "-q"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestShells: no text of a program becomes a command of the shell, or an error.
func TestShells(t *testing.T) {
	p := hostile()
	cases := map[string][]string{
		"":              {"rest", "run"},
		"run --fi":      {"--file"},
		"run --q":       {"--quiet"},
		"run t":         {"two"},
		"run one t":     {"two"},
		"run --name ":   nil,
		"rest --":       {"--help"},
		"run one -- --": {"--passed", "--passed-file"},
		"run one -- t":  nil,
		"rest -- --":    nil,
		"rest ":         nil,
		"nonsense --fi": nil,
	}
	for _, shell := range completion.Shells() {
		clitest.HasAll(t, p, shell, p.Script(shell))
	}
	t.Run("bash", func(t *testing.T) { clitest.Bash(t, p.Name, p.Script("bash"), cases) })
	t.Run("zsh", func(t *testing.T) {
		clitest.Zsh(t, p.Name, p.Script("zsh"))
		for line, want := range map[string][]string{
			"run one --q":    {"--also", "--file", "--help", "--name", "--quiet", "-q"},
			"run one -- --p": {"--passed", "--passed-file"},
			"run one --":     {"--also", "--file", "--help", "--name", "--quiet", "-q"},
			"rest -- --p":    nil,
		} {
			clitest.Same(t, line, clitest.ZshFlags(t, p.Name, p.Script("zsh"), line), want)
		}
	})
	t.Run("fish", func(t *testing.T) { clitest.Fish(t, p.Name, p.Script("fish"), cases) })
	if got := p.Script("tcsh"); got != "" {
		t.Errorf("got %q for a shell that there are no completions for", got)
	}
}
