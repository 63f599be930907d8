// SPDX-License-Identifier: MIT

package fakeapi

import "testing"

// organizationAnswers are the answers of this group by operation.
func organizationAnswers(t *testing.T, s *Server) map[string][]string {
	t.Helper()
	const tailnets = "/organizations/-/tailnets"
	return map[string][]string{
		"listOrganizationTailnets":  {get(t, s, tailnets+"?limit=1")},
		"createOrganizationTailnet": {send(t, s, "POST", tailnets, `{"displayName":"Bob's lab-2"}`)},
	}
}
