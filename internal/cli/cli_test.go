// SPDX-License-Identifier: MIT

package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
)

// said is what a program of the tests was told to do.
type said struct {
	name, server string
	quiet, other bool
	args         []string
}

// program is a program whose commands say what they were told.
func program(got *said) *cobra.Command {
	root := &cobra.Command{Use: "prog [command]", Short: "a program"}
	run := &cobra.Command{Use: "run [WORD...]", Short: "run", Args: cobra.ArbitraryArgs}
	for _, c := range []*cobra.Command{root, run} {
		c.Flags().StringVar(&got.server, "server", "", "a `URL`")
		c.Flags().BoolVarP(&got.quiet, "quiet", "q", false, "say less")
		c.Flags().BoolVarP(&got.other, "other", "o", false, "do otherwise")
		c.RunE = func(c *cobra.Command, args []string) error {
			got.name, got.args = c.Name(), args
			return nil
		}
	}
	list := &cobra.Command{Use: "list", Short: "print a list", RunE: func(c *cobra.Command, _ []string) error {
		_, err := fmt.Fprintln(c.OutOrStdout(), "one")
		return err
	}}
	group := &cobra.Command{Use: "group", Short: "those below it"}
	show := &cobra.Command{Use: "show NAME", Short: "show one", Args: cli.OneArgument("the NAME"), RunE: func(c *cobra.Command, args []string) error {
		got.name, got.args = c.Name(), args
		return nil
	}}
	show.Flags().BoolVar(&got.other, "other", false, "do otherwise")
	group.AddCommand(show)
	root.AddCommand(run, list, group)
	return cli.New(root, "1.2.3")
}

// TestRunReads: options with one dash or two, before and after arguments; a value
// or what follows a "--" is nobody's option.
func TestRunReads(t *testing.T) {
	for line, want := range map[string]said{
		"":                              {name: "prog"},
		"-server u":                     {name: "prog", server: "u"},
		"--server=u -q":                 {name: "prog", server: "u", quiet: true},
		"run a -server=u b -quiet":      {name: "run", server: "u", quiet: true, args: []string{"a", "b"}},
		"run -server -quiet":            {name: "run", server: "-quiet"},
		"run -qo":                       {name: "run", quiet: true, other: true},
		"run -quiet=false -o=true":      {name: "run", other: true},
		"run -- -server -x":             {name: "run", args: []string{"-server", "-x"}},
		"group show x -other":           {name: "show", other: true, args: []string{"x"}},
		"run - -q":                      {name: "run", quiet: true, args: []string{"-"}},
		"run --server run -other -- -q": {name: "run", server: "run", other: true, args: []string{"-q"}},
	} {
		var got said
		if err := cli.Run(t.Context(), program(&got), strings.Fields(line), &bytes.Buffer{}, &bytes.Buffer{}); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if got.name != want.name || got.server != want.server || got.quiet != want.quiet || got.other != want.other || !slices.Equal(got.args, want.args) {
			t.Errorf("%q: got %+v, want %+v", line, got, want)
		}
	}
}

// TestRunRefuses: what was wrong and what to write, with exit code 2.
func TestRunRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"lsit":                    "error: there is no command \"lsit\"\nhint: did you mean prog list? prog help lists the commands\n",
		"frobnicate":              "error: there is no command \"frobnicate\"\nhint: prog help lists the commands\n",
		"help frobnicate":         "error: there is no command \"frobnicate\"\nhint: prog help lists the commands\n",
		"group":                   "error: name a command of prog group: show\nhint: see: prog group --help\n",
		"group shwo":              "error: there is no command \"shwo\"\nhint: did you mean prog group show? prog group --help lists the commands\n",
		"group show":              "error: the NAME is missing\nhint: write: prog group show NAME\n",
		"group show a b":          "error: unexpected argument \"b\"\nhint: write: prog group show NAME\n",
		"help group shwo":         "error: there is no command \"shwo\"\nhint: did you mean prog group show? prog group --help lists the commands\n",
		"help run list":           "error: unexpected argument \"list\"\nhint: see: prog help --help\n",
		"-sever u":                "error: there is no option --sever\nhint: did you mean --server? see: prog --help\n",
		"run --frobnicate":        "error: there is no option --frobnicate\nhint: see: prog run --help\n",
		"run --server":            "error: --server: its value is missing\nhint: see: prog run --help\n",
		"run --quiet=perhaps":     "error: --quiet: invalid value \"perhaps\"\nhint: it is true or false\n",
		"--version run":           "error: unexpected argument \"run\"\nhint: the command comes first: prog run [WORD...]\n",
		"frobnicate --version":    "error: unexpected argument \"frobnicate\"\nhint: see: prog --help\n",
		"list more":               "error: unexpected argument \"more\"\nhint: see: prog list --help\n",
		"list http://a:secret@b":  "error: unexpected argument, a URL\nhint: see: prog list --help\n",
		"http://a:secret@b":       "error: unexpected argument, a URL\nhint: write: prog --server URL\n",
		"--server u run":          "error: unexpected argument \"run\"\nhint: the command comes first: prog run [WORD...]\n",
		"--quiet frobnicate":      "error: unexpected argument \"frobnicate\"\nhint: see: prog --help\n",
		"completion":              "error: name one shell: bash, zsh, fish\nhint: for example: source <(prog completion bash)\n",
		"completion tcsh":         "error: there is no completion for \"tcsh\"\nhint: the shells are: bash, zsh, fish\n",
		"completion bash --quiet": "error: there is no option --quiet\nhint: see: prog completion --help\n",
	} {
		var out, errs bytes.Buffer
		if code := cli.Report(&errs, cli.Run(t.Context(), program(&said{}), strings.Fields(line), &out, &errs)); code != cli.Usage || out.Len() > 0 || errs.String() != want {
			t.Errorf("%q: got exit code %d, %q and %q; want %q", line, code, &out, &errs, want)
		}
	}
}

// TestVersion: every command has the option, whatever else it is given, and only the
// help of the program shows it.
func TestVersion(t *testing.T) {
	for _, line := range []string{"version", "--version", "-version", "list --version", "list -version more", "run a --version b", "group --version", "group show --version", "help --version", "completion --version", "version --version"} {
		var got said
		var out, errs bytes.Buffer
		err := cli.Run(t.Context(), program(&got), strings.Fields(line), &out, &errs)
		if err != nil || out.String() != "prog 1.2.3\n" || errs.Len() > 0 || got.name != "" {
			t.Errorf("%s: got %q, %q and %v, and the command %q was run", line, &out, &errs, err, got.name)
		}
	}
	for line, want := range map[string]bool{"--help": true, "list --help": false} {
		var out bytes.Buffer
		if err := cli.Run(t.Context(), program(&said{}), strings.Fields(line), &out, &out); err != nil || strings.Contains(out.String(), "--version") != want {
			t.Errorf("%s: got %s and %v, want --version in it: %t", line, &out, err, want)
		}
	}
}

// TestReport: each kind of end has its exit code.
func TestReport(t *testing.T) {
	failed := errors.New("it broke")
	for _, tt := range []struct {
		name, want string
		err        error
		code       int
	}{
		{"no error", "", nil, 0},
		{"an error", "error: it broke\n", failed, 1},
		{"with a next step", "error: it broke\nhint: mend it\n", fmt.Errorf("%w", cli.Hint(failed, "mend it")), 1},
		{"a wrong command line", "error: it broke\n", cli.AsUsage(failed), 2},
		{"an end that is said", "", cli.Code(78), 78},
	} {
		var errs bytes.Buffer
		if code := cli.Report(&errs, tt.err); code != tt.code || errs.String() != tt.want {
			t.Errorf("%s: got %d and %q, want %d and %q", tt.name, code, &errs, tt.code, tt.want)
		}
	}
}

// TestReaderGone: who reads no more, such as head(1), has enough. Another error of
// the output is one.
func TestReaderGone(t *testing.T) {
	for _, line := range []string{"list", "version", "run --version", "help", "run --help", "completion bash", "completion zsh", "completion fish"} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		var errs bytes.Buffer
		if code := cli.Report(&errs, cli.Run(t.Context(), program(&said{}), strings.Fields(line), w, &errs)); code != cli.Done || errs.Len() > 0 {
			t.Errorf("%s: got exit code %d and %q, want none", line, code, &errs)
		}
		_ = w.Close()
		if code := cli.Report(&errs, cli.Run(t.Context(), program(&said{}), []string{"list"}, w, &errs)); code != cli.Failed {
			t.Errorf("list to a closed file: got exit code %d, want %d", code, cli.Failed)
		}
	}
}
