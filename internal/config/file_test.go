// SPDX-License-Identifier: MIT

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadWithFile(t *testing.T) {
	withoutVariables(t)
	t.Setenv("TAILSCALE_MCP_CAPABILITY", "example.com/cap/shell")
	file := filepath.Join(t.TempDir(), "env")
	text := "# comment\n; comment\n\nTAILSCALE_MCP_PORT=7070\nTAILSCALE_MCP_PORT = 9090\nTAILSCALE_MCP_ALLOW=\"read,write\"\nTAILSCALE_TAILNET='T123CNTRL'\n" +
		"TAILSCALE_MCP_CAPABILITY=example.com/cap/file\nPATH=/nowhere\nno assignment\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, read, err := LoadWithFile(file)
	if err != nil || !read {
		t.Fatalf("got read %v, %v", read, err)
	}
	if c.Port != 9090 || len(c.Allow) != 2 || c.Tailnet != "T123CNTRL" || c.Capability != "example.com/cap/shell" {
		t.Errorf("got %+v", c)
	}
	if os.Getenv("PATH") == "/nowhere" {
		t.Error("a variable of somebody else was taken over")
	}
}

func TestLoadWithFileThatIsNotThere(t *testing.T) {
	withoutVariables(t)
	c, read, err := LoadWithFile(filepath.Join(t.TempDir(), "none"))
	if err != nil || read || c.Port != 8080 {
		t.Errorf("got %+v, read %v, %v; want the defaults", c, read, err)
	}
}

// withoutVariables takes away what this machine's environment says to the program,
// and with the test what [LoadWithFile] adds to it.
func withoutVariables(t *testing.T) {
	t.Helper()
	names := []string{"TAILSCALE_MCP_PORT", "TAILSCALE_MCP_ALLOW", "TAILSCALE_MCP_CAPABILITY", "TAILSCALE_TAILNET", "CREDENTIALS_DIRECTORY"}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, apiPrefix+"_") {
			names = append(names, name)
		}
	}
	for _, name := range names {
		t.Setenv(name, "") // restores it in the end
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}
