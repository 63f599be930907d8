// SPDX-License-Identifier: MIT

package company

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailscale/hujson"
)

//go:embed policy.hujson
var file string

// Policy is a policy file: its text, and what of it anybody here asks about. It is read
// without the product's own reader, which is under test.
type Policy struct {
	Text      string              `json:"-"`
	Groups    map[string][]string `json:"groups"`
	Hosts     map[string]string   `json:"hosts"`
	TagOwners map[string][]string `json:"tagOwners"`
	ACLs      []Rule              `json:"acls"`
	Grants    []Grant             `json:"grants"`
	SSH       []Rule              `json:"ssh"`
	Tests     []Test              `json:"tests"`
}

// Rule is an entry of acls or ssh.
type Rule struct {
	Action string   `json:"action"`
	Src    []string `json:"src"`
	Dst    []string `json:"dst"`
	Users  []string `json:"users"`
}

// Grant is an entry of grants.
type Grant struct {
	Src []string `json:"src"`
	Dst []string `json:"dst"`
	IP  []string `json:"ip"`
	App map[string][]struct {
		Tools   []string `json:"tools"`
		Devices []string `json:"devices"`
	} `json:"app"`
}

// Test is an entry of tests.
type Test struct {
	Src    string   `json:"src"`
	Accept []string `json:"accept"`
	Deny   []string `json:"deny"`
}

// ReadPolicy reads the text of a policy file.
func ReadPolicy(text string) (Policy, error) {
	p := Policy{Text: text}
	standard, err := hujson.Standardize([]byte(text))
	if err != nil {
		return p, fmt.Errorf("reading a policy file: %w", err)
	}
	if err := json.Unmarshal(standard, &p); err != nil {
		return p, fmt.Errorf("reading a policy file: %w", err)
	}
	return p, nil
}

// Change is one of the policy file.
type Change struct {
	At            time.Time
	By            string // login
	Before, After string // the whole file
	Lines         []string
}

// policies make the policy file for a port, and what it was changed from: each change
// added the lines that have a text.
func (c *Company) policies(port int) error {
	now := strings.ReplaceAll(file, "tcp:8080", fmt.Sprintf("tcp:%d", port))
	var err error
	if c.Policy, err = ReadPolicy(now); err != nil {
		return err
	}
	for _, past := range []struct {
		days     int
		by, text string
	}{{2, "kate", "// helps out"}, {5, "alice", `"ines@example.com"], "dst"`}, {12, "bob", `"src": ["tag:ci"]`}} {
		change := Change{At: c.Now.Add(-time.Duration(past.days)*day - day/2), By: Login(past.by), After: now}
		for line := range strings.Lines(now) {
			if strings.Contains(line, past.text) {
				change.Lines = append(change.Lines, strings.TrimSpace(line))
			} else {
				change.Before += line
			}
		}
		if len(change.Lines) != 1 {
			return fmt.Errorf("%d lines of the policy file have %s", len(change.Lines), past.text)
		}
		c.Changes = append(c.Changes, change)
		now = change.Before
	}
	slices.Reverse(c.Changes) // the oldest first
	return nil
}
