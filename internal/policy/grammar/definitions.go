// SPDX-License-Identifier: MIT

package grammar

import (
	"net/netip"
	"slices"
	"strings"
)

func (c *checker) definitions(f *File) {
	for _, group := range f.Groups {
		c.groupDefinition(group)
	}
	for _, host := range f.Hosts {
		c.hostDefinition(host)
	}
	for _, set := range f.IPSets {
		c.ipsetDefinition(set)
	}
	c.ipsetCycle(f.IPSets)
	for _, tag := range f.TagOwners {
		c.tagDefinition(tag)
	}
	for _, posture := range f.Postures {
		c.postureDefinition(posture)
	}
	c.srcPosture(f.DefaultSrcPosture)
}

func (c *checker) groupDefinition(group Definition) {
	where := "groups[" + quote(group.Text) + "]: "
	if name, ok := strings.CutPrefix(group.Text, "group:"); !ok || name == "" {
		c.add(group.Place, own(where+"group names must start with 'group:'", `name it "group:NAME"`))
	}
	for _, member := range group.Values {
		switch {
		case strings.HasPrefix(member.Text, "group:"):
			c.add(member.Place, api(where+quote(member.Text)+": group members cannot be recursive", "name the members of that group here"))
		case member.Text == "":
			c.add(member.Place, own(where+"a member is empty", "remove it"))
		}
	}
}

func (c *checker) hostDefinition(host Definition) {
	switch {
	case strings.Contains(host.Text, "@"):
		c.add(host.Place, api("host names cannot include an @, please change the name for "+quote(host.Text), "write the name without @"))
	case strings.ContainsAny(host.Text, ":,"), host.Text == "", host.Text == "*":
		c.add(host.Place, own("hosts["+quote(host.Text)+"]: a host name has no colon and no comma, and is not empty", "change the name"))
	}
	for _, value := range host.Values {
		if !isAddresses(value.Text) {
			c.add(value.Place, own("hosts["+quote(host.Text)+"]: not an address or a prefix: "+quote(value.Text), "write an address such as 100.64.0.1, or a prefix such as 10.0.0.0/24"))
		}
	}
}

func (c *checker) tagDefinition(tag Definition) {
	where := "tagOwners[" + quote(tag.Text) + "]: "
	c.add(tag.Place, tagName(tag.Text).after(where))
	for _, owner := range tag.Values {
		c.add(owner.Place, c.person(owner.Text).after(where))
	}
}

// tagName says what is wrong with the name that a tag is given.
func tagName(tag string) mistake {
	const next = "write tag:NAME with a letter, then letters, digits and dashes"
	name, ok := strings.CutPrefix(tag, "tag:")
	switch {
	case !ok:
		return api("tags must start with 'tag:'", next)
	case name == "":
		return api("tag names must not be empty", next)
	case !isLetter(name[0]):
		return api("tag names must start with a letter, after 'tag:'", next)
	}
	for i := range len(name) {
		if !isLetter(name[i]) && (name[i] < '0' || name[i] > '9') && name[i] != '-' {
			return api("tag names can only contain numbers, letters, or dashes", next)
		}
	}
	return mistake{}
}

func isLetter(b byte) bool { return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' }

// person says what is wrong with an owner of a tag or an approver.
func (c *checker) person(name string) mistake {
	kind, rest, _ := strings.Cut(name, ":")
	switch {
	case kind == "tag":
		return c.tag(name).guessed()
	case kind == "group":
		return c.group(name)
	case kind == "autogroup" && slices.Contains(roles, strings.ToLower(rest)):
		return mistake{}
	case kind != "autogroup" && strings.Contains(name, "@"):
		return mistake{}
	}
	return api(quote(name)+": only tag:name, group:name, role autogroups, or user@domain are allowed", "name one of these")
}

func (c *checker) ipsetDefinition(set Definition) {
	where := "ipsets[" + quote(set.Text) + "]: "
	if name, ok := strings.CutPrefix(set.Text, "ipset:"); !ok || name == "" {
		c.add(set.Place, own(where+"names of ipsets must start with 'ipset:'", `name it "ipset:NAME"`))
	}
	for _, part := range set.Values {
		_, target := CutOperation(part.Text)
		c.add(part.Place, c.ipsetPart(target).after(where))
	}
}

// CutOperation splits a part of an ipset: "add" (also where there is no word) or
// "remove", and what.
func CutOperation(part string) (operation, target string) {
	word, rest, found := strings.Cut(strings.TrimSpace(part), " ")
	if found && (word == "add" || word == "remove") {
		return word, strings.TrimSpace(rest)
	}
	return "add", strings.TrimSpace(part)
}

func (c *checker) ipsetPart(target string) mistake {
	switch {
	case strings.HasPrefix(target, "ipset:"):
		return c.defined(c.ipsets, "ipset", target, "ipsets")
	case strings.HasPrefix(target, "host:"):
		return c.defined(c.hosts, "host", strings.TrimPrefix(target, "host:"), "hosts")
	case isAddresses(target), is(target, "autogroup:internet"): // the only autogroup of addresses
		return mistake{}
	}
	return own("not a part of an ipset: "+quote(target), "write an address, a prefix, a range, host:NAME, ipset:NAME or autogroup:internet, with add or remove before it")
}

// ipsetCycle looks for an ipset that is part of itself, by any way.
func (c *checker) ipsetCycle(sets []Definition) {
	parts := make(map[string][]Name, len(sets))
	for _, set := range sets {
		parts[strings.ToLower(set.Text)] = set.Values
	}
	const under, done = 1, 2
	state := make(map[string]int, len(sets))
	var visit func(name string, depth int) bool
	visit = func(name string, depth int) bool {
		if state[name] == under || depth > 1000 {
			return true
		}
		if state[name] == done {
			return false
		}
		state[name] = under
		for _, part := range parts[name] {
			if _, target := CutOperation(part.Text); strings.HasPrefix(target, "ipset:") && visit(strings.ToLower(target), depth+1) {
				return true
			}
		}
		state[name] = done
		return false
	}
	for _, set := range sets {
		if visit(strings.ToLower(set.Text), 0) {
			c.add(set.Place, own("ipsets["+quote(set.Text)+"]: an ipset cannot be part of itself", "take one of the two out of the other"))
			return
		}
	}
}

func (c *checker) postureDefinition(posture Definition) {
	where := "postures[" + quote(posture.Text) + "]: "
	if name, ok := strings.CutPrefix(posture.Text, "posture:"); !ok || name == "" {
		c.add(posture.Place, own(where+"names of postures must start with 'posture:'", `name it "posture:NAME"`))
	}
	for _, condition := range posture.Values {
		if !isCondition(condition.Text) {
			c.add(condition.Place, own(where+"not a condition: "+quote(condition.Text), "write ATTRIBUTE OPERATOR VALUE, such as node:os == 'macos'"))
		}
	}
}

// isCondition reports whether a text looks like a condition on a posture attribute.
func isCondition(text string) bool {
	end := strings.IndexAny(text, " \t=!<>")
	if end <= 0 || !strings.Contains(text[:end], ":") {
		return false
	}
	rest := strings.TrimSpace(text[end:])
	for _, operator := range []string{"==", "!=", "<=", ">=", "<", ">", "IN ", "NOT IN ", "IN[", "NOT IN["} {
		if value, ok := strings.CutPrefix(rest, operator); ok {
			return strings.TrimSpace(value) != ""
		}
	}
	return rest == "IS SET" || rest == "NOT SET"
}

// isPrefix reports whether a text is a prefix, and not a single address.
func isPrefix(text string) bool {
	_, err := netip.ParsePrefix(text)
	return err == nil
}
