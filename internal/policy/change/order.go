// SPDX-License-Identifier: MIT

package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"tailscale-mcp/internal/policy/compiled"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/policy/grammar"
)

// usualMost is how many changes are told where nobody says how many.
const usualMost = 40

// arrange sorts the changes, the frightening first, and keeps as many as there may be:
// frightening ones beyond it are joined, one for each gravity, and others counted.
func (r *Result) arrange(most int) {
	if most <= 0 {
		most = usualMost
	}
	slices.SortStableFunc(r.Changes, func(a, b Change) int {
		return cmp.Or(int(b.Gravity-a.Gravity), int(a.Kind-b.Kind), b.Who.Count-a.Who.Count, strings.Compare(a.Text, b.Text), line(a)-line(b))
	})
	var kept []Change
	over := map[Gravity][]Change{}
	for _, c := range r.Changes {
		switch {
		case len(kept) < most:
			kept = append(kept, c)
		case c.Gravity > More:
			over[c.Gravity] = append(over[c.Gravity], c)
		case c.Gravity == Nothing:
			r.MoreNothing++
		case c.Kind == Loss || c.Kind == MayLose:
			r.MoreLosses++
		default:
			r.MoreGains++
		}
	}
	for g := Everyone; g > More; g-- {
		if all := over[g]; len(all) > 0 {
			kept = append(kept, join(all))
		}
	}
	r.Changes = kept
}

func line(c Change) int {
	if len(c.Rules) == 0 {
		return 0
	}
	return c.Rules[0].Line
}

// join makes one change of several of one gravity.
func join(all []Change) Change {
	one := Change{Kind: all[0].Kind, Gravity: all[0].Gravity}
	var texts []string
	for _, c := range all {
		if c.Kind != one.Kind {
			one.Kind = min(one.Kind, c.Kind)
		}
		one.Who.Everyone = one.Who.Everyone || c.Who.Everyone
		one.Who.People = append(one.Who.People, c.Who.People...)
		one.Who.Tags = append(one.Who.Tags, c.Who.Tags...)
		one.What.On = append(one.What.On, c.What.On...)
		one.What.Entries = append(one.What.Entries, c.What.Entries...)
		one.What.Users = append(one.What.Users, c.What.Users...)
		one.Rules = append(one.Rules, c.Rules...)
		one.Unknown = append(one.Unknown, c.Unknown...)
		texts = append(texts, c.Text)
	}
	one.Who.Count = len(one.Who.People)
	cut(&one.Who.People)
	cut(&one.Who.Tags)
	cut(&one.What.On)
	cut(&one.What.Entries)
	cut(&one.What.Users)
	cut(&one.Rules)
	cut(&one.Unknown)
	one.Text = fmt.Sprintf("and %d more changes of this kind (%s): %s", len(all), one.Gravity, strings.Join(texts[:min(3, len(texts))], "; "))
	return one
}

func cut[T any](all *[]T) { *all = (*all)[:min(len(*all), MostNames)] }

// settings tells of sections that change and decide about nobody's access.
func (w *world) settings() []Change {
	decides := []string{
		"groups", "hosts", "ipsets", "tagowners", "postures", "defaultsrcposture", "acls", "grants", "ssh", "autoapprovers", "nodeattrs",
	}
	var all []Change
	old, now := sections(w.before.file), sections(w.after.file)
	for _, name := range sortedKeys(old) {
		if _, ok := now[name]; !ok && !slices.Contains(decides, name) {
			all = append(all, setting(old[name], "the section "+safe(old[name].Section)+" is removed"))
		}
	}
	for _, name := range sortedKeys(now) {
		if slices.Contains(decides, name) {
			continue
		}
		was, had := old[name]
		switch is := now[name]; {
		case !had:
			all = append(all, setting(is, "the section "+safe(is.Section)+" is new"))
		case minimal(was.Text) != minimal(is.Text):
			all = append(all, setting(is, "the section "+safe(is.Section)+" changes"))
		}
	}
	return all
}

func setting(r compiled.Rule, text string) Change {
	return Change{Kind: Other, Gravity: Nothing, Rules: []compiled.Rule{r}, Text: text + "; nobody gains or loses access by it"}
}

// sections are the top-level parts of a file, by their names in lower case.
func sections(f *grammar.File) map[string]compiled.Rule {
	all := map[string]compiled.Rule{}
	for _, s := range f.Sections {
		r := compiled.Rule{Section: s.Text, Place: s.Place}
		if 0 <= s.Begin && s.Begin <= s.End && s.End <= len(f.Text) {
			r.Text = f.Text[s.Begin:s.End]
		}
		all[strings.ToLower(s.Text)] = r
	}
	return all
}

// minimal writes a section without comments and white space.
func minimal(text string) string {
	v, err := hujson.Parse([]byte("{" + text + "}"))
	if err != nil {
		return text
	}
	v.Minimize()
	return v.String()
}
