// SPDX-License-Identifier: MIT

package fakeapi

import "testing"

func usersAnswers(t *testing.T, s *Server) map[string][]string {
	return map[string][]string{
		"listUsers": {get(t, s, "/tailnet/-/users")},
		"getUser":   {get(t, s, "/users/123456")},
	}
}
