// SPDX-License-Identifier: MIT

package unit

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/upstream/entry"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// servers are entries of every kind.
var servers = map[string]string{
	"files": `{"command": "npx", "args": ["-y", "server@1.2.3", "/srv/docs"], "tailscale": {"read": ["/srv/docs", "/opt/it's 100%"]}}`,
	"web": `{"command": "/opt/web/run-s3cret", "args": ["--s3cret"], "env": {"S3CRET_KEY": "s3cret${credential:web.token}"}, "cwd": "/opt/web-s3cret",
		"tailscale": {"network": "internet", "read": ["/opt/web"], "groups": ["books", "maps"], "max": 4, "memory": "1G", "tasks": 100}}`,
	"lan":    `{"command": "cat", "tailscale": {"network": ["10.1.0.0/16", "2001:db8::1"]}}`,
	"shared": `{"command": "cat", "tailscale": {"instance": "shared", "network": "unconfined"}}`,
	"a-b-c":  `{"command": "cat", "tailscale": {"write": ["/srv/docs"], "user": "ann", "instance": "shared"}}`,
	"remote": `{"url": "https://example.com/mcp"}`,
	"keeper": `{"url": "https://s3cret.example.com/mcp", "headers": {"Authorization": "s3cret${credential:keeper.token}"},
		"tailscale": {"network": ["10.0.0.0/8"], "instance": "shared", "max": 2}}`,
	"resting": `{"command": "cat", "disabled": true}`,
}

// top is the root of some host.
var top = []string{"bin", "boot", "data", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "my data", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var"}

func parse(t *testing.T, name string) entry.Server {
	t.Helper()
	s, err := entry.Parse(name, "/etc/tailscale-mcp/servers.d/"+name+".json", []byte(servers[name]))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func of(t *testing.T, name string) []Unit {
	t.Helper()
	units, err := Of(parse(t, name), top)
	if err != nil {
		t.Fatal(err)
	}
	return units
}

// TestGolden: the units are what was read and found good.
func TestGolden(t *testing.T) {
	for name := range servers {
		units := of(t, name)
		if name == "remote" || name == "resting" {
			if units != nil {
				t.Errorf("%s has units: %v", name, units)
			}
			continue
		}
		var b strings.Builder
		for _, u := range units {
			b.WriteString("==> " + u.Name + "\n" + u.Text)
		}
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if d := cmp.Diff(string(want), b.String()); d != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
}

// TestNothingOfTheEntry: a unit is read by everybody.
func TestNothingOfTheEntry(t *testing.T) {
	for _, u := range append(of(t, "web"), of(t, "keeper")...) {
		if text := strings.ToLower(u.Text); strings.Contains(text, "s3cret") || strings.Contains(text, "environment=") {
			t.Errorf("%s has something of the entry:\n%s", u.Name, u.Text)
		}
	}
}

// TestApart: no two servers share a user, a slice, or a slice's parts.
func TestApart(t *testing.T) {
	users, slices := map[string]string{}, map[string]string{}
	for _, name := range []string{"files", "web", "lan", "a-b-c", "a-b", "a"} {
		user, slice := account(entry.Server{Name: name}), strings.TrimSuffix(SliceName(name), ".slice")
		if len(strings.TrimSuffix(user, "%i"))+len("99999999-9999999-65519") > 31 {
			t.Errorf("%s: the user %s is too long", name, user)
		}
		if users[user] != "" || slices[slice] != "" {
			t.Errorf("%s shares with %s%s", name, users[user], slices[slice])
		}
		for other := range slices {
			if strings.HasPrefix(slice, other+"-") || strings.HasPrefix(other, slice+"-") {
				t.Errorf("%s and %s are part of each other", slice, other)
			}
		}
		users[user], slices[slice] = name, name
	}
}

// TestTop: a folder of the root that cannot be covered stops the server, not the cover.
func TestTop(t *testing.T) {
	if units, err := Of(parse(t, "files"), []string{"usr", "a:b"}); err == nil || units != nil || !strings.Contains(err.Error(), `the folder "/a:b" in the root cannot be kept from servers`) {
		t.Errorf("%v, %v", units, err)
	}
}

// analyze runs systemd-analyze and returns all that it says.
func analyze(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// install makes a tree with the units of a server and the least of a host around them.
func install(t *testing.T, units []Unit) (root string) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		if os.Getenv("TEST_REQUIRE_TOOLS") != "" {
			t.Fatal("systemd-analyze is not installed, and TEST_REQUIRE_TOOLS is set")
		}
		t.Skip("SKIPPED, systemd-analyze is not installed: nothing here shows that the units are sound")
	}
	root = t.TempDir()
	files := map[string]string{Launcher: "", "/usr/lib/systemd/system/" + Target: "[Unit]\nDescription=servers\n"}
	for _, name := range []string{"sysinit", "basic", "sockets", "shutdown"} {
		files["/usr/lib/systemd/system/"+name+".target"] = "[Unit]\nDescription=" + name + "\n"
	}
	for _, u := range units {
		files["/usr/lib/systemd/system/"+u.Name] = u.Text // where verify looks
	}
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(root, Launcher), 0o700); err != nil {
		t.Fatal(err)
	}
	return root
}

// instance is a service as systemd names it for a connection.
func instance(name string) string {
	return strings.Replace(ServiceName(name), "@", "@7-4321-65519", 1)
}

// TestVerify: systemd knows every key and value.
func TestVerify(t *testing.T) {
	for name := range servers {
		units := of(t, name)
		if units == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			root := install(t, units)
			for _, unit := range []string{SocketName(name), instance(name), SliceName(name)} {
				if out, err := analyze(t, "verify", "--man=no", "--root="+root, unit); err != nil || out != "" {
					t.Errorf("%s: %v:\n%s", unit, err, out)
				}
			}
		})
	}
}

// TestVerifyCanFail: what would be wrong is found.
func TestVerifyCanFail(t *testing.T) {
	units := slices.Clone(of(t, "files"))
	for i := range units {
		units[i].Text = strings.ReplaceAll(units[i].Text, "PrivateIPC=yes", "PrivateIPC=perhaps")
	}
	if out, _ := analyze(t, "verify", "--man=no", "--root="+install(t, units), instance("files")); !strings.Contains(out, "Failed to parse boolean value, ignoring: perhaps") {
		t.Errorf("got %q", out)
	}
}

// TestSecurity holds the score of the sandbox: ten times what systemd-analyze prints,
// and lower is better.
func TestSecurity(t *testing.T) {
	for name, threshold := range map[string]string{"files": "4", "web": "13", "lan": "12", "shared": "13", "a-b-c": "4", "keeper": "4"} {
		root := install(t, of(t, name))
		if out, err := analyze(t, "security", "--offline=true", "--threshold="+threshold, "--no-pager", "--root="+root, instance(name)); err != nil {
			lines := strings.Split(out, "\n")
			t.Errorf("%s: %v: %s", name, err, strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "✓") || strings.HasPrefix(l, " ") }), "\n"))
		}
	}
}
