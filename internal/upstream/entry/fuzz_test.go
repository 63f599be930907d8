// SPDX-License-Identifier: MIT

package entry

import (
	"errors"
	"path"
	"strings"
	"testing"
)

// FuzzEntry: one server or mistakes, never both and never neither; every mistake has a
// place within the file and a remedy; what is accepted holds what units are made of.
func FuzzEntry(f *testing.F) {
	for _, seed := range []string{
		`{"command": "cat"}`, `{"mcpServers": {"a": {"url": "https://x", "headers": {"A": "${credential:files.x}"}}}}`,
		`{"command": "cat", "tailscale": {"network": ["10.0.0.0/8"], "read": ["/srv/%n"], "user": "ann", "memory": "1G", "idle": "1m"}}`,
		"{ // c\n\"a\": [[[]]], /* d */}", "[[[[[", `{"command": "\ud800", "tailscale": {"allow": ["read"]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("files", "f", text)
		var mistakes Mistakes
		switch {
		case err == nil:
			if (s.Command == "") == (s.URL == "") || s.Max < 1 || s.Memory < minMemory || s.Tasks < minTasks || s.Idle < minIdle || s.Timeout < minTimeout {
				t.Fatalf("accepted: %+v", s)
			}
			for _, p := range append(s.Read, s.Write...) {
				if !path.IsAbs(p) || path.Clean(p) != p || strings.ContainsAny(p, "\n\":\\") {
					t.Fatalf("accepted the path %q", p)
				}
			}
			for _, name := range s.Credentials() {
				if !strings.HasPrefix(name, "files.") || strings.ContainsAny(name, "/ \n") {
					t.Fatalf("accepted the credential %q", name)
				}
			}
		case !errors.As(err, &mistakes) || len(mistakes) == 0 || s.Command != "" || s.URL != "":
			t.Fatalf("%v, and %+v", err, s)
		}
		for _, m := range mistakes {
			if m.What == "" || m.Remedy == "" || m.Line > 1+strings.Count(string(text), "\n") || strings.Contains(m.Error(), "\n") {
				t.Fatalf("%+v", m)
			}
		}
	})
}
