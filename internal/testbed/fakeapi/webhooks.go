// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

var webhooksRoutes = []route{
	{"listWebhooks", "GET", "/tailnet/{tailnet}/webhooks", []string{"webhooks:read"}, nil, (*Server).listWebhooks},
	{"createWebhook", "POST", "/tailnet/{tailnet}/webhooks", []string{"webhooks"}, nil, (*Server).createWebhook},
	{"getWebhook", "GET", "/webhooks/{endpointId}", []string{"webhooks:read"}, nil, (*Server).getWebhook},
	{"updateWebhook", "PATCH", "/webhooks/{endpointId}", []string{"webhooks"}, nil, (*Server).updateWebhook},
	{"deleteWebhook", "DELETE", "/webhooks/{endpointId}", []string{"webhooks"}, nil, (*Server).deleteWebhook},
	{"testWebhook", "POST", "/webhooks/{endpointId}/test", []string{"webhooks"}, nil, (*Server).testWebhook},
	{"rotateWebhookSecret", "POST", "/webhooks/{endpointId}/rotate", []string{"webhooks"}, nil, (*Server).rotateWebhookSecret},
}

// webhooksState is what the tailnet has of this group.
type webhooksState struct {
	rows    []*webhook
	next    int // the ID of the next one
	secrets int // how many were made
}

// webhook is one, without its secret: that is in two answers only.
type webhook struct {
	EndpointID       string   `json:"endpointId"`
	EndpointURL      string   `json:"endpointUrl"`
	ProviderType     string   `json:"providerType"` // empty: Tailscale's own format
	CreatorLoginName string   `json:"creatorLoginName"`
	Created          string   `json:"created"`
	LastModified     string   `json:"lastModified"`
	Subscriptions    []string `json:"subscriptions"`
}

func newWebhooksState() webhooksState {
	const then = "2022-12-01T05:23:30Z"
	return webhooksState{next: 123458, rows: []*webhook{
		{"123456", "https://example.com/endpoint", "slack", "alice@example.com", then, then, []string{"nodeCreated", "userDeleted"}},
		// Made by an OAuth client, which is nobody.
		{"123457", "https://hooks.example.com/plain", "", "", then, then, []string{"policyUpdate"}},
	}}
}

// The values of the API document, and two that only the official client knows.
var (
	webhookProviders = []string{"", "slack", "mattermost", "googlechat", "discord"}
	webhookEvents    = []string{
		"nodeCreated", "nodeNeedsApproval", "nodeApproved", "nodeKeyExpiringInOneDay", "nodeKeyExpired", "nodeDeleted", "nodeSigned",
		"nodeNeedsSignature", "policyUpdate", "userCreated", "userNeedsApproval", "userSuspended", "userRestored", "userDeleted",
		"userApproved", "userRoleUpdated", "subnetIPForwardingNotEnabled", "exitNodeIPForwardingNotEnabled",
		"categoryTailnetManagement", "categoryDeviceMisconfigurations",
	}
)

func validSubscriptions(events []string) bool {
	return len(events) > 0 && !slices.ContainsFunc(events, func(e string) bool { return !slices.Contains(webhookEvents, e) })
}

func (s *Server) webhook(r *request) *webhook {
	for _, w := range s.webhooks.rows {
		if w.EndpointID == r.params["endpointId"] {
			return w
		}
	}
	return nil
}

// withSecret answers with a webhook and a new secret, which is kept nowhere.
func (s *Server) withSecret(w *webhook) answer {
	s.webhooks.secrets++
	return jsonAnswer(struct {
		webhook
		Secret string `json:"secret"`
	}{*w, fmt.Sprintf("tskey-webhook-%s-fake%d", w.EndpointID, s.webhooks.secrets)})
}

func (s *Server) listWebhooks(*request) answer {
	return jsonAnswer(map[string]any{"webhooks": s.webhooks.rows})
}

func (s *Server) createWebhook(r *request) answer {
	var body webhook
	if json.Unmarshal(r.body, &body) != nil {
		return fail(http.StatusBadRequest)
	}
	u, err := url.Parse(body.EndpointURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || !slices.Contains(webhookProviders, body.ProviderType) || !validSubscriptions(body.Subscriptions) {
		return fail(http.StatusBadRequest)
	}
	now := s.now().UTC().Format(time.RFC3339)
	w := &webhook{fmt.Sprint(s.webhooks.next), body.EndpointURL, body.ProviderType, r.grant.user, now, now, body.Subscriptions}
	s.webhooks.next++
	s.webhooks.rows = append(s.webhooks.rows, w)
	return s.withSecret(w)
}

func (s *Server) getWebhook(r *request) answer {
	w := s.webhook(r)
	if w == nil {
		return fail(http.StatusNotFound)
	}
	return jsonAnswer(w)
}

func (s *Server) updateWebhook(r *request) answer {
	w := s.webhook(r)
	if w == nil {
		return fail(http.StatusNotFound)
	}
	var body struct {
		Subscriptions []string `json:"subscriptions"`
	}
	if json.Unmarshal(r.body, &body) != nil || !validSubscriptions(body.Subscriptions) {
		return fail(http.StatusBadRequest)
	}
	w.Subscriptions, w.LastModified = body.Subscriptions, s.now().UTC().Format(time.RFC3339)
	return jsonAnswer(w)
}

func (s *Server) deleteWebhook(r *request) answer {
	w := s.webhook(r)
	if w == nil {
		return fail(http.StatusNotFound)
	}
	s.webhooks.rows = slices.DeleteFunc(s.webhooks.rows, func(o *webhook) bool { return o == w })
	return done()
}

// testWebhook sends nothing: this fake has no network.
func (s *Server) testWebhook(r *request) answer {
	if s.webhook(r) == nil {
		return fail(http.StatusNotFound)
	}
	a := done()
	a.status = http.StatusAccepted
	return a
}

func (s *Server) rotateWebhookSecret(r *request) answer {
	w := s.webhook(r)
	if w == nil {
		return fail(http.StatusNotFound)
	}
	w.LastModified = s.now().UTC().Format(time.RFC3339)
	return s.withSecret(w)
}
