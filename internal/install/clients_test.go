// SPDX-License-Identifier: MIT

package install

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"tailscale-mcp/internal/install/format"

	"github.com/google/go-cmp/cmp"
)

// TestTable holds what every line of the table must have.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Clients() {
		if c.ID == "" || c.ID != strings.ToLower(c.ID) || seen[c.ID] {
			t.Errorf("got the name %q, want one of its own in lower case", c.ID)
		}
		seen[c.ID] = true
		if c.Product == "" || c.Paths == nil || c.Format == nil || len(c.Keys) == 0 || c.Shape == nil || !strings.HasSuffix(c.After, ".") {
			t.Errorf("%s: something is missing: %+v", c.ID, c)
		}
		if len(c.Sources) == 0 {
			t.Errorf("%s: no document says so", c.ID)
		}
		for _, s := range c.Sources {
			if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" {
				t.Errorf("%s: got the source %q, want an address", c.ID, s)
			}
		}
		for _, m := range c.Shape(entry) {
			switch m.Value.(type) {
			case string, []string, bool:
			default:
				t.Errorf("%s: %s is a %T", c.ID, m.Name, m.Value)
			}
		}
		got, ok := read(format.Value(c.Shape(entry)))
		if d := cmp.Diff(entry, got); !ok || d != "" {
			t.Errorf("%s: the entry cannot be read back (-want +got):\n%s", c.ID, d)
		}
	}
}

// TestPaths holds where each file is, on each system, plainly and with every
// variable set that moves one.
func TestPaths(t *testing.T) {
	moved := map[string]string{}
	for _, name := range []string{
		"XDG_CONFIG_HOME", "FLATPAK_XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "COPILOT_HOME", "CLINE_DATA_DIR",
	} {
		moved[name] = "/moved/" + name
	}
	var got strings.Builder
	for _, system := range []struct {
		os, home string
		env      map[string]string
	}{
		{"linux", "/home/x", nil},
		{"linux", "/home/x", moved},
		{"darwin", "/Users/x", nil},
		{"darwin", "/Users/x", moved},
		{"windows", `C:\Users\x`, nil},
		{"windows", `C:\Users\x`, map[string]string{"APPDATA": `D:\Roaming`, "LOCALAPPDATA": `D:\Local`, "CODEX_HOME": `D:\codex`}},
	} {
		fmt.Fprintf(&got, "# %s, %d variables\n", system.os, len(system.env))
		s := System{OS: system.os, Home: system.home, Env: func(name string) string { return system.env[name] }, Exists: func(string) bool { return false }}
		for _, c := range Clients() {
			fmt.Fprintf(&got, "%-16s%s\n", c.ID, c.File(s))
		}
	}
	name := filepath.Join("testdata", "paths.golden")
	if *update {
		if err := os.WriteFile(name, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(content(t, name)), got.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestFile chooses among several places by what is there.
func TestFile(t *testing.T) {
	const packaged = `C:\U\AppData\Local\Packages\Claude_pzs8sxrjxfjjc\LocalCache\Roaming\Claude`
	const usual = `C:\U\AppData\Roaming\Claude`
	const config = `\claude_desktop_config.json`
	tests := []struct {
		name, client, os string
		there            []string
		want             string
	}{
		{"nothing", "claude-desktop", windows, nil, usual + config},
		{"the package's folder", "claude-desktop", windows, []string{packaged}, packaged + config},
		{"the package's folder before the usual file", "claude-desktop", windows, []string{packaged, usual, usual + config}, packaged + config},
		{"json", "opencode", "linux", []string{"C:/U/.config/opencode/opencode.json"}, "C:/U/.config/opencode/opencode.json"},
		{"jsonc", "opencode", "linux", []string{"C:/U/.config/opencode/opencode.jsonc"}, "C:/U/.config/opencode/opencode.jsonc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Find(tt.client)
			if err != nil {
				t.Fatal(err)
			}
			home := `C:\U`
			if tt.os != windows {
				home = "C:/U"
			}
			s := System{OS: tt.os, Home: home, Env: func(string) string { return "" }, Exists: func(path string) bool {
				for _, p := range tt.there {
					if p == path {
						return true
					}
				}
				return false
			}}
			if got := c.File(s); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	for typed, want := range map[string]string{
		"claud": "claude-desktop", "cursr": "cursor", "vs-code": "vscode", "gemini": "gemini-cli", "copilot": "copilot-cli",
		"Claude-Codex": "claude-code", "lmstudio": "lm-studio", "open-code": "opencode",
	} {
		_, err := Find(typed)
		var r *Refusal
		if !errors.As(err, &r) || !strings.Contains(r.Hint, "did you mean "+want+"?") {
			t.Errorf("%q: got %v with %v, want a hint to %s", typed, err, r, want)
		}
	}
	for _, typed := range []string{"", "vim", "emacs", "zebra", "nosuch"} {
		_, err := Find(typed)
		var r *Refusal
		if !errors.As(err, &r) || strings.Contains(r.Hint, "did you mean") || !strings.Contains(r.Hint, "--list") {
			t.Errorf("%q: got %v with %v, want a hint to no client", typed, err, r)
		}
	}
	if c, err := Find("VSCode"); err != nil || c.ID != "vscode" {
		t.Errorf("got %s (%v), want vscode", c.ID, err)
	}
}

// TestPX27Spaces: an argument that a client would break is refused, and none
// that it would not.
func TestPX27Spaces(t *testing.T) {
	spaced := Entry{`C:\Program Files\tailscale-mcp-proxy.exe`, []string{"--server", "http://a/mcp", "--tailscaled-socket", `C:\My Files\s`}}
	plainly := Entry{spaced.Command, spaced.Args[:2]}
	for _, c := range Clients() {
		for _, system := range []string{"linux", darwin, windows} {
			s := System{OS: system}
			if err := c.Check(s, plainly); err != nil {
				t.Errorf("%s on %s: got %v for arguments without spaces", c.ID, system, err)
			}
			err := c.Check(s, spaced)
			if breaks := system == windows && (c.ID == "claude-desktop" || c.ID == "cursor"); (err != nil) != breaks {
				t.Errorf("%s on %s: got %v, want a refusal: %v", c.ID, system, err, breaks)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"tailscale": true, "my_tailnet-2": true, strings.Repeat("x", 64): true,
		"": false, "a b": false, "a.b": false, `a"`: false, "é": false, strings.Repeat("x", 65): false,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("%q: got %v, want it taken: %v", name, err, ok)
		}
	}
}

func TestOurs(t *testing.T) {
	command := func(c any) map[string]any { return map[string]any{"command": c} }
	tests := []struct {
		entry any
		want  bool
	}{
		{command("/usr/bin/tailscale-mcp-proxy"), true},
		{command(`C:\x\tailscale-mcp-proxy.exe`), true},
		{command("tailscale-mcp-proxy-linux-amd64"), true},
		{command([]any{"/x/tailscale-mcp-proxy", "--server"}), true},
		{command("/opt/renamed"), true},
		{command("npx"), false},
		{command("/tailscale-mcp-proxy/npx"), false},
		{command([]any{}), false},
		{command([]any{1.0}), false},
		{command(nil), false},
		{map[string]any{"url": "http://tailscale-mcp-proxy"}, false},
		{"tailscale-mcp-proxy", false},
		{nil, false},
	}
	for _, tt := range tests {
		if got := ours(tt.entry, "/opt/renamed"); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.entry, got, tt.want)
		}
	}
}

func TestCommand(t *testing.T) {
	c, err := Find("claude-code")
	if err != nil {
		t.Fatal(err)
	}
	e := Entry{"/opt/my tools/it's", []string{"--server", "http://a/mcp?x=1&y"}}
	for system, want := range map[string]string{
		"linux": `claude mcp add --scope user t -- '/opt/my tools/it'\''s' --server 'http://a/mcp?x=1&y'`,
		windows: `claude mcp add --scope user t -- "/opt/my tools/it's" --server "http://a/mcp?x=1&y"`,
	} {
		if got := c.Command(System{OS: system}, "t", e); got != want {
			t.Errorf("%s: got %s, want %s", system, got, want)
		}
	}
	if got := cursor(t).Command(System{}, "t", e); got != "" {
		t.Errorf("got %q, want no command", got)
	}
}

func TestState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mcp.json")
	for _, tt := range []struct{ text, want string }{
		{"", "not set up"},
		{"{", "cannot be read"},
		{`{"mcpServers": []}`, "cannot be read"},
		{someServers, "not set up"},
		{`{"mcpServers": {"tailscale": {"url": "x"}}}`, "another tailscale"},
		{`{"mcpServers": {"tailscale": {"command": "tailscale-mcp-proxy", "args": ["-v", "--server", "http://a/mcp"]}}}`, "set up http://a/mcp"},
		{`{"mcpServers": {"tailscale": {"command": "tailscale-mcp-proxy", "args": ["--server=http://b/mcp"]}}}`, "set up http://b/mcp"},
		{`{"mcpServers": {"tailscale": {"command": "tailscale-mcp-proxy"}}}`, "set up"},
	} {
		write(t, path, tt.text, 0o600)
		if got := cursor(t).State(path, "tailscale", ""); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.text, got, tt.want)
		}
	}
	if got := cursor(t).State(path+"x", "tailscale", ""); got != "no file" {
		t.Errorf("got %q, want no file", got)
	}
}

// TestExecutable keeps the name under which the program was found.
func TestExecutable(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, empty := t.TempDir(), t.TempDir()
	link := filepath.Join(bin, "proxy")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "proxy")
	write(t, other, "another program", 0o700)
	path := strings.Join([]string{empty, filepath.Dir(other), bin}, string(filepath.ListSeparator))
	for _, tt := range []struct{ name, arg0, path, want string }{
		{"found in PATH", "proxy", path, link},
		{"called by its path", link, "", link},
		{"called by another's path", other, path, self},
		{"not found", "proxy", empty, self},
	} {
		if got, err := Executable(tt.arg0, tt.path); err != nil || got != tt.want {
			t.Errorf("%s: got %s (%v), want %s", tt.name, got, err, tt.want)
		}
	}
	if !Temporary(link) || Temporary(filepath.Join(string(filepath.Separator), "usr", "bin", "x")) && runtime.GOOS != windows {
		t.Error("a temporary folder is not told from others")
	}
}

func TestHere(t *testing.T) {
	s, err := Here(func(name string) string { return "/home/x" })
	if err != nil || s.OS != runtime.GOOS || s.Home != "/home/x" || !s.Exists(t.TempDir()) || s.Exists(filepath.Join(t.TempDir(), "no")) {
		t.Errorf("got %+v (%v)", s, err)
	}
	if _, err := Here(func(string) string { return "" }); err == nil {
		t.Error("got no error without a home folder")
	}
}
