// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"tailscale-mcp/internal/testbed/assistant/company"
	"tailscale-mcp/internal/testbed/assistant/expect"
)

// policyTasks ask about the policy file and change it.
func policyTasks() []task {
	return []task{
		{3, "who reaches tag:db:5432", "Who can reach port 5432 of the databases (tag:db)?", figures{"5", "7.6 kB", 5}, 1, reaching},
		{4, "bob to the printer, and why not", "Why can't bob print on office-printer (port 631)?", figures{"4", "1.7 kB", 4}, 1, printing},
		{5, "add a person to group:eng", "Put vera into group:eng.", figures{"3", "5.4 kB", 3}, 2, join},
		{6, "443 of tag:web to contractors, tested", "Let contractors reach port 443 of the web servers, and nothing else there, with a test. Who gains by it?", figures{"6", "6.7 kB", 6}, 2, open},
		{11, "who changed the policy last week", "Who changed the policy file in the last week, and what?", figures{"1", "0.8 kB", 1}, 1, changed},
		{20, "undo the last change of the policy", "Undo the last change of the policy file.", figures{"5", "26 kB", 5}, 2, undo},
	}
}

// explained is an answer of explain_access.
type explained struct {
	Answer string
	Layers []struct{ Layer, Holds, Text, Next string }
	Access []struct {
		Rule struct {
			Line int
			Text string
		}
		Sure         bool
		People, Tags []string
	}
}

// reaching compares who is named, and holds the lines of the rules against the file.
func reaching(ctx context.Context, t *try) error {
	var got explained
	if err := t.alice().read(ctx, "explain_access", object{"destination": "tag:db", "port": 5432}, &got); err != nil {
		return err
	}
	lines := strings.Split(t.company.Policy.Text, "\n")
	var people, tags []string
	for _, a := range got.Access {
		people, tags = append(people, a.People...), append(tags, a.Tags...)
		if !a.Sure {
			return fmt.Errorf("the rule of line %d is said to be unsure", a.Rule.Line)
		}
		if n := a.Rule.Line; n < 1 || n > len(lines) || !strings.HasPrefix(strings.TrimSpace(lines[n-1]), firstLine(a.Rule.Text)) {
			return fmt.Errorf("line %d of the file is not %q", n, a.Rule.Text)
		}
	}
	wantPeople, wantTags := expect.Reaching(t.company, t.company.Policy, "tag:db", expect.Port{Protocol: "tcp", Number: 5432})
	return first(same("the people", people, wantPeople), same("the tags", tags, wantTags))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}

// printing has two causes, of which neither may be missing.
func printing(ctx context.Context, t *try) error {
	people, _ := expect.Reaching(t.company, t.company.Policy, "office-printer", expect.Port{Protocol: "tcp", Number: 631})
	routers := expect.WaitingFor(t.company, t.company.Policy.Hosts["office-printer"])
	if slices.Contains(people, company.Login("bob")) || len(routers) != 1 {
		return errors.New("the company does not have the two causes")
	}
	var got explained
	if err := t.alice().read(ctx, "explain_access", object{"source": company.Login("bob"), "destination": "office-printer", "port": 631}, &got); err != nil {
		return err
	}
	causes := map[string]string{}
	for _, l := range got.Layers {
		if l.Holds == "no" {
			causes[l.Layer] += l.Text + " " + l.Next
		}
	}
	if got.Answer != "no" {
		return fmt.Errorf("the answer is %q", got.Answer)
	}
	return first(same("the causes", keysOf(causes), []string{"policy", "route"}), has("the cause", causes["route"], routers[0], "set_device_routes"))
}

// saved is the policy file as the API has it now.
func (t *try) saved() (company.Policy, error) { return company.ReadPolicy(t.st.api.Policy()) }

// changesBut expects a file to differ from the company's in what a function changes, and in
// nothing else: comments neither.
func (t *try) changesBut(change func(*company.Policy)) error {
	got, err := t.saved()
	if err != nil {
		return err
	}
	want, err := company.ReadPolicy(t.company.Policy.Text)
	if err != nil {
		return err
	}
	change(&want)
	before, after := comments(want.Text), comments(got.Text)
	want.Text, got.Text = "", ""
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("the saved file means %+v, want %+v", got, want)
	}
	return same("the comments", after, before)
}

// comments are those of a policy file.
func comments(text string) (all []string) {
	for line := range strings.Lines(text) {
		if _, comment, found := strings.Cut(line, "//"); found {
			all = append(all, strings.TrimSpace(comment))
		}
	}
	return all
}

func join(ctx context.Context, t *try) error {
	vera := company.Login("vera")
	question, err := t.alice().change(ctx, "edit_policy", object{"operations": []object{{"op": "add_member", "name": "group:eng", "member": vera}}}, &object{})
	if err != nil {
		return err
	}
	return first(
		has("the question", question, `groups "group:eng"`, vera+" of group:eng gains", "tag:dev"),
		lacks("the question", question, " loses "),
		t.changesBut(func(p *company.Policy) { p.Groups["group:eng"] = append(p.Groups["group:eng"], vera) }),
	)
}

func open(ctx context.Context, t *try) error {
	rule := company.Rule{Action: "accept", Src: []string{"group:contractors"}, Dst: []string{"tag:web:443"}}
	test := company.Test{Src: company.Login("dave"), Accept: []string{"tag:web:443"}, Deny: []string{"tag:web:22"}}
	question, err := t.alice().change(ctx, "edit_policy", object{"operations": []object{
		{"op": "add_rule", "section": "acls", "rule": object{"action": rule.Action, "src": rule.Src, "dst": rule.Dst}},
		{"op": "add_test", "rule": object{"src": test.Src, "accept": test.Accept, "deny": test.Deny}},
	}}, &object{})
	if err != nil {
		return err
	}
	after, err := t.saved()
	if err != nil {
		return err
	}
	byTCP := expect.Gaining(t.company, t.company.Policy, after, "tag:web", expect.Port{Protocol: "tcp", Number: 443})
	byUDP := expect.Gaining(t.company, t.company.Policy, after, "tag:web", expect.Port{Protocol: "udp", Number: 443})
	var both, udp []string
	effects, _, _ := strings.Cut(question, "@@")
	for effect := range strings.SplitSeq(effects, ";") {
		for _, p := range t.company.People {
			switch {
			case !strings.Contains(effect, p.Login):
			case strings.Contains(effect, " lose"):
				return fmt.Errorf("%s is said to lose something: %s", p.Login, effect)
			case strings.Contains(effect, "udp:443"):
				udp = append(udp, p.Login)
			case strings.Contains(effect, "port 443"):
				both = append(both, p.Login)
			}
		}
	}
	return first(
		same("who gains the port", both, byTCP), same("who gains it by udp alone", udp, without(byUDP, byTCP)),
		has("the question", question, "its tests pass"),
		t.changesBut(func(p *company.Policy) { p.ACLs, p.Tests = append(p.ACLs, rule), append(p.Tests, test) }),
	)
}

func changed(ctx context.Context, t *try) error {
	var got struct {
		Changes []struct{ Time, By, Difference string }
	}
	if err := t.alice().read(ctx, "policy_history", object{"start": "7d"}, &got); err != nil {
		return err
	}
	want := expect.SinceDays(t.company, 7)
	if len(got.Changes) != len(want) {
		return fmt.Errorf("%d changes are told, there were %d", len(got.Changes), len(want))
	}
	slices.Reverse(want)
	for i, c := range got.Changes {
		if c.By != want[i].By {
			return fmt.Errorf("the change of %s is said to be of %s, and is %s's", c.Time, c.By, want[i].By)
		}
		var added []string
		for line := range strings.Lines(c.Difference) {
			if rest, ok := strings.CutPrefix(line, "+"); ok {
				added = append(added, strings.TrimSpace(rest))
			}
		}
		if err := first(has("the time", c.Time, on(want[i].At)), same("what was added", added, want[i].Lines)); err != nil {
			return err
		}
	}
	return nil
}

func undo(ctx context.Context, t *try) error {
	last := t.company.Changes[len(t.company.Changes)-1]
	question, err := t.alice().change(ctx, "revert_policy", object{"change": "last"}, &object{})
	if err != nil {
		return err
	}
	if t.st.api.Policy() != last.Before {
		return errors.New("the file is not the one before the last change")
	}
	return has("the question", question, last.By, "-\t\t\t"+last.Lines[0])
}
