// SPDX-License-Identifier: MIT

package fakeapi

import (
	"strings"
	"testing"
)

// webhooksAnswers are answers of the operations that have documented fields.
func webhooksAnswers(t *testing.T, s *Server) map[string][]string {
	const list, one = "/tailnet/-/webhooks", "/webhooks/123456"
	return map[string][]string{
		"listWebhooks":        {get(t, s, list)},
		"getWebhook":          {get(t, s, one)},
		"createWebhook":       {send(t, s, "POST", list, `{"endpointUrl":"https://example.com/new","providerType":"discord","subscriptions":["nodeCreated"]}`)},
		"updateWebhook":       {send(t, s, "PATCH", one, `{"subscriptions":["nodeDeleted","policyUpdate"]}`)},
		"rotateWebhookSecret": {send(t, s, "POST", one+"/rotate", "")},
	}
}

func TestWebhooks(t *testing.T) {
	s := start(t, Options{})
	webhooksAnswers(t, s)
	if got := get(t, s, "/webhooks/123456"); !strings.Contains(got, `["nodeDeleted","policyUpdate"]`) || strings.Contains(got, "secret") {
		t.Errorf("got %s, want the new subscriptions and no secret", got)
	}
	if got := get(t, s, "/webhooks/123458"); !strings.Contains(got, `"creatorLoginName":"alice@example.com"`) {
		t.Errorf("got %s, want the one that was created", got)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/tailnet/-/webhooks", `{"endpointUrl":"http://example.com/","subscriptions":["nodeCreated"]}`, 400},
		{"POST", "/tailnet/-/webhooks", `{"endpointUrl":"https://example.com/","subscriptions":[]}`, 400},
		{"POST", "/tailnet/-/webhooks", `{"endpointUrl":"https://example.com/","subscriptions":["nodeCreated"],"providerType":"irc"}`, 400},
		{"PATCH", "/webhooks/123456", `{"subscriptions":["lunch"]}`, 400},
		{"PATCH", "/webhooks/7", `{"subscriptions":["nodeCreated"]}`, 404},
		{"GET", "/webhooks/7", "", 404},
		{"POST", "/webhooks/7/test", "", 404},
		{"POST", "/webhooks/7/rotate", "", 404},
		{"POST", "/webhooks/123456/test", "", 202},
		{"DELETE", "/webhooks/123456", "", 200},
		{"DELETE", "/webhooks/123456", "", 404},
	} {
		if resp, text := try(t, s, c.method, c.path, c.body); resp.StatusCode != c.status {
			t.Errorf("%s %s %s: got %d %s, want %d", c.method, c.path, c.body, resp.StatusCode, text, c.status)
		}
	}
	s.Reset()
	if got := get(t, s, "/tailnet/-/webhooks"); strings.Count(got, "endpointId") != 2 || !strings.Contains(got, "nodeCreated") {
		t.Errorf("got %s after a reset, want the first two", got)
	}
}
