// SPDX-License-Identifier: MIT

package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// normalise writes long options with two dashes where args have one, as the
// programs took them before cobra. What cobra completes is left as it is typed.
func normalise(root *cobra.Command, args []string) []string {
	if len(args) > 1 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		last := len(args) - 1
		return append(append(args[:1:1], normalise(root, args[1:last])...), args[last])
	}
	c, own := below(root, args)
	return append(args[:len(args)-len(own):len(args)-len(own)], dashes(c.Flags(), own)...)
}

// dashes writes the long options among args with two dashes. A word with one dash
// is a long option unless it is made of short ones. The values of options and all
// that follows a "--" stay as they are.
func dashes(flags *pflag.FlagSet, args []string) []string {
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		word := args[i]
		if word == "--" {
			return append(out, args[i:]...)
		}
		if len(word) > 2 && word[0] == '-' && word[1] != '-' && !short(flags, word[1:]) {
			word = "-" + word
		}
		out = append(out, word)
		if takesNext(flags, word) && i+1 < len(args) {
			i++
			out = append(out, args[i])
		}
	}
	return out
}

// short reports whether letters are all short options.
func short(flags *pflag.FlagSet, letters string) bool {
	letters, _, _ = strings.Cut(letters, "=")
	if flags.Lookup(letters) != nil {
		return false
	}
	for i := range len(letters) {
		if letters[i] >= 0x80 || flags.ShorthandLookup(letters[i:i+1]) == nil {
			return false
		}
	}
	return true
}

// takesNext reports whether the word behind an option is its value.
func takesNext(flags *pflag.FlagSet, word string) bool {
	name, long := strings.CutPrefix(word, "--")
	if !long || strings.Contains(name, "=") {
		return false // no short option takes a value
	}
	f := flags.Lookup(name)
	return f != nil && f.NoOptDefVal == ""
}
