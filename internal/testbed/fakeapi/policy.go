// SPDX-License-Identifier: MIT

package fakeapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/policy/grammar"
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
	file    *grammar.File
	changed bool // somebody has set it: it is no longer the default
	// what validations answer, if message is set
	message  string
	findings []Finding
}

// newPolicyFile reads a policy file, and refuses what the service refuses.
func newPolicyFile(text string) (policyFile, error) {
	file, err := grammar.Parse(text)
	if err != nil {
		return policyFile{}, err
	}
	if wrong := grammar.Validate(file, nil); len(wrong) > 0 {
		return policyFile{}, wrong[0]
	}
	standard, err := hujson.Standardize([]byte(text))
	if err != nil {
		return policyFile{}, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, standard); err != nil {
		return policyFile{}, err
	}
	return policyFile{hujson: text, file: file, json: compact.Bytes()}, nil
}

func (p *policyFile) hasTag(tag string) bool {
	return slices.ContainsFunc(p.file.TagOwners, func(d grammar.Definition) bool { return d.Text == tag })
}

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
// with a message such as "test(s) failed", whatever the rules say; the empty string has
// them judged by the rules again.
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
	if message, findings := s.judge(p.file); message == testsFailed {
		a := jsonAnswer(map[string]any{"message": message, "data": findings})
		a.status = http.StatusBadRequest
		return a
	}
	if err := s.replacePolicy(p, r.grant.actor(), "CONFIG_API"); err != nil {
		return failWith(http.StatusInternalServerError, err.Error())
	}
	return s.policyAnswer(r)
}

func (s *Server) validatePolicyFile(r *request) answer {
	standard, err := hujson.Standardize(bytes.Clone(r.body)) // it writes over what it reads
	if err != nil {
		return failWith(http.StatusBadRequest, err.Error())
	}
	file := s.policy.file
	if bytes.HasPrefix(bytes.TrimSpace(standard), []byte("[")) {
		tests, err := grammar.Parse(`{"tests": ` + string(standard) + `}`)
		if err != nil {
			return failWith(http.StatusBadRequest, err.Error())
		}
		for _, t := range tests.Tests {
			if t.Src.Text == "" {
				return failWith(http.StatusBadRequest, "a test has no src")
			}
		}
		with := *file
		with.Tests, with.SSHTests = tests.Tests, nil
		file = &with
	} else {
		p, err := newPolicyFile(string(r.body))
		if err != nil {
			return failWith(http.StatusBadRequest, err.Error())
		}
		file = p.file
	}
	if message, findings := s.judge(file); message != "" {
		return jsonAnswer(map[string]any{"message": message, "data": findings})
	}
	return done()
}

// testsFailed is the message of the service about tests that fail.
const testsFailed = "test(s) failed"

// judge returns what a validation of a file says.
func (s *Server) judge(f *grammar.File) (message string, findings []Finding) {
	if s.policy.message != "" {
		return s.policy.message, s.policy.findings
	}
	if failed := s.failures(f); len(failed) > 0 {
		return testsFailed, failed
	}
	return "", nil
}
