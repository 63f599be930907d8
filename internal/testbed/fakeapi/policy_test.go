// SPDX-License-Identifier: MIT

package fakeapi

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func policyAnswers(t *testing.T, s *Server) map[string][]string {
	return map[string][]string{
		"previewRuleMatches": {send(t, s, "POST", "/tailnet/-/acl/preview?type=user&previewFor=alice@example.com", DefaultPolicy)},
	}
}

func TestPreview(t *testing.T) {
	const want = `{"matches":[{"users":["*"],"ports":["*:*"],"lineNumber":21}],"previewFor":"alice@example.com","type":"user"}`
	if got := policyAnswers(t, start(t, Options{}))["previewRuleMatches"][0]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestObey: what obeys the policy file is handed every one that is set, by whatever way,
// and may refuse it.
func TestObey(t *testing.T) {
	var handed []string
	s := start(t, Options{Obey: func(policy string) error {
		if strings.Contains(policy, "no") {
			return errors.New("too much")
		}
		handed = append(handed, policy)
		return nil
	}})
	if err := s.SetPolicy(`/* a */ {}`); err != nil {
		t.Fatal(err)
	}
	send(t, s, "POST", "/tailnet/-/acl", `/* b */ {}`)
	if resp, _ := try(t, s, "POST", "/tailnet/-/acl", `{`); resp.StatusCode != 400 {
		t.Errorf("a file that is none: got %d, want 400", resp.StatusCode)
	}
	if resp, text := try(t, s, "POST", "/tailnet/-/acl", `/* no */ {}`); resp.StatusCode != 500 || !strings.Contains(text, "too much") {
		t.Errorf("a file that is refused: got %d %s, want 500", resp.StatusCode, text)
	}
	if err := s.SetPolicy(`/* no */ {}`); err == nil {
		t.Error("setting a file that is refused: got no error")
	}
	if want := []string{`/* a */ {}`, `/* b */ {}`}; !slices.Equal(handed, want) || s.Policy() != want[1] {
		t.Errorf("got %q handed and %s set, want %q and the last", handed, s.Policy(), want)
	}
}
