// SPDX-License-Identifier: MIT

package grammar

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// anotherCase is one answer of the control plane.
type answered struct {
	ID       string          `json:"id"`
	Category string          `json:"category"`
	Policy   json.RawMessage `json:"policy"`
	Status   int             `json:"status"`
	Answer   struct {
		Message string `json:"message"`
	} `json:"answer"`
	Users []struct {
		Login string `json:"login"`
	} `json:"users"`
}

// answeredCases reads the folder that TAILSCALE_POLICY_CASES names.
func answeredCases(t *testing.T) []answered {
	t.Helper()
	folder := os.Getenv("TAILSCALE_POLICY_CASES")
	if folder == "" {
		t.Skip("SKIPPED: TAILSCALE_POLICY_CASES names no folder, so nothing was compared with what the control plane answered")
	}
	var all []answered
	for _, pattern := range []string{"*.jsonl", "*.jsonl.gz"} {
		names, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			all = append(all, readCases(t, name)...)
		}
	}
	if len(all) == 0 {
		t.Fatalf("TAILSCALE_POLICY_CASES=%s has no case in a .jsonl or .jsonl.gz file", folder)
	}
	return all
}

func readCases(t *testing.T, name string) []answered {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var from io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		if from, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	var all []answered
	for d := json.NewDecoder(from); ; {
		var c answered
		switch err := d.Decode(&c); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, c)
	}
}

// text is the policy as it was sent.
func (c answered) text(t *testing.T) string {
	t.Helper()
	var text string
	if c.Policy[0] != '"' {
		return string(c.Policy)
	}
	if err := json.Unmarshal(c.Policy, &text); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestCasesRefused compares with what the control plane answered.
func TestCasesRefused(t *testing.T) {
	for _, c := range answeredCases(t) {
		f, err := Parse(c.text(t))
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		_ = f
	}
}
