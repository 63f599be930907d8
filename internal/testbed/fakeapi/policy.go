// SPDX-License-Identifier: MIT

package fakeapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// DefaultPolicy is the policy file of a server that was given none.
const DefaultPolicy = `// The policy of the example tailnet.
{
	// Who may give which tags.
	"tagOwners": {
		"tag:web":     ["group:ops"],
		"tag:db":      ["group:ops"],
		"tag:cache":   ["group:ops"],
		"tag:build":   ["group:ops"],
		"tag:queue":   ["group:ops"],
		"tag:metrics": ["group:ops"],
		"tag:gateway": ["group:ops"],
		"tag:backup":  ["group:ops"],
		"tag:prod":    ["group:ops"],
		"tag:staging": ["group:ops"],
	},
	"groups": {
		"group:ops": ["alice@example.com", "bob@example.com"],
	},
	"grants": [
		// Everybody reaches everything, for now.
		{"src": ["*"], "dst": ["*"], "ip": ["*"]},
	],
}
`

// Finding is one entry of a validation's reply.
type Finding struct {
	User     string   `json:"user"`
	Errors   []string `json:"errors,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

type policyFile struct {
	hujson  string
	json    []byte // the same, without comments
	tags    map[string]json.RawMessage
	changed bool // somebody has set it: it is no longer the default
	// what validations answer, if message is set
	message  string
	findings []Finding
}

// policySections are the top-level keys of a policy file
// (https://tailscale.com/kb/1337/policy-syntax).
var policySections = []string{
	"acls", "autoApprovers", "groups", "hosts", "tagOwners", "derpMap", "tests", "sshTests", "ssh", "nodeAttrs",
	"disableIPv4", "oneCGNATRoute", "randomizeClientPort", "grants", "ipsets", "postures", "defaultSrcPosture", "attrConfig",
}

// newPolicyFile reads a policy file as far as this fake understands it: syntax,
// the names of sections, tag owners.
func newPolicyFile(text string) (policyFile, error) {
	standard, err := hujson.Standardize([]byte(text))
	if err != nil {
		return policyFile{}, err
	}
	var sections map[string]json.RawMessage
	if err := json.Unmarshal(standard, &sections); err != nil {
		return policyFile{}, errors.New("the policy file must be an object")
	}
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		known := func(section string) bool { return strings.EqualFold(name, section) }
		if !slices.ContainsFunc(policySections, known) {
			return policyFile{}, fmt.Errorf("unknown field %q", name)
		}
	}
	p := policyFile{hujson: text}
	if owners, ok := sections["tagOwners"]; ok {
		if err := json.Unmarshal(owners, &p.tags); err != nil {
			return policyFile{}, errors.New("tagOwners must be an object")
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, standard); err != nil {
		return policyFile{}, err
	}
	p.json = compact.Bytes()
	return p, nil
}

func (p *policyFile) hasTag(tag string) bool { _, ok := p.tags[tag]; return ok }

// etag is quoted, as RFC 9110 §8.8.3 has it.
func (p *policyFile) etag() string {
	sum := sha256.Sum256([]byte(p.hujson))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// Policy returns the policy file, in HuJSON.
func (s *Server) Policy() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.policy.hujson
}

// SetValidation makes every validation of a readable policy, and of tests, answer
// with a message such as "test(s) failed"; the empty string lets them pass again.
// This fake evaluates no rules.
func (s *Server) SetValidation(message string, findings ...Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policy.message, s.policy.findings = message, findings
}

func (s *Server) getPolicyFile(r *request) answer {
	if r.query.Get("details") == "true" {
		a := jsonAnswer(map[string]any{
			"acl":      base64.StdEncoding.EncodeToString([]byte(s.policy.hujson)),
			"warnings": nil,
			"errors":   nil,
		})
		a.header = map[string]string{"ETag": s.policy.etag()}
		return a
	}
	return s.policyAnswer(r)
}

// policyAnswer answers in the form that Accept names: application/json means
// JSON, anything else HuJSON.
func (s *Server) policyAnswer(r *request) answer {
	a := answer{
		status:      http.StatusOK,
		contentType: "application/hujson",
		header:      map[string]string{"ETag": s.policy.etag()},
		body:        []byte(s.policy.hujson),
	}
	if r.header.Get("Accept") == "application/json" {
		a.contentType, a.body = "application/json", s.policy.json
	}
	return a
}

func (s *Server) setPolicyFile(r *request) answer {
	if match := r.header.Get("If-Match"); match != "" {
		untouched := strings.Trim(match, `"`) == "ts-default" && !s.policy.changed
		if match != s.policy.etag() && !untouched {
			return fail(http.StatusPreconditionFailed)
		}
	}
	p, err := newPolicyFile(string(r.body))
	if err != nil {
		return failWith(http.StatusBadRequest, err.Error())
	}
	if s.policy.message == "test(s) failed" {
		a := jsonAnswer(map[string]any{"message": s.policy.message, "data": s.policy.findings})
		a.status = http.StatusBadRequest
		return a
	}
	s.replacePolicy(p, r.grant.actor(), "CONFIG_API")
	return s.policyAnswer(r)
}

func (s *Server) validatePolicyFile(r *request) answer {
	standard, err := hujson.Standardize(bytes.Clone(r.body)) // it writes over what it reads
	if err != nil {
		return failWith(http.StatusBadRequest, err.Error())
	}
	if bytes.HasPrefix(bytes.TrimSpace(standard), []byte("[")) {
		var tests []struct {
			Source string `json:"src"`
		}
		if err := json.Unmarshal(standard, &tests); err != nil {
			return fail(http.StatusBadRequest)
		}
		for _, t := range tests {
			if t.Source == "" {
				return failWith(http.StatusBadRequest, "a test has no src")
			}
		}
	} else if _, err := newPolicyFile(string(r.body)); err != nil {
		return failWith(http.StatusBadRequest, err.Error())
	}
	if s.policy.message != "" {
		return jsonAnswer(map[string]any{"message": s.policy.message, "data": s.policy.findings})
	}
	return done()
}
