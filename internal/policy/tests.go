// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strconv"
	"strings"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/posture"
)

// TestResult is the verdict of one target of one entry of "tests" or "sshTests".
type TestResult struct {
	Rule   Rule   // the entry; its section is "tests" or "sshTests"
	Src    string // as it is written
	Target string // as it is written: a destination with its port, or a host
	User   string // of "sshTests": the login on the host
	Want   string // "accept", "deny" or "check"
	Pass   Answer // whether what is wanted is so
	// Text is a sentence: what was wanted, what is so, and by which rule.
	Text    string
	Unknown []string // what would have to be known, a phrase each
}

// Tests are the verdicts of "tests" and "sshTests", each target of each entry alone, in
// the order of the file. The API refuses a file of which one is No. Each is judged when it
// is asked for. What all of them may cost has a bound: the verdicts beyond it are unknown.
func (p *Policy) Tests() iter.Seq[TestResult] {
	return func(yield func(TestResult) bool) {
		left := effort(mostTested)
		for i, t := range p.Parsed.Tests {
			rule := p.Entry("tests", i, t.Place)
			for _, list := range []struct {
				want    string
				targets []grammar.Name
			}{{"accept", t.Accept}, {"deny", t.Deny}} {
				for _, target := range list.targets {
					if !yield(p.test(TestResult{Rule: rule, Src: t.Src.Text, Target: target.Text, Want: list.want}, t, &left)) {
						return
					}
				}
			}
		}
		p.sshTests(yield, &left)
	}
}

func (p *Policy) sshTests(yield func(TestResult) bool, left *effort) {
	for i, t := range p.Parsed.SSHTests {
		rule := p.Entry("sshTests", i, t.Place)
		for _, dst := range t.Dst {
			for _, list := range []struct {
				want  string
				users []grammar.Name
			}{{"accept", t.Accept}, {"check", t.Check}, {"deny", t.Deny}} {
				for _, user := range list.users {
					if !yield(p.sshTest(TestResult{Rule: rule, Src: t.Src.Text, Target: dst.Text, User: user.Text, Want: list.want}, t, left)) {
						return
					}
				}
			}
		}
	}
}

// mostTested is how many comparisons the tests of a file may cost.
const mostTested = 10 * tooMany

// effort is how many comparisons may still be made.
type effort int

// takes reports whether comparisons may be made, and counts them. After those that are
// too many there are no others: to look for the ends of a test costs too.
func (e *effort) takes(comparisons int) bool {
	if comparisons > int(*e) {
		*e = 0
		return false
	}
	*e -= effort(comparisons)
	return true
}

// unjudged is the verdict of a test that would cost too much.
func (r TestResult) unjudged() TestResult {
	r.Pass, r.Unknown = Unknown, []string{"the verdicts of all tests: the file has too many, or about too many devices"}
	r.Text = "is not known: " + r.wanted() + ": the tests of the file are too much for one evaluation"
	return r
}

// test judges one destination of an entry of "tests".
func (p *Policy) test(r TestResult, t grammar.Test, left *effort) TestResult {
	if !left.takes(len(p.Rules)*(1+len(p.Index.Devices)/64) + 1) {
		return r.unjudged()
	}
	src, err := p.testEnd(t.Src.Text, t.SrcPosture)
	if err != nil {
		return p.noEnd(r, "source", err)
	}
	host, list, _ := ports.Cut(r.Target)
	port, err := strconv.ParseUint(list, 10, 16)
	protocols, ok := ports.Protocol(t.Proto.Text)
	ported := len(protocols) == 0 || ports.Ported(protocols[0])
	switch {
	case err != nil || port == 0 && ported:
		return r.fails("the destination of a test is HOST:PORT, with one port by its number")
	case !ok:
		return r.fails(fmt.Sprintf("there is no protocol %q", t.Proto.Text))
	}
	dst, err := p.testEnd(host, nil)
	if err != nil {
		return p.noEnd(r, "destination", err)
	}
	if dst.Name == "autogroup:internet" || dst.Kind == "everyone" || dst.Kind == "ipset" {
		return r.fails(fmt.Sprintf("the destination of a test is one host, and not %q", host))
	}
	if dst.Kind == "host" && !p.one(dst) {
		r.Unknown = []string{"whether the service tests a host alias that is a range"}
	}
	if apart(src, dst) {
		return r.fails("the source and the destination are addresses of different families")
	}
	if !left.takes(4 * (len(src.ends) + len(dst.ends))) {
		return r.unjudged()
	}
	q := Question{Src: src, Dst: dst, Port: uint16(port)}
	if len(protocols) > 0 {
		q.Proto = protocols[0]
	}
	a := p.ask(q, true)
	v := a.verdict()
	return r.judge(a.yes, a.unknown, a.no, v.Rules, v.Unknown)
}

// apart reports whether two ends are addresses of different families: the service fails
// such a test, whatever it wants.
func apart(src, dst Endpoint) bool {
	named := func(e Endpoint) compiled.Family {
		if len(e.ends) != 1 || e.Kind != "address" && e.Kind != "host" {
			return compiled.Both
		}
		if e.ends[0].Ranges != nil {
			return compiled.FamiliesOf(e.ends[0].Ranges)
		}
		return e.ends[0].Families
	}
	return named(src)&named(dst) == 0
}

// sshTest judges one destination and user of an entry of "sshTests".
func (p *Policy) sshTest(r TestResult, t grammar.SSHTest, left *effort) TestResult {
	if !left.takes(1) {
		return r.unjudged()
	}
	src, err := p.testEnd(t.Src.Text, t.SrcPosture)
	if err != nil {
		return p.noEnd(r, "source", err)
	}
	dst, err := p.testEnd(r.Target, nil)
	if err != nil {
		return p.noEnd(r, "destination", err)
	}
	// A pair is compared one by one here, which costs more than by sets.
	if !left.takes(8 * max(len(src.ends), 1) * max(len(dst.ends), 1) * max(len(p.Shell), 1)) {
		return r.unjudged()
	}
	a := p.session(src, dst, r.User)
	yes, no := a.accept, a.no
	switch r.Want {
	case "accept":
		no += a.check
	case "check":
		yes, no = a.check, a.no+a.accept
	case "deny":
		yes += a.check
	}
	return r.judge(yes, a.unknown, no, a.verdict().Rules, a.verdict().Unknown)
}

// testEnd finds an end of a test. Machine names and prefixes are none: the file does not
// have the one, and the service refuses the other.
func (p *Policy) testEnd(text string, attributes map[string]json.RawMessage) (Endpoint, error) {
	if text == "" {
		return Endpoint{}, fmt.Errorf("it is empty")
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return Endpoint{}, fmt.Errorf("%q is a range, and a test is about one host", text)
	}
	e, err := p.Endpoint(text)
	if err == nil && e.Kind == "device" {
		err = fmt.Errorf("%q is a machine name: give a host alias, a tag or an address", text)
	}
	if err != nil {
		return e, err
	}
	have := posture.Attributes{Values: map[string]any{}, Whole: true}
	for name, value := range attributes {
		var v any
		if json.Unmarshal(value, &v) == nil {
			have.Values[name] = v
		}
	}
	for i := range e.ends {
		e.ends[i].Attributes = &have
	}
	return e, nil
}

// one reports whether an end is one address or device.
func (p *Policy) one(e Endpoint) bool {
	if len(e.ends) != 1 || e.ends[0].Device >= 0 {
		return true
	}
	all := e.ends[0].Ranges.Ranges()
	return len(all) == 1 && all[0].From() == all[0].To()
}

// fails is a verdict that the test itself is wrong.
func (r TestResult) fails(why string) TestResult {
	r.Pass, r.Text = No, r.wanted()+": "+why
	return r
}

// noEnd is the verdict of a test that has no such end. It is not known where the end may
// be a person and not all people are.
func (p *Policy) noEnd(r TestResult, end string, err error) TestResult {
	r = r.fails("the " + end + " of the test is not one: " + err.Error())
	var absent *absentError
	if p.Net.Partial && errors.As(err, &absent) && strings.Contains(absent.name, "@") {
		r.Pass, r.Unknown = Unknown, []string{"whether there is " + absent.name}
	}
	return r
}

// wanted is the first half of the sentence.
func (r TestResult) wanted() string {
	as := ""
	if r.User != "" {
		as = " as " + r.User
	}
	return fmt.Sprintf("%s of %q to %q%s", r.Want, r.Src, r.Target, as)
}

// judge makes a verdict of how many pairs of source and destination do, may and do not.
func (r TestResult) judge(yes, unknown, no int, rules []Rule, doubts []string) TestResult {
	r.Unknown = append(r.Unknown, doubts...)
	bad, good := no, yes
	if r.Want == "deny" {
		bad, good = yes, no
	}
	switch {
	case bad > 0 || good+unknown == 0 && r.Want != "deny":
		r.Pass = No
	case unknown > 0 || len(r.Unknown) > 0:
		r.Pass = Unknown
	default:
		r.Pass = Yes
	}
	const most = 5 // rules are named
	var by []string
	for _, rule := range rules[:min(most, len(rules))] {
		by = append(by, fmt.Sprintf("%s[%d] (line %d)", rule.Section, rule.Index, rule.Line))
	}
	if more := len(rules) - most; more > 0 {
		by = append(by, fmt.Sprintf("and %d more", more))
	}
	so := "no rule allows it"
	switch {
	case len(by) > 0 && yes == 0:
		so = "it may be allowed by " + strings.Join(by, ", ")
	case len(by) > 0 && no > 0:
		so = "of some it is allowed, by " + strings.Join(by, ", ") + ", and of some not"
	case len(by) > 0:
		so = "it is allowed by " + strings.Join(by, ", ")
	}
	r.Text = map[Answer]string{Yes: "passes: ", No: "fails: ", Unknown: "is not known: "}[r.Pass] + r.wanted() + ": " + so
	return r
}
