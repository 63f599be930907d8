// SPDX-License-Identifier: MIT

package grammar

import (
	"slices"
	"strings"
)

const self = "autogroup:self"

var selfMistake = api("autogroup:self can only be used with users, groups, or supported autogroups",
	"name people as the source, such as autogroup:member, or another destination")

func (c *checker) acl(rule ACL) {
	c.action(rule.Place, rule.Action, "accept")
	proto := own(protoMistake(rule.Proto.Text), "use a name such as tcp, or a number")
	c.add(rule.Proto.Place, proto)
	for _, src := range rule.Src {
		c.source(src)
	}
	toSelf := false
	for _, dst := range rule.Dst {
		c.add(dst.Place, c.hostPorts(dst.Text))
		host, ports, _ := cutLast(dst.Text)
		toSelf = toSelf || is(host, self)
		if proto.message == "" && !hasPorts(rule.Proto.Text) && ports != "*" {
			c.add(dst.Place, own("protocol "+quote(rule.Proto.Text)+" does not support specific ports: "+quote(dst.Text), "write * for the ports"))
		}
	}
	c.selfSources(toSelf, rule.Src, "*")
	c.srcPosture(rule.SrcPosture)
}

// action says what is wrong with an action, around which the API ignores spaces.
func (c *checker) action(rule Place, action Name, valid ...string) {
	next := "write " + strings.Join(valid, " or ")
	switch {
	case action.Text == "":
		c.add(rule, api("action must be specified", next))
	case !slices.Contains(valid, strings.TrimSpace(action.Text)):
		c.add(action.Place, api(quote(action.Text)+" is not a valid action", next))
	}
}

// source says what is wrong with a source of an ACL or a grant.
func (c *checker) source(src Name) {
	switch m := c.selector(src.Text); {
	case is(src.Text, self):
		c.add(src.Place, api(quote(self)+" not valid on the src side of a rule", "name people, tags or addresses"))
	case is(src.Text, "autogroup:internet"), is(src.Text, "autogroup:nonroot"), strings.HasPrefix(src.Text, "svc:"):
		c.add(src.Place, own(quote(src.Text)+" not valid on the src side of a rule", "name people, tags or addresses"))
	case strings.HasSuffix(m.message, "user:*@<domain> expressions"):
		c.add(src.Place, m.guessed())
	default:
		c.add(src.Place, m.after("src="))
	}
}

// hostPorts says what is wrong with a destination of an ACL.
func (c *checker) hostPorts(dst string) mistake {
	if m := hostMistake(dst); m != "" {
		return api("dst="+quote(dst)+": "+m, "write NAME:PORTS, such as tag:server:22, 10.0.0.0/8:* or autogroup:self:80-90")
	}
	host, _, _ := cutLast(dst)
	if m := destination(host); m.message != "" {
		return m
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, _ = strings.CutSuffix(inner, "]")
		return c.selector(inner).after("dst=" + quote(host) + ": ")
	}
	return c.selector(host).after("dst=" + quote(host) + ": ")
}

// destination says what may not be a destination of an ACL or a grant.
func destination(name string) mistake {
	switch strings.ToLower(name) {
	case "autogroup:danger-all":
		return api("cannot use autogroup:danger-all as a dst", `use "*" or autogroup:internet`)
	case "autogroup:nonroot":
		return own(quote(name)+" not valid on the dst side of a rule", "it is a login of ssh rules")
	}
	return mistake{}
}

// is reports whether a name is that of an autogroup, which may be written in any case.
func is(name, autogroup string) bool { return strings.EqualFold(name, autogroup) }

// selfSources holds the sources of a rule that reaches "autogroup:self"; also are those
// that the kind of rule allows beside people.
func (c *checker) selfSources(toSelf bool, sources []Name, also ...string) {
	if !toSelf {
		return
	}
	for _, src := range sources {
		if !selfSource(src.Text) && !slices.Contains(also, src.Text) {
			c.add(src.Place, selfMistake)
			return
		}
	}
}

// srcPosture looks for the postures that a rule asks for.
func (c *checker) srcPosture(all []Name) {
	for _, p := range all {
		c.add(p.Place, c.defined(c.postures, "posture", p.Text, "postures"))
	}
}
