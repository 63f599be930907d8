// SPDX-License-Identifier: MIT

package catalog

import (
	"strings"
	"testing"
)

// TestPromptsAsGiven: each prompt speaks of its tools with whatever arguments, has
// the defaults, and holds no more of an argument than one short line.
func TestPromptsAsGiven(t *testing.T) {
	set := prompts(nil)
	if len(set.Prompts) != 5 {
		t.Errorf("got %d prompts, want 5", len(set.Prompts))
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
