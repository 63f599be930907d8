// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
)

func TestParseInstall(t *testing.T) {
	tests := []struct {
		name, command string
		args          []string
		want          installOptions
	}{
		{"client first", "install", []string{"zed", "--server", "u", "-y"}, installOptions{client: "zed", server: "u", yes: true, name: "tailscale"}},
		{"client last", "install", []string{"-server=u", "--force", "--name", "n", "zed"}, installOptions{client: "zed", server: "u", force: true, name: "n", named: true}},
		{"flags for the proxy", "install", []string{"zed", "--print", "--", "--server", "v", "--"}, installOptions{client: "zed", printOnly: true, name: "tailscale", proxy: []string{"--server", "v", "--"}}},
		{"no client", "install", nil, installOptions{list: true, name: "tailscale"}},
		{"uninstall", "uninstall", []string{"--config", "f", "zed", "--yes"}, installOptions{client: "zed", config: "f", yes: true, name: "tailscale"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got installOptions
			c := &cobra.Command{Use: tt.command}
			got.command(streams{}, c, nil, nil)
			c.RunE = func(*cobra.Command, []string) error { return nil }
			c.Flags().StringVar(&got.server, "server", "", "")
			c.Flags().BoolVar(&got.printOnly, "print", false, "")
			c.Flags().BoolVar(&got.force, "force", false, "")
			root := cli.New(&cobra.Command{Use: program, RunE: c.RunE}, "")
			root.AddCommand(c)
			err := cli.Run(t.Context(), root, append([]string{tt.command}, tt.args...), io.Discard, io.Discard)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v (%v), want %+v", got, err, tt.want)
			}
		})
	}
}

// TestPX27Install: what install writes is a command line that the proxy takes,
// whatever the shape of the entry.
func TestPX27Install(t *testing.T) {
	dir := t.TempDir()
	environ := []string{"HOME=" + dir, "USERPROFILE=" + dir}
	var out, errs bytes.Buffer
	file := filepath.Join(dir, "opencode.json")
	args := []string{"opencode", "--yes", "--config", file, "--server", "http://ts-mcp:8080/a b", "--", "--drain", "5s"}
	if code := run(t.Context(), append([]string{"install"}, args...), environ, strings.NewReader(""), &out, &errs); code != cli.Done {
		t.Fatalf("got exit code %d: %s", code, errs.String())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"--server", "http://ts-mcp:8080/a%20b", "--drain", "5s"]`; !strings.Contains(string(text), want) {
		t.Errorf("got %s, want %s in it", text, want)
	}
	if _, err := parse([]string{"--server", "http://ts-mcp:8080/a%20b", "--drain", "5s"}, nil); err != nil {
		t.Errorf("the proxy refuses what was written: %v", err)
	}
	if code := run(t.Context(), []string{"uninstall", "opencode", "--yes", "--config", file}, environ, strings.NewReader(""), &out, &errs); code != cli.Done {
		t.Errorf("got exit code %d: %s", code, errs.String())
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("got %v, want no file any more", err)
	}
}

// What the client is to ask for stands in the URL that it is given, beside what stood
// there; what cannot be meant is refused.
func TestInstallAsksForLess(t *testing.T) {
	for _, tt := range []struct {
		server, groups, text, want, refused string
	}{
		{"http://ts-mcp:8080/mcp", "devices, policy", "", "http://ts-mcp:8080/mcp?groups=devices,policy", ""},
		{"http://ts-mcp:8080/mcp", "devices", "short", "http://ts-mcp:8080/mcp?groups=devices&text=short", ""},
		{"http://ts-mcp:8080/mcp?text=short&x=1", "devices", "full", "http://ts-mcp:8080/mcp?groups=devices&text=full&x=1", ""},
		{"http://ts-mcp:8080/mcp?groups=dns", "", "", "http://ts-mcp:8080/mcp?groups=dns", ""},
		{"http://ts-mcp:8080/mcp", "Devices", "", "", "--groups"},
		{"http://ts-mcp:8080/mcp", "a&b", "", "", "--groups"},
		{"http://ts-mcp:8080/mcp", "", "tiny", "", "--text"},
	} {
		opt := installOptions{server: tt.server, text: tt.text}
		if tt.groups != "" {
			if err := opt.groups.Set(tt.groups); err != nil {
				t.Fatal(err)
			}
		}
		e, err := opt.entry("/bin/proxy", "/home/a", nil)
		if tt.refused != "" {
			if err == nil || !strings.Contains(err.Error(), tt.refused) {
				t.Errorf("%+v: got %v, want it refused", tt, err)
			}
			continue
		}
		if err != nil || len(e.Args) != 2 || e.Args[1] != tt.want {
			t.Errorf("%+v: got %q (%v)", tt, e.Args, err)
		}
	}
}
