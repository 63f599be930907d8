// SPDX-License-Identifier: MIT

package edit

import (
	"strings"

	"github.com/tailscale/hujson"
)

// addMember adds a member to a group or an owner to a tag.
func (d *document) addMember(section string, o Operation) error {
	if err := kind(section, o.Name); err != nil {
		return err
	}
	l, err := d.sectionList(section, true, o.Create)
	if err != nil {
		return err
	}
	i, ok := l.member(o.Name)
	switch {
	case ok && o.Create:
		return d.problem(l.items[i].begin, "leave create out", "%s is in %s already", quote(o.Name), section)
	case !ok && !o.Create:
		return d.unnamed(l, section, o.Name, "; set create where it is to be made")
	case !ok:
		return d.add(l, len(l.items), o.Name, nil, "["+string(hujson.String(o.Member))+"]", d.style.lines)
	}
	members, err := d.members(l.items[i], section)
	if err != nil {
		return err
	}
	for _, m := range members.items {
		if have := textOf(m.value); strings.EqualFold(have, o.Member) {
			return d.problem(m.begin, "leave this operation out", "%s has %s already", quote(o.Name), quote(have))
		}
	}
	return d.add(members, len(members.items), "", nil, string(hujson.String(o.Member)), false)
}

// removeMember takes a member out of a group or an owner from a tag.
func (d *document) removeMember(section string, o Operation) error {
	l, err := d.sectionList(section, true, false)
	if err != nil {
		return err
	}
	i, ok := l.member(o.Name)
	if !ok {
		return d.unnamed(l, section, o.Name, "")
	}
	members, err := d.members(l.items[i], section)
	if err != nil {
		return err
	}
	var have []string
	at := -1
	for k, m := range members.items {
		text := textOf(m.value)
		have = append(have, text)
		if text != o.Member {
			continue
		}
		if at >= 0 {
			return d.problem(m.begin, "remove one of them with replace_text first", "%s is in %s twice: also at %s", quote(o.Member), quote(o.Name), d.where(members.items[at].begin))
		}
		at = k
	}
	if at >= 0 {
		return d.remove(members, at)
	}
	found := "it is empty"
	if len(have) > 0 {
		found = "it has " + several(have)
	}
	return d.problem(l.items[i].begin, "name a member as it is written there, or leave this operation out", "%s is not in %s: %s", quote(o.Member), quote(o.Name), found)
}

// members is the list that a group or a tag has.
func (d *document) members(it item, section string) (list, error) {
	if it.value.Value.Kind() != '[' {
		return list{}, d.problem(it.begin, "mend it with replace_text", "%s in %s is no list: %s", quote(it.name), section, quote(d.text[it.value.StartOffset:it.end]))
	}
	return d.list(it.value), nil
}

// unnamed is the error of a name that a section does not have.
func (d *document) unnamed(l list, section, name, create string) error {
	if like := nearest(l.names(), name); like != "" {
		i, _ := l.member(like)
		return d.problem(l.items[i].begin, "name it as it is written there"+create, "%s is not in %s; %s is", quote(name), section, quote(like))
	}
	found := "which is empty"
	if len(l.items) > 0 {
		found = "which has " + several(l.names())
	}
	return d.problem(l.begin, "name one that is there"+create, "%s is not in %s, %s", quote(name), section, found)
}

// kind refuses the name of a group or a tag that is neither.
func kind(section, name string) error {
	prefix := "group:"
	if section == "tagOwners" {
		prefix = "tag:"
	}
	if !strings.HasPrefix(name, prefix) || name == prefix {
		return &Error{Message: quote(name) + " is no name for " + section, Next: "name it as in " + prefix + "ops"}
	}
	return nil
}

// textOf is the text of a string, and of anything else what is written.
func textOf(v *hujson.Value) string {
	literal, _ := v.Value.(hujson.Literal)
	return literal.String()
}

// addHost adds a host.
func (d *document) addHost(o Operation) error {
	l, err := d.sectionList("hosts", true, true)
	if err != nil {
		return err
	}
	for _, it := range l.items {
		if strings.EqualFold(it.name, o.Name) {
			return d.problem(it.begin, "use change_host, or leave this operation out", "the host %s is there already: %s", quote(it.name), quote(textOf(it.value)))
		}
	}
	return d.add(l, len(l.items), o.Name, nil, string(hujson.String(o.Address)), d.style.lines)
}

// changeHost gives a host another address, or removes it.
func (d *document) changeHost(o Operation) error {
	l, err := d.sectionList("hosts", true, false)
	if err != nil {
		return err
	}
	i, ok := l.member(o.Name)
	if !ok {
		return d.unnamed(l, "hosts", o.Name, "")
	}
	it := l.items[i]
	switch is := textOf(it.value); {
	case is != o.Was || it.value.Value.Kind() != '"':
		return d.problem(it.begin, "give was as it is there, if the change is still wanted", "the host %s is not %s: it is %s", quote(o.Name), quote(o.Was), quote(d.text[it.value.StartOffset:it.end]))
	case o.Op == "remove_host":
		return d.remove(l, i)
	case is == o.Address:
		return d.problem(it.begin, "leave this operation out", "the host %s is %s already", quote(o.Name), quote(is))
	}
	return d.apply(splice{it.value.StartOffset, it.end, string(hujson.String(o.Address))})
}
