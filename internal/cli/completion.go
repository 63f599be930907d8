// SPDX-License-Identifier: MIT

package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Shells are the shells that there are completions for.
func Shells() []string { return []string{"bash", "zsh", "fish"} }

func completionCommand(root *cobra.Command) *cobra.Command {
	known := strings.Join(Shells(), ", ")
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "print the completions for a shell",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) != 1:
				return Misused("for example: source <("+root.Name()+" completion bash)", "name one shell: %s", known)
			case !slices.Contains(Shells(), args[0]):
				return Misused("the shells are: "+known, "there is no completion for %q", args[0])
			}
			return nil
		},
		ValidArgsFunction: Words(Shells),
		RunE: func(c *cobra.Command, args []string) error {
			switch out := c.OutOrStdout(); args[0] {
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			default:
				return bash(root, out)
			}
		},
	}
}

// bash prints the completions for bash. Cobra's need the package bash-completion,
// which a server often lacks; without it words are completed as bash breaks them.
func bash(root *cobra.Command, w io.Writer) error {
	if err := root.GenBashCompletionV2(w, true); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
__%s_init_completion()
{
    COMPREPLY=()
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD-1]}
    words=("${COMP_WORDS[@]}")
    cword=$COMP_CWORD
}
`, root.Name())
	return err
}

// Words completes the first argument of a command.
func Words(words func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return words(), cobra.ShellCompDirectiveNoFileComp
	}
}

// AllWords completes every argument of a command.
func AllWords(words func() []string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words(), cobra.ShellCompDirectiveNoFileComp
	}
}

// WithBehind adds to the words of a command the options that may stand behind a
// "--", for the program that they are handed on to.
func WithBehind(words cobra.CompletionFunc, behind *pflag.FlagSet) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 && isFile(behind.Lookup(strings.TrimPrefix(args[len(args)-1], "--"))) {
			return nil, cobra.ShellCompDirectiveDefault
		}
		if !strings.HasPrefix(begun, "-") { // before a "--" cobra itself completes such a word
			return words(c, args, begun)
		}
		var all []string
		behind.VisitAll(func(f *pflag.Flag) {
			if strings.HasPrefix("--"+f.Name, begun) {
				all = append(all, described(f))
			}
		})
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// CompleteFiles lets a shell complete the names of files behind the options of a
// command that take one.
func CompleteFiles(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if isFile(f) {
			// The error is that of registering twice or for no flag.
			_ = c.RegisterFlagCompletionFunc(f.Name, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return nil, cobra.ShellCompDirectiveDefault
			})
		}
	})
}

// CompleteValues lets a shell complete the value of an option out of a few words.
func CompleteValues(c *cobra.Command, flag string, words []string) {
	// The error is that of registering twice or for no flag.
	_ = c.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	})
}

// isFile reports whether the name of a file stands behind a flag.
func isFile(f *pflag.Flag) bool {
	if f == nil {
		return false
	}
	value, _ := pflag.UnquoteUsage(f)
	return value == "FILE" || value == "PATH"
}
