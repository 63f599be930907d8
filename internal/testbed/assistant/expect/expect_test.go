// SPDX-License-Identifier: MIT

package expect_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed/assistant/company"
	"tailscale-mcp/internal/testbed/assistant/expect"
)

// TestIndependent: of this module, what judges has the company's data in it and nothing
// else, so that no mistake of the product is expected too.
func TestIndependent(t *testing.T) {
	const module = "tailscale-mcp/"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", module+"internal/testbed/assistant/expect").Output()
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	for name := range strings.FieldsSeq(string(out)) {
		if rest, ok := strings.CutPrefix(name, module); ok {
			ours = append(ours, strings.TrimPrefix(rest, "internal/testbed/assistant/"))
		}
	}
	if !slices.Equal(ours, []string{"company", "expect"}) {
		t.Errorf("package expect contains %v", ours)
	}
}

// What is expected, as somebody who reads the company's file and lists would say it: the
// computing is checked by hand here.
func TestByHand(t *testing.T) {
	c, err := company.New(time.Now(), 8080)
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, got any, want string) {
		t.Helper()
		if text := strings.Trim(fmt.Sprint(got), "[]"); text != want {
			t.Errorf("%s: got %s, want %s", what, text, want)
		}
	}
	people := func(logins []string) string {
		return strings.ReplaceAll(strings.Join(logins, " "), "@"+company.Domain, "")
	}

	same("offline", expect.Offline(c, 60), "attic-pi dev-5 jack-laptop nas-old old-mac uma-tablet")
	same("outdated", expect.Outdated(c), "attic-pi db-2 dev-5 jack-laptop old-mac web-3")
	same("unused", expect.Unused(c), "gina-mini hugo-desk xenia-pc")
	same("hoarders", people(expect.Hoarders(c)), "gina hugo")
	devices, keys := expect.Ending(c, 14)
	same("ending", devices, "bob-phone tom-phone uma-tablet")
	same("ending keys", keys, "kApi7CNTRL kAuth7CNTRL")
	logins, tags := expect.Reaching(c, c.Policy, "tag:db", expect.Port{Protocol: "tcp", Number: 5432})
	same("people of tag:db", people(logins), "alice bob ines kate")
	same("tags of tag:db", tags, "tag:backup tag:web")
	same("waiting for the printer", expect.WaitingFor(c, c.Policy.Hosts["office-printer"]), "office-router")
	after := c.Policy
	after.ACLs = append(slices.Clone(after.ACLs), company.Rule{Src: []string{"group:contractors"}, Dst: []string{"tag:web:443"}})
	same("gaining", people(expect.Gaining(c, c.Policy, after, "tag:web", expect.Port{Protocol: "tcp", Number: 443})), "dave mona")
	same("gaining by udp", people(expect.Gaining(c, c.Policy, after, "tag:web", expect.Port{Protocol: "udp", Number: 443})), "dave liam mona")
	bob := expect.Of(c, company.Login("bob"))
	same("bob's devices", bob.Devices, "bob-laptop bob-phone")
	same("bob's tagged devices", bob.Tagged, "build-1 build-2 build-3 db-2")
	same("bob's keys", bob.Keys, "kAuth7CNTRL")
	same("bob's invitations", bob.Invites, "29301 12401")
	same("bob's places", bob.Places, "grants group:eng group:ops tag:ci tests")
	same("bob's mentions", expect.Mentions(c.Policy, company.Login("bob")), "5")
	peers, err := expect.Peers(c, company.Web, c.Now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	same("peers", peers, "map[10.40.0.53:{720 1440} db-1:{240015 5400015} gina-laptop:{1800000 72000} paul-laptop:{100000 4000}")
	if changes := expect.SinceDays(c, 7); len(changes) != 2 || changes[0].By != company.Login("alice") || changes[1].By != company.Login("kate") {
		t.Errorf("last week: got %+v", changes)
	}
}
