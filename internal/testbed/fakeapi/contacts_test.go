// SPDX-License-Identifier: MIT

package fakeapi

import (
	"net/http"
	"strings"
	"testing"
)

func contactsAnswers(t *testing.T, s *Server) map[string][]string {
	return map[string][]string{"getContacts": {get(t, s, "/tailnet/-/contacts")}}
}

func TestContacts(t *testing.T) {
	s := start(t, Options{})
	const path = "/tailnet/-/contacts/security"
	if resp, _ := try(t, s, "POST", path+"/resend-verification-email", ""); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got %d for a verified address, want 400", resp.StatusCode)
	}
	send(t, s, "PATCH", path, `{"email":"sec@example.com"}`)
	send(t, s, "POST", path+"/resend-verification-email", "")
	const want = `"security":{"email":"sec@example.com","fallbackEmail":"security@example.com","needsVerification":true}`
	if got := contactsAnswers(t, s)["getContacts"][0]; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if resp, _ := try(t, s, "PATCH", "/tailnet/-/contacts/billing", `{"email":"a@example.com"}`); resp.StatusCode != http.StatusNotFound {
		t.Errorf("got %d for no contact, want 404", resp.StatusCode)
	}
}
