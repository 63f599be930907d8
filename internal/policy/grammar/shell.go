// SPDX-License-Identifier: MIT

package grammar

import (
	"slices"
	"strings"
	"time"
)

// maxCheckPeriod is how long a check may hold at most: a week.
const maxCheckPeriod = 168 * time.Hour

func (c *checker) ssh(rule SSH) {
	c.action(rule.Place, rule.Action, "accept", "check")
	for _, src := range rule.Src {
		c.add(src.Place, c.sshSource(src.Text))
	}
	only, toSelf := onlySource(rule.Src), false
	for _, dst := range rule.Dst {
		c.add(dst.Place, c.sshDst(dst.Text, only))
		toSelf = toSelf || is(dst.Text, self)
	}
	if toSelf && slices.ContainsFunc(rule.Src, func(src Name) bool { return !selfSource(src.Text) }) {
		c.add(rule.Place, selfMistake.guessed())
	}
	if len(rule.Users) == 0 {
		c.add(rule.Place, api("users must be specified", "name the logins on the host, such as autogroup:nonroot"))
	}
	for _, user := range rule.Users {
		c.add(user.Place, c.sshUser(user.Text))
	}
	c.add(rule.CheckPeriod.Place, checkPeriod(rule.CheckPeriod.Text))
	for _, variable := range rule.AcceptEnv {
		if variable.Text == "" {
			c.add(variable.Place, api("acceptEnv values cannot be empty", "remove the empty name"))
		}
	}
	for _, recorder := range rule.Recorder {
		if strings.HasPrefix(recorder.Text, "tag:") {
			c.add(recorder.Place, c.tag(recorder.Text).guessed())
		}
	}
	c.srcPosture(rule.SrcPosture)
}

// sshSource says what is wrong with a source of an ssh rule.
func (c *checker) sshSource(src string) mistake {
	switch {
	case strings.HasPrefix(src, "user:"):
		return c.selector(src).after("[ssh] ")
	case is(src, self), is(src, "autogroup:internet"), is(src, "autogroup:nonroot"), is(src, "autogroup:danger-all"), strings.HasPrefix(src, "svc:"):
		return own(quote(src)+" is not allowed in src", "name people, groups or tags")
	}
	return c.selector(src).guessed()
}

// onlySource is the source of a rule that has one, by whatever number of times, and "*"
// otherwise.
func onlySource(sources []Name) string {
	for _, src := range sources {
		if src.Text != sources[0].Text {
			return "*"
		}
	}
	if len(sources) == 0 {
		return ""
	}
	return sources[0].Text
}

// sshDst says what is wrong with a destination of an ssh rule: a tag, a person, or
// "autogroup:self". It is no address and no host alias: whoever holds the address may
// change.
func (c *checker) sshDst(dst, onlySource string) mistake {
	const next = "name a tag, a person whose own devices are meant, or autogroup:self"
	kind, rest, _ := strings.Cut(dst, ":")
	switch {
	case kind == "tag":
		return c.tag(dst).guessed()
	case kind == "autogroup" && slices.Contains(autogroups, strings.ToLower(rest)) && rest != "danger-all" && rest != "internet" && rest != "nonroot":
		return mistake{}
	case c.hosts[strings.ToLower(dst)] || isAddresses(dst):
		return api("invalid dst "+quote(dst), next)
	case kind != "group" && kind != "user" && strings.Contains(dst, "@"):
		if onlySource != "" && onlySource != dst {
			return api("users in dst are only allowed from the same user", "name only the same person as src, or tag the devices")
		}
		return mistake{}
	}
	return own("invalid dst "+quote(dst), next)
}

// sshUser says what is wrong with a login. Nearly every text is one.
func (c *checker) sshUser(user string) mistake {
	if user == "" || user == "*" {
		return api("user "+quote(user)+" is not valid", "name logins; autogroup:nonroot stands for all but root")
	}
	if local, ok := strings.CutPrefix(user, "localpart:"); ok {
		return c.userOf(local)
	}
	return mistake{}
}

func checkPeriod(text string) mistake {
	const next = "write a duration such as 12h, at most 168h, or always"
	if text == "" || text == "always" {
		return mistake{}
	}
	period, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return own("checkPeriod "+quote(text)+" is not a duration", next)
	case period < 0:
		return api("checkPeriod "+period.String()+" must be a positive duration", next)
	case period > maxCheckPeriod:
		return own("checkPeriod "+period.String()+" is above the max (168h)", next)
	}
	return mistake{}
}

// sshTest says what of a test the API refuses before it tests.
func (c *checker) sshTest(test SSHTest) {
	for _, dst := range test.Dst {
		kind, _, _ := strings.Cut(dst.Text, ":")
		switch {
		case kind == "tag" && c.tag(dst.Text).message != "":
			c.add(dst.Place, api("SSH tests dst contains unknown tag "+quote(dst.Text), "name a tag of tagOwners, without a port"))
		case isPrefix(dst.Text):
			c.add(dst.Place, disallowed(dst.Text))
		case kind == "group", kind == "ipset", dst.Text == "*":
			c.add(dst.Place, disallowed(dst.Text).guessed())
		}
	}
}

func disallowed(dst string) mistake {
	return api("SSH tests dst contains disallowed element "+quote(dst), "name single devices: a tag, a host or an address")
}
