// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/testbed/assistant/company"
	"tailscale-mcp/internal/testbed/assistant/expect"
)

// personTasks are about one person, and about everybody.
func personTasks() []task {
	return []task{
		{13, "onboard a person", "Yara starts on Monday, in support: invite yara@example.com and put her into group:support.", figures{"9", "7.5 kB", 9}, 3, onboard},
		{14, "offboard a person", "Bob has left. What of his is there? Cut him off, and take him out of the policy file.", figures{"40 to 50", "14 kB", 45}, 3, offboard},
		{19, "everything risky", "What in this tailnet is risky? Of devices and shares I want to know everything.", figures{"17", "35 kB", 17}, 2, audit},
	}
}

func onboard(ctx context.Context, t *try) error {
	yara := company.Login("yara")
	invitation, err := t.alice().change(ctx, "create_user_invites", object{"emails": []string{yara}}, &object{})
	if err != nil {
		return err
	}
	question, err := t.alice().change(ctx, "edit_policy", object{"operations": []object{{"op": "add_member", "name": "group:support", "member": yara}}}, &object{})
	if err != nil {
		return err
	}
	return first(
		has("the invitation", invitation, yara, "member"), has("the question", question, `groups "group:support"`, yara),
		t.changesBut(func(p *company.Policy) { p.Groups["group:support"] = append(p.Groups["group:support"], yara) }),
	)
}

// step is one of those that end what there is of a person.
type step struct {
	Tool      string
	Arguments object
}

// offboard has everything of bob's shown by the first call, which proposes the others too,
// and cuts him off. The steps that remain are not part of the task; they are made all the
// same, to see that they end the rest.
func offboard(ctx context.Context, t *try) error {
	bob := company.Login("bob")
	a := t.aliceAsked()
	text, refused, err := a.call(ctx, "offboard_person", object{"person": bob})
	if err != nil || refused {
		return fmt.Errorf("offboard_person: %s (%w)", text, err)
	}
	var got struct{ Steps []step }
	if err := decode(text, &got); err != nil {
		return err
	}
	of := expect.Of(t.company, bob)
	var all []string
	for _, some := range [][]string{of.Devices, of.Tagged, of.Keys, of.Invites, of.Webhooks, of.Places} {
		all = append(all, some...)
	}
	if err := has("what is there of him", text, all...); err != nil {
		return err
	}
	counted, rest := a.cost, &cost{}
	defer func() { a.cost = counted }()
	steps := 0
	for _, s := range got.Steps {
		if s.Tool == "" {
			continue // something to decide
		}
		steps++
		if a.cost = rest; s.Tool == "suspend_user" || s.Tool == "edit_policy" {
			a.cost = counted
		}
		if _, err := a.change(ctx, s.Tool, s.Arguments, &object{}); err != nil {
			return err
		}
	}
	t.note = fmt.Sprintf("her client asks her; the %d steps proposed leave nothing", steps)
	return t.gone(ctx, bob, of)
}

// gone expects nothing to be left of a person.
func (t *try) gone(ctx context.Context, login string, of expect.Belongings) error {
	for _, name := range of.Devices {
		if _, there := t.now(name); there {
			return fmt.Errorf("%s is still there", name)
		}
	}
	p, err := t.saved()
	if err != nil {
		return err
	}
	if n := expect.Mentions(p, login); n > 0 {
		return fmt.Errorf("the policy file still names %s, %d times", login, n)
	}
	for path, those := range map[string][]string{"/tailnet/-/keys?all=true": of.Keys, "/tailnet/-/user-invites": of.Invites, "/tailnet/-/users": {login}} {
		text, err := t.st.get(ctx, path)
		if err != nil {
			return err
		}
		if err := lacks(path, text, those...); err != nil {
			return err
		}
	}
	return nil
}

// finding is a risk as it is told.
type finding struct {
	Risk  string
	Where []string
}

// audit reads the findings, and two areas in full. Of the others it takes the counts for
// what the first answer leaves out.
func audit(ctx context.Context, t *try) error {
	var got struct {
		Findings []finding
		More     string
		NotRead  []string
	}
	if err := t.aliceAsked().read(ctx, "audit_tailnet", nil, &got); err != nil {
		return err
	}
	all, full := got.Findings, []string{"devices", "shares"}
	for _, area := range full {
		var part struct{ Findings []finding }
		if err := t.aliceAsked().read(ctx, "audit_tailnet", object{"about": area}, &part); err != nil {
			return err
		}
		all = append(part.Findings, all...) // what is told in full before what is not
	}
	for _, want := range expect.Risks(t.company) {
		i := slices.IndexFunc(all, func(f finding) bool { return strings.Contains(f.Risk, want.Words) })
		if i < 0 && !slices.Contains(full, want.Area) && strings.Contains(got.More, want.Area) {
			continue
		}
		if i < 0 {
			return fmt.Errorf("nothing is told of %s", want.Words)
		}
		if err := covers(all[i], want.About); err != nil {
			return err
		}
	}
	if i := slices.IndexFunc(all, func(f finding) bool { return strings.Contains(f.Risk, "every port of every device") }); i < 0 || len(all[i].Where) != 1 {
		return fmt.Errorf("the rule for everything is not told: %+v", all)
	}
	if len(got.NotRead) > 0 {
		return fmt.Errorf("was not read: %q", got.NotRead)
	}
	return nil
}

// covers expects a finding to name exactly some, or the first of them and how many more.
func covers(f finding, want []string) error {
	var named []string
	more := 0
	for _, where := range f.Where {
		if _, err := fmt.Sscanf(where, "and %d more", &more); err == nil {
			continue
		}
		name, _, _ := strings.Cut(where, " ")
		named = append(named, label(name))
	}
	var labels []string
	for _, name := range want {
		labels = append(labels, label(name))
	}
	if wrong := without(named, labels); len(wrong) > 0 || len(named)+more != len(want) {
		return fmt.Errorf("%s: told %q and %d more, want %q", f.Risk, named, more, want)
	}
	return nil
}
