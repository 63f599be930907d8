// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"net/http"
	"strings"
)

var contactsRoutes = []route{
	{"getContacts", "GET", "/tailnet/{tailnet}/contacts", []string{"account_settings:read"}, nil, (*Server).getContacts},
	{"updateContact", "PATCH", "/tailnet/{tailnet}/contacts/{contactType}", []string{"account_settings"}, nil, (*Server).updateContact},
	{"resendContactVerificationEmail", "POST", "/tailnet/{tailnet}/contacts/{contactType}/resend-verification-email", []string{"account_settings"}, nil, (*Server).resendContact},
}

// contact is one address. While it is unverified the fallback is written to.
type contact struct {
	Email             string `json:"email"`
	FallbackEmail     string `json:"fallbackEmail,omitempty"`
	NeedsVerification bool   `json:"needsVerification"`
}

// contactsState is what the tailnet has of this group.
type contactsState map[string]*contact

func newContactsState() contactsState {
	return contactsState{
		"account":  {Email: "alice@example.com"},
		"support":  {Email: "support@example.com", FallbackEmail: "alice@example.com", NeedsVerification: true},
		"security": {Email: "security@example.com"},
	}
}

func (s *Server) getContacts(*request) answer { return jsonAnswer(s.contacts) }

// updateContact keeps the last verified address as the fallback.
func (s *Server) updateContact(r *request) answer {
	c := s.contacts[r.params["contactType"]]
	if c == nil {
		return fail(http.StatusNotFound)
	}
	var body struct {
		Email string `json:"email"`
	}
	if json.Unmarshal(r.body, &body) != nil || !strings.Contains(body.Email, "@") {
		return fail(http.StatusBadRequest)
	}
	if body.Email != c.Email {
		if !c.NeedsVerification {
			c.FallbackEmail = c.Email
		}
		c.Email, c.NeedsVerification = body.Email, true
	}
	return done()
}

func (s *Server) resendContact(r *request) answer {
	switch c := s.contacts[r.params["contactType"]]; {
	case c == nil:
		return fail(http.StatusNotFound)
	case !c.NeedsVerification:
		return failWith(http.StatusBadRequest, "the contact needs no verification")
	}
	return done()
}
