// SPDX-License-Identifier: MIT

package effect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/effect/words"
	"tailscale-mcp/internal/policy/grammar"
)

// usualMost is how many changes are told where nobody says how many.
const usualMost = 40

// arrange sorts the changes, the frightening first, and tells as many as there may be:
// frightening ones beyond it are joined, one for each gravity, and others counted.
func (r *Result) arrange(all []draft, most int) {
	if most <= 0 {
		most = usualMost
	}
	slices.SortStableFunc(all, func(a, b draft) int {
		return cmp.Or(int(b.gravity-a.gravity), int(a.kind-b.kind), b.size-a.size, strings.Compare(a.order, b.order))
	})
	over := map[Gravity][]draft{}
	for _, d := range all {
		switch {
		case len(r.Changes) < most:
			r.Changes = append(r.Changes, d.tell())
		case d.gravity > More:
			over[d.gravity] = append(over[d.gravity], d)
		case d.gravity == Nothing:
			r.MoreNothing++
		case d.kind == Loss || d.kind == MayLose:
			r.MoreLosses++
		default:
			r.MoreGains++
		}
	}
	for g := Everyone; g > More; g-- {
		if len(over[g]) > 0 {
			r.Changes = append(r.Changes, join(over[g]))
		}
	}
}

// join makes one change of several of one gravity.
func join(all []draft) Change {
	const most = 10 // are put into words
	one := Change{Kind: all[0].kind, Gravity: all[0].gravity}
	var texts []string
	for _, d := range all[:min(most, len(all))] {
		c := d.tell()
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

// settings tells of sections that change and are no rules of access.
func (w *world) settings() []Change {
	decides := []string{
		"groups", "hosts", "ipsets", "tagowners", "postures", "defaultsrcposture", "acls", "grants", "ssh", "autoapprovers", "nodeattrs",
	}
	var all []Change
	old, now := sections(w.before.file), sections(w.after.file)
	for _, name := range sortedKeys(old) {
		if _, ok := now[name]; !ok && !slices.Contains(decides, name) {
			all = append(all, setting(old[name], "the section "+words.Safe(old[name].Section)+" is removed"))
		}
	}
	for _, name := range sortedKeys(now) {
		if slices.Contains(decides, name) {
			continue
		}
		was, had := old[name]
		switch is := now[name]; {
		case !had:
			all = append(all, setting(is, "the section "+words.Safe(is.Section)+" is new"))
		case minimal(was.Text) != minimal(is.Text):
			all = append(all, setting(is, "the section "+words.Safe(is.Section)+" changes"))
		}
	}
	return all
}

// harmless are the sections that decide about nobody's access, in lower case.
var harmless = []string{"tests", "sshtests", "randomizeclientport", "onecgnatroute"}

func setting(r compiled.Rule, text string) Change {
	c := Change{Kind: Other, Gravity: Less, Rules: []compiled.Rule{r}}
	switch name := strings.ToLower(r.Section); {
	case slices.Contains(harmless, name):
		c.Gravity, c.Text = Nothing, text+", by which nobody gains or loses access"
	case name == "extradnsrecords":
		c.Text = text + ", which says where names lead: whoever goes by one may come to another host"
	default:
		c.Text = text + ", which is about how all devices connect, and is not weighed here"
	}
	return c
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

// sameText reports whether the sections of both files are the same but for comments and
// white space.
func (w *world) sameText() bool {
	return maps.EqualFunc(sections(w.before.file), sections(w.after.file), func(a, b compiled.Rule) bool { return minimal(a.Text) == minimal(b.Text) })
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
