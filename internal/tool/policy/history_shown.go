// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"tailscale-mcp/internal/policy/difference"
	"tailscale-mcp/internal/tool/policy/past"
	"tailscale-mcp/internal/visible"
)

// mostOfChange bounds the difference of one change in a history, in bytes as they are
// sent.
const mostOfChange = 16 << 10

type shownChange struct {
	Change     string `json:"change,omitempty" jsonschema:"names this change for revert_policy"`
	Time       string `json:"time" jsonschema:"when it was made"`
	By         string `json:"by" jsonschema:"who made it"`
	How        string `json:"how" jsonschema:"by what it was made, such as the admin console or the API"`
	Comment    string `json:"comment,omitempty" jsonschema:"what its author said of it"`
	Failed     string `json:"failed,omitempty" jsonschema:"why it was not made; absent when it was"`
	Difference string `json:"difference,omitempty" jsonschema:"the lines removed and added"`
	Note       string `json:"note,omitempty" jsonschema:"what the log does not hold, or what is not shown"`
}

// showChange returns a change as it is shown, after the one that was made before it,
// where that is known; and whether it touches a line with that text.
func showChange(c past.Change, before *past.Change, containing string) (shown shownChange, touched bool) {
	var notes []string
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	whole := ""
	switch {
	case c.Old.Text == "" && c.New.Text == "":
		note("the log has the file neither before this change nor after it, so it cannot be reverted")
	case c.Old.Text == "":
		note("the log has no file before this change, so it cannot be shown as a difference and not be reverted")
	case c.New.Text == "":
		note("the log has no file after this change, so it cannot be shown as a difference")
	default:
		whole = difference.Unified(past.Texts(c.Old, c.New))
	}
	if c.Old.Plain || c.New.Plain {
		note("the log has the file without its comments")
	}
	if c.Unlogged(before) {
		note("before this change the file was changed by something that the log does not have")
	}
	cut := fit(whole, mostOfChange)
	if cut != whole {
		note("%d bytes of the difference are not shown; list_audit_logs with whole shows the files", len(whole)-len(cut))
	}
	return shownChange{
		Change: c.ID, Time: c.Time(), By: fit(c.Who, 1000), How: fit(c.How, 1000), Comment: fit(c.Comment, 1000), Failed: fit(c.Failed, 1000),
		Difference: cut, Note: strings.Join(notes, "; "),
	}, containing == "" || touches(whole, containing)
}

// touches reports whether a difference removes or adds a line with that text, in any
// case.
func touches(difference, text string) bool {
	for line := range strings.Lines(difference) {
		if (line[0] == '-' || line[0] == '+') && strings.Contains(strings.ToLower(line[1:]), strings.ToLower(text)) {
			return true
		}
	}
	return false
}

// fit returns as many lines of a text as take no more than that many bytes when they
// are sent; of a longer first line, its beginning.
func fit(text string, most int) string {
	end := 0
	for line := range strings.Lines(text) {
		n := sent(line) - 2
		if n > most {
			if end == 0 {
				return strings.ToValidUTF8(line[:min(len(line), most/10)], "")
			}
			break
		}
		most -= n
		end += len(line)
	}
	return text[:end]
}

// sent is how many bytes a value takes in an answer, where nothing is invisible.
func sent(v any) int {
	text, err := json.Marshal(v)
	if err != nil {
		return 0 // cannot be: it is made of texts
	}
	return len(visible.JSON(text))
}
