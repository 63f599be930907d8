// SPDX-License-Identifier: MIT

package held

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/visible"
)

const (
	mostNames = 50  // in one cell of a table
	mostText  = 400 // bytes of the entries in one

	mostSelectors = 500
)

// Summary is what there is to say below the table.
type Summary struct {
	Rows    int
	Unknown []string // what would have to be known, a phrase each
	// Refused are those to whom an entry that cannot be read refuses everything.
	Refused []Refusal
	// Selectors are the tools that entries name, with the line of their rule: the first
	// 500 at most.
	Selectors []Selector
	// Shut are those of the table whom no rule lets connect to the server, and Missing
	// is the rule that would.
	Shut    []string
	Missing string
}

// Refusal is to whom the entry of a line refuses everything.
type Refusal struct {
	Line int
	To   string
	Why  string
}

// Selector is what the entries of a line name in "tools".
type Selector struct {
	Line int
	Text string
}

// Table writes who may use what here, rule by rule, or who may call one tool.
func (f *File) Table(w io.Writer, asked *grant.Tool, now time.Time) (s Summary, err error) {
	all := f.all()
	refused := Refused(all)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	reach := f.connecting()
	var shut ways
	for _, g := range all {
		gives := given(g, asked, now)
		if gives == "" {
			continue
		}
		if s.Rows == 0 {
			fmt.Fprintln(t, "LINE\tGIVES\tBY\tTO")
		}
		s.Rows++
		who := slices.Concat(g.People, g.Tags)
		to := list(slices.Concat(who, g.Ranges))
		switch {
		case to == "":
			to = "nobody yet"
		case g.Answer != policy.Yes:
			to = "perhaps " + to
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\n", g.Rule.Line, gives, list(g.Selectors), to)
		s.Unknown = added(s.Unknown, g.Unknown)
		if g.Problem != "" {
			if g.Answer == policy.Yes && len(who) > 0 {
				s.Refused = append(s.Refused, Refusal{g.Rule.Line, list(who), g.Problem})
			}
			continue
		}
		s.Selectors = selectors(s.Selectors, g)
		shut.enter(g, slices.DeleteFunc(who, func(name string) bool { return refused[name] > 0 }), reach)
	}
	if s.Shut = shut.all(); len(s.Shut) > 0 {
		s.Missing = f.Missing(shut.sources())
	}
	return s, t.Flush()
}

// given is what a rule gives, in a word; of one tool that it does not give, nothing.
func given(g Grant, asked *grant.Tool, now time.Time) string {
	switch {
	case g.Problem != "":
		return "nothing"
	case asked != nil:
		return g.Rules.At(now).Tool(*asked).By
	case g.Rules.Empty():
		return "nothing"
	}
	text := strings.Join(strings.Fields(visible.Text(strings.Join(texts(g.Values), " "))), " ")
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") + " …"
	}
	return text
}

// selectors adds what the entries of a rule name in "tools", as far as there is room.
func selectors(all []Selector, g Grant) []Selector {
	for _, v := range g.Values {
		var entry struct{ Tools []string }
		if json.Unmarshal(v, &entry) != nil {
			continue // cannot be: it was read before
		}
		for _, text := range entry.Tools {
			one := Selector{g.Rule.Line, text}
			if len(all) < mostSelectors && !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return all
}

// connecting are the people and tags of whom a device may connect to the server, or
// may perhaps.
func (f *File) connecting() map[string]bool {
	const tcp = 6
	all := map[string]bool{}
	for _, a := range f.policy.Sources(f.here, tcp, f.server.Port) {
		for _, name := range slices.Concat(a.People, a.Tags) {
			all[name] = true
		}
	}
	return all
}

// list writes names, and how many are left out.
func list(names []string) string {
	more := ""
	if left := len(names) - mostNames; left > 0 {
		names, more = names[:mostNames], fmt.Sprintf(" and %d more", left)
	}
	return visible.Text(strings.Join(names, ", ")) + more
}
