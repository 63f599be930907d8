// SPDX-License-Identifier: MIT

package fakeapi

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
)

// mostLogged bounds the entries of what was really done, of which the oldest go: each
// holds two whole policy files.
const mostLogged = 200

// SetPolicy replaces the policy file, as alice would in the admin console.
func (s *Server) SetPolicy(text string) error { return s.SetPolicyBy("alice@example.com", text) }

// SetPolicyBy replaces the policy file, as somebody would in the admin console.
func (s *Server) SetPolicyBy(login, text string) error {
	p, err := newPolicyFile(text)
	if err != nil {
		return fmt.Errorf("reading the policy file: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replacePolicy(p, person(login), "ADMIN_CONSOLE")
}

// replacePolicy makes p the policy file, and enters that in the log as the service
// does: with the whole file before and after. How these are written there is not
// documented; here they are texts, since the log shows changes of comments too. It fails
// where [Options].Obey does.
func (s *Server) replacePolicy(p policyFile, actor map[string]any, origin string) error {
	if s.options.Obey != nil {
		if err := s.options.Obey(p.hujson); err != nil {
			return fmt.Errorf("the policy file is not obeyed: %w", err)
		}
	}
	at := s.now().UTC().Truncate(time.Microsecond)
	if !at.After(s.logs.last) {
		at = s.logs.last.Add(time.Microsecond) // two changes have two times
	}
	s.logs.last = at
	sum := sha256.Sum256(fmt.Append(nil, "done", at.UnixMicro()))
	s.logs.done = append(s.logs.done, auditEntry{
		Action: "UPDATE", Actor: actor, Origin: origin, Type: "CONFIG",
		DeferredAt: "0001-01-01T00:00:00Z", EventGroupID: fmt.Sprintf("%x", sum[:16]), EventTime: at.Format(micro),
		Target: map[string]any{"id": s.options.Organization, "name": s.options.Organization, "type": "TAILNET", "property": "ACL"},
		Old:    s.policy.hujson, New: p.hujson,
	})
	if more := len(s.logs.done) - mostLogged; more > 0 {
		s.logs.done = slices.Delete(s.logs.done, 0, more)
	}
	p.changed, p.message, p.findings = true, s.policy.message, s.policy.findings
	s.policy = p
	return nil
}

// person is a user as an entry has one.
func person(login string) map[string]any {
	ids := map[string]string{"alice@example.com": "uZKk3KSfrH11DEVEL", "bob@example.com": "uBob2CNTRL"}
	name, _, _ := strings.Cut(login, "@")
	id, known := ids[login]
	if !known {
		id = "u" + name + "CNTRL"
	}
	return map[string]any{"id": id, "type": "USER", "loginName": login, "displayName": strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):] + " Example"}
}

// actor is who holds a token, as an entry has it.
func (g grant) actor() map[string]any {
	if g.user != "" {
		return person(g.user)
	}
	return map[string]any{"id": g.client, "type": "OAUTH_CLIENT"}
}

// doneWithin are the entries of what was really done within a window.
func (s *Server) doneWithin(start, end time.Time) (found []auditEntry) {
	for _, e := range s.logs.done {
		if at, err := time.Parse(time.RFC3339, e.EventTime); err == nil && !at.Before(start) && !at.After(end) {
			found = append(found, e)
		}
	}
	return found
}
