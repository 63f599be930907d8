// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strconv"
	"strings"

	"tailscale-mcp/internal/visible"
)

// seen returns a text as it is shown to the person who decides about it. Ends of lines
// are written out too: a change of one is a change, and a line may end in its middle.
func seen(s string) string { return strings.ReplaceAll(visible.Text(s), "\r", `\u000d`) }

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
