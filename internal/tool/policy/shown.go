// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/visible"
)

// seen returns a text as it is shown to the person who decides about it. Ends of lines
// are written out too: a change of one is a change, and a line may end in its middle.
func seen(s string) string { return strings.ReplaceAll(visible.Text(s), "\r", `\u000d`) }

// vanished says what of the old text that means nothing for access is gone.
func vanished(old, now string) []string {
	var notes []string
	if commented(old) && !commented(now) {
		notes = append(notes, "all comments of the file are removed")
	}
	if lost := gone(old, now); lost != "" {
		notes = append(notes, lost)
	}
	return notes
}

// commented reports whether a file has comments: they become space in the standard
// form.
func commented(text string) bool {
	standard, err := hujson.Standardize([]byte(text))
	if err != nil || len(standard) != len(text) {
		return false
	}
	for i := range standard {
		if text[i] == '/' && standard[i] == ' ' {
			return true
		}
	}
	return false
}

// gone says how many invisible characters the old text has more than the new one, which
// was made from the shown form of the old; empty if none.
func gone(old, now string) string {
	n := visible.Count(old) - visible.Count(now)
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("%d characters of the file that cannot be seen, which get_policy shows in the form %s, are removed or written out in that form", n, `\u200b`)
}

// list quotes the findings of the API, and cuts them where a refusal gets unreadable.
func list(findings []finding) string {
	const most = 6000
	var all []string
	for _, f := range findings {
		for _, text := range append(f.Errors, f.Warnings...) {
			all = append(all, strings.TrimPrefix(f.User+": "+text, ": "))
		}
	}
	s := seen(strings.Join(all, "; "))
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%s\n... and %d bytes more", strconv.Quote(strings.ToValidUTF8(s[:most], "")), len(s)-most)
}
