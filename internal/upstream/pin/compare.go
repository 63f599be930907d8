// SPDX-License-Identifier: MIT

package pin

import "tailscale-mcp/internal/grant"

// State is how an item that was seen stands to the pin.
type State string

// The states of an item. All of them keep what was seen from callers: one that is not
// pinned is not there for them; of one that is they are shown what is pinned, and may not
// call it.
const (
	New      State = "new"
	Changed  State = "changed"
	Gone     State = "gone"     // pinned, and no longer there
	Withheld State = "withheld" // to be approved as it is, or never
)

// Change is one difference between the pin and what was seen.
type Change struct {
	Kind  Kind
	Name  string
	State State
	// Why says why it is withheld; Final that it cannot be approved at all.
	Why   string
	Final bool
	// Was is what is pinned, and Is what was seen, each if there is such.
	Was, Is *Item
	// Suggested is the class that a tool claims for itself.
	Suggested grant.Class
}

// Compare returns what differs, in the order in which the server shows it, and then what
// is gone. Nothing means that the server is what was approved.
func Compare(p Pin, seen Seen) []Change {
	var changes []Change
	items := seen.items()
	why, twice := alike(items)
	type key struct {
		kind Kind
		name string
	}
	there := map[key]bool{}
	for i, f := range items {
		there[key{f.kind, f.item.Name}] = true
		c := Change{Kind: f.kind, Name: f.item.Name, Suggested: f.suggested, Was: p.Find(f.kind, f.item.Name)}
		if f.broken != "" {
			c.State, c.Why, c.Final = Withheld, f.broken, true
			changes = append(changes, c)
			continue
		}
		c.Is = &f.item
		c.Why, c.Final = why[i], twice[i]
		if c.Why == "" {
			c.Why = blemish(f.kind, f.item)
		}
		same := c.Was != nil && c.Was.SHA256 == f.item.SHA256
		switch {
		case c.Final, c.Why != "" && (!same || !c.Was.AsIs):
			c.State = Withheld
		case same:
			continue
		case c.Was == nil:
			c.State = New
		default:
			c.State = Changed
		}
		changes = append(changes, c)
	}
	p.all(func(kind Kind, item Item) {
		if !there[key{kind, item.Name}] {
			changes = append(changes, Change{Kind: kind, Name: item.Name, State: Gone, Was: &item})
		}
	})
	return changes
}

// Approval is what a person decided about the items of a server.
type Approval struct {
	// Classes are those of tools, by name. A tool without one keeps that of the pin; a
	// new one without is destructive.
	Classes map[string]grant.Class
	// AsIs approves what is withheld, where it can be.
	AsIs bool
}

// Approve returns the pin of all that was seen but what stays withheld.
func Approve(p Pin, seen Seen, a Approval) Pin {
	refused := map[Kind]map[string]bool{}
	asIs := map[Kind]map[string]bool{}
	for _, c := range Compare(Pin{}, seen) {
		if c.State != Withheld {
			continue
		}
		in := refused
		if was := p.Find(c.Kind, c.Name); !c.Final && (a.AsIs || was != nil && was.AsIs && was.SHA256 == c.Is.SHA256) {
			in = asIs
		}
		if in[c.Kind] == nil {
			in[c.Kind] = map[string]bool{}
		}
		in[c.Kind][c.Name] = true
	}
	next := Pin{Title: TitleOf(seen.Title, seen.Description)}
	for _, f := range seen.items() {
		if refused[f.kind][f.item.Name] {
			continue
		}
		f.item.AsIs = asIs[f.kind][f.item.Name]
		if f.kind == Tool {
			f.item.Class = grant.Destructive
			if was := p.Find(Tool, f.item.Name); was != nil {
				f.item.Class = was.Class
			}
			if class, given := a.Classes[f.item.Name]; given {
				f.item.Class = class
			}
		}
		next.add(f.kind, f.item)
	}
	next.sort()
	return next
}
