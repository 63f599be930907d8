// SPDX-License-Identifier: MIT

package examples

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/servers"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/look"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/process"
)

func TestMain(m *testing.M) {
	code := m.Run()
	servers.Clean()
	os.Exit(code)
}

// TestPython: the example in Python decides by who calls.
func TestPython(t *testing.T) {
	python := "/usr/bin/python3" // others in PATH may need the home of a person
	if _, err := os.Stat(python); err != nil {
		if python, err = exec.LookPath("python3"); err != nil {
			missing(t, "python3 is not installed")
		}
	}
	decides(t, python, "notes.py")
}

// TestTypeScript: so does that in TypeScript. TEST_NODE names a Node.js that runs it, where
// the one in PATH is too old.
func TestTypeScript(t *testing.T) {
	node := os.Getenv("TEST_NODE")
	if node == "" {
		var err error
		if node, err = exec.LookPath("node"); err != nil {
			t.Skip("SKIPPED: node is not installed; `make servers` runs this test with one")
		}
		out, _ := exec.CommandContext(t.Context(), node, "-p", "process.features.typescript").Output()
		if !strings.Contains(string(out), "strip") {
			t.Skipf("SKIPPED: %s runs no TypeScript; `make servers` runs this test with one that does", node)
		}
	}
	decides(t, node, "notes.ts")
}

// missing skips a test, or fails where everything has to be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("TEST_REQUIRE_TOOLS") != "" {
		t.Fatal(what + ", and TEST_REQUIRE_TOOLS is set")
	}
	t.Skip("SKIPPED: " + what)
}

// decides runs an example by its entry and asks it in the name of several callers.
func decides(t *testing.T, interpreter, file string) {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	h := servers.New(t)
	h.Add("notes", interpreter, []string{path}, ours(t, file))
	p, err := process.Start(t.Context(), process.Options{
		Server: "notes", Dial: func(ctx context.Context) (net.Conn, error) { return h.Dial(ctx, "notes") },
		ClientName: "test", ClientVersion: "1", Heard: func(string, []byte) {}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.End(nil)
	seen, err := look.At(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range pin.Compare(pin.Pin{}, seen) {
		if c.State != pin.New || c.Suggested != grant.Read && c.Kind == pin.Tool {
			t.Errorf("would not be approved as a read: %s", c.Text())
		}
	}
	for _, c := range []struct{ caller, want string }{
		{`{"login":"bob@example.com","node":"bob-laptop","capabilities":{"example.com/cap/notes":[{"topics":["ops"]}]}}`, "bob@example.com on bob-laptop:\nops: The backup runs at 02:00."},
		{`{"login":"al@example.com","node":"al-laptop","capabilities":{"example.com/cap/notes":[{},{"topics":["sales"]},{"topics":["ops","none"]}]}}`,
			"al@example.com on al-laptop:\nops: The backup runs at 02:00.\nsales: The fair is in May."},
		{`{"tags":["tag:ci","tag:x"],"node":"ci","capabilities":{"example.com/cap/notes":[{"topics":["*"]}]}}`, "tag:ci, tag:x on ci:\nops: The backup runs at 02:00.\nsales: The fair is in May."},
		{`{"login":"bob@example.com","node":"bob-laptop"}`, "bob@example.com on bob-laptop:\nno note: no grant of example.com/cap/notes names a topic"},
		{``, "nobody on no node:\nno note: no grant of example.com/cap/notes names a topic"},
	} {
		meta := map[string]json.RawMessage{}
		if c.caller != "" {
			meta["tailscale-mcp/caller"] = json.RawMessage(c.caller)
		}
		result, err := p.Ask(t.Context(), process.Question{Method: "tools/call", Params: json.RawMessage(`{"name":"read_notes"}`), Meta: meta})
		var answer struct{ Content []struct{ Text string } }
		if err != nil || json.Unmarshal(result, &answer) != nil || len(answer.Content) != 1 || answer.Content[0].Text != c.want {
			t.Errorf("%s: got %s (%v), want %q", c.caller, result, err, c.want)
		}
	}
	for _, params := range []string{`{"name":"other"}`, `{}`} {
		if result, err := p.Ask(t.Context(), process.Question{Method: "tools/call", Params: json.RawMessage(params)}); err == nil {
			t.Errorf("%s: got %s", params, result)
		}
	}
}

// ours is what stands under "tailscale" in the entry that the example shows, which is a valid one.
func ours(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, shown, ok := strings.Cut(string(text), "notes.json:\n")
	shown, _, ok2 := strings.Cut(shown, "and a grant")
	shown = strings.NewReplacer("\n//", "\n", "//", "").Replace(shown)
	s, err := entry.Parse("notes", "notes.json", []byte(shown))
	if !ok || !ok2 || err != nil || fmt.Sprint(s.Pass) != "[example.com/cap/notes]" {
		t.Fatalf("the entry %q: %v", shown, err)
	}
	return `{"pass":["` + s.Pass[0] + `"]}`
}
