// SPDX-License-Identifier: MIT

package fakeapi

import "testing"

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
