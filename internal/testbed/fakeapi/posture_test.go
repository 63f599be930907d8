// SPDX-License-Identifier: MIT

package fakeapi

import "testing"

func postureAnswers(t *testing.T, s *Server) map[string][]string {
	return map[string][]string{
		"getPostureIntegrations":   {get(t, s, "/tailnet/-/posture/integrations")},
		"getPostureIntegration":    {get(t, s, "/posture/integrations/pIntuneDEVEL")},
		"updatePostureIntegration": {send(t, s, "PATCH", "/posture/integrations/pIntuneDEVEL", `{"clientId":"other"}`)},
		"createPostureIntegration": {
			send(t, s, "POST", "/tailnet/-/posture/integrations", `{"provider":"jamfpro","cloudId":"x.jamfcloud.com","clientId":"c","tenantId":"t","clientSecret":"s"}`),
		},
	}
}
