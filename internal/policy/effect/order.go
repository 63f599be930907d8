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

// power says what a tag may do by the file in which its owners matter: by itself, and by
// the tags that it owns in turn, since a device that has it may put others under those.
func (w *world) power(tag string, now bool) (Gravity, string) {
	s := &w.before
	if now {
		s = &w.after
	}
	also := owned(s.file.TagOwners, tag)
	var all []int
	for _, t := range append([]string{tag}, also...) {
		if i, ok := w.pure[strings.ToLower(t)]; ok {
			all = append(all, i)
		}
	}
	may := func(from compiled.Sources) bool {
		from = w.everyone(from)
		return slices.ContainsFunc(all, func(i int) bool { return source(from, i) })
	}
	g, rules := More, 0
	var does []string
	for _, p := range s.Rules {
		if !may(p.Sources) {
			continue
		}
		rules++
		for _, to := range p.Facets {
			does = words.Once(does, destinationWords(to.Dst.Text))
			if to.Dst.Everyone || to.Dst.Internet {
				g = max(g, Network)
			}
		}
		for _, c := range p.Caps {
			if c.Text == w.focus.Capability {
				g = max(g, Server)
			}
		}
	}
	for _, p := range s.Shell {
		if !may(p.Sources) {
			continue
		}
		rules++
		for _, to := range p.Dst {
			does = words.Once(does, "ssh on "+destinationWords(to.Text))
		}
		if slices.Contains(p.Logins(), "root") {
			g = max(g, Root)
		}
	}
	if rules == 0 {
		return g, "no rule gives it anything"
	}
	it := "it"
	if len(also) > 0 {
		it = "it, or the tags that it owns in turn (" + words.List(words.SafeAll(also), 6) + "),"
	}
	return g, words.Count(rules, "rule") + " " + map[bool]string{true: "gives", false: "give"}[rules == 1] + " " + it + " access to " + words.List(does, 6)
}

// owned are the tags of which a tag is an owner, those of which these are, and so on.
func owned(owners []grammar.Definition, tag string) []string {
	of := map[string][]string{}
	for _, d := range owners {
		for _, n := range d.Values {
			of[strings.ToLower(n.Text)] = append(of[strings.ToLower(n.Text)], d.Text)
		}
	}
	seen := map[string]bool{strings.ToLower(tag): true}
	var all []string
	for next := []string{tag}; len(next) > 0; next = next[1:] {
		for _, t := range of[strings.ToLower(next[0])] {
			if low := strings.ToLower(t); !seen[low] {
				seen[low] = true
				all, next = append(all, t), append(next, t)
			}
		}
	}
	return all
}

// source reports whether a device is, or may be, a source.
func source(f compiled.Sources, i int) bool {
	return f.S4.Has(i) || f.S6.Has(i) || f.M4.Has(i) || f.M6.Has(i)
}
