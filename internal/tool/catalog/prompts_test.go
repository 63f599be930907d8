// SPDX-License-Identifier: MIT

package catalog

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
)

// TestPromptsAsGiven: each prompt speaks of its tools with whatever arguments, has
// the defaults, and holds no more of an argument than one short line.
func TestPromptsAsGiven(t *testing.T) {
	set := prompts(nil)
	if len(set.Prompts) != 7 {
		t.Errorf("got %d prompts, want 7", len(set.Prompts))
	}
	for _, p := range set.Prompts {
		arguments := map[string]string{}
		for _, a := range p.Arguments {
			arguments[a.Name] = "first\nsecond" + strings.Repeat("x", 1000)
		}
		for _, text := range []string{p.Render(nil), p.Render(arguments)} {
			for _, name := range p.Tools {
				if !strings.Contains(text, name) {
					t.Errorf("%s: the text does not speak of %s", p.Name, name)
				}
			}
			if strings.Contains(text, "%!") || strings.Contains(text, "first\n") || strings.Contains(text, strings.Repeat("x", 300)) {
				t.Errorf("%s: got %s", p.Name, text)
			}
		}
	}
}

func TestRolesAreCompleted(t *testing.T) {
	got, err := roles(t.Context(), "A")
	if err != nil || strings.Join(got, " ") != "admin auditor" {
		t.Errorf("got %q, %v", got, err)
	}
}

// A tag is a target as a device is: it is offered, and asked about as it was given.
func TestWhoCanReachATag(t *testing.T) {
	r := newRig(t, setup{})
	r.fake.SetDevices([]fakeapi.Device{{Hostname: "db-1", Tags: []string{"tag:db"}, Addresses: []string{"100.64.0.1"}}})
	p := whoCanReach(r.api)
	offered, err := p.Arguments[0].Complete(t.Context(), "tag:d")
	if err != nil || strings.Join(offered, " ") != "tag:db" {
		t.Errorf("got %q, %v", offered, err)
	}
	if offered, err = p.Arguments[0].Complete(t.Context(), "db"); err != nil || len(offered) != 2 {
		t.Errorf("got %q, %v", offered, err)
	}
	text := p.Render(map[string]string{"target": "tag:db"})
	if !strings.Contains(text, `"tag:db"`) || strings.Contains(text, "get_device_info") || !strings.Contains(text, "a tag, alias or address is as good as a device") {
		t.Errorf("got %s", text)
	}
}
