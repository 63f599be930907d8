// SPDX-License-Identifier: MIT

package grammar

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// answered is one answer of the control plane.
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

// differs are the cases that we answer otherwise, and why.
var differs = map[string]struct{ ours, why string }{
	"ssh-e1": {
		"EXAMPLE.COM is not associated with this Tailnet and cannot be used in user:*@<domain> expressions",
		"the message names a domain that the policy does not have: one of the two was replaced when it was recorded",
	},
}

// TestCasesRefused compares what is refused, and by which message, with what the control
// plane answered. The verdicts of tests are not ours: for us such a file is accepted.
func TestCasesRefused(t *testing.T) {
	refused, accepted, otherwise := 0, 0, 0
	for _, c := range answeredCases(t) {
		want := ""
		if c.Status != http.StatusOK && !strings.HasPrefix(c.Answer.Message, "test(s) failed") {
			want = c.Answer.Message
			if want == "" {
				t.Errorf("%s: refused without a message: nothing to compare", c.ID)
			}
		}
		d, known := differs[c.ID]
		if known {
			t.Logf("%s differs: %s", c.ID, d.why)
			want = d.ours
		}
		switch got := refusal(t, c); {
		case got != want:
			t.Errorf("%s: refused with %q, want %q", c.ID, got, want)
		case known:
			otherwise++
		case want != "":
			refused++
		default:
			accepted++
		}
	}
	t.Logf("%d refused by the very message, %d accepted, %d differ by name", refused, accepted, otherwise)
}

// refusal is the first mistake that we find in a case.
func refusal(t *testing.T, c answered) string {
	t.Helper()
	f, err := Parse(c.text(t))
	if err != nil {
		return err.Error()
	}
	var domains []string // of the tailnet's owner, who stands first
	if len(c.Users) > 0 {
		_, domain, _ := strings.Cut(c.Users[0].Login, "@")
		domains = []string{domain}
	}
	all := Validate(f, domains)
	if len(all) == 0 {
		return ""
	}
	return all[0].Message
}
