// SPDX-License-Identifier: MIT

package fakeapi

import "net/http"

func (s *Server) previewRules(r *request) answer {
	kind, subject := r.query.Get("type"), r.query.Get("previewFor")
	if kind != "user" && kind != "ipport" || subject == "" {
		return fail(http.StatusBadRequest)
	}
	p, err := newPolicyFile(string(r.body))
	if err != nil {
		return failWith(http.StatusBadRequest, err.Error())
	}
	matches, err := s.matches(p.file, kind, subject)
	if err != nil {
		return fail(http.StatusBadRequest)
	}
	return jsonAnswer(map[string]any{"matches": matches, "type": kind, "previewFor": subject})
}
