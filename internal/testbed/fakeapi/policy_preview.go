// SPDX-License-Identifier: MIT

package fakeapi

import (
	"net/http"
	"strings"
)

// previewRules answers with one match of everything: this fake evaluates no rules.
func (s *Server) previewRules(r *request) answer {
	kind, subject := r.query.Get("type"), r.query.Get("previewFor")
	if kind != "user" && kind != "ipport" || subject == "" {
		return fail(http.StatusBadRequest)
	}
	text := string(r.body)
	if _, err := newPolicyFile(text); err != nil {
		return failWith(http.StatusBadRequest, err.Error())
	}
	type rule struct {
		Users      []string `json:"users"`
		Ports      []string `json:"ports"`
		LineNumber int      `json:"lineNumber"`
	}
	matches := []rule{}
	if before, _, ok := strings.Cut(text, `{"src": ["*"]`); ok {
		matches = append(matches, rule{[]string{"*"}, []string{"*:*"}, 1 + strings.Count(before, "\n")})
	}
	return jsonAnswer(map[string]any{"matches": matches, "type": kind, "previewFor": subject})
}
