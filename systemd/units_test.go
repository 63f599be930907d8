// SPDX-License-Identifier: MIT

package systemd

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/upstream/unit"
)

// analyze runs systemd-analyze and returns all that it says.
func analyze(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// require skips a test for want of systemd's own programs, but never with
// TEST_REQUIRE_TOOLS=1, as CI has it.
func require(t *testing.T) {
	t.Helper()
	for _, name := range []string{"systemd-analyze", "systemctl"} {
		_, err := exec.LookPath(name)
		switch {
		case err == nil:
		case os.Getenv("TEST_REQUIRE_TOOLS") != "":
			t.Fatalf("%s is not installed, and TEST_REQUIRE_TOOLS is set", name)
		default:
			t.Skipf("SKIPPED, %s is not installed: nothing here shows that the units are sound", name)
		}
	}
}

// install makes a tree with the units, enabled, the least of a host around them,
// and drop-ins of the examples as systemctl edit would place them.
func install(t *testing.T, dropIns ...string) (root string) {
	t.Helper()
	require(t)
	root = t.TempDir()
	system := filepath.Join(root, "usr/lib/systemd/system")
	for _, name := range units(t) {
		write(t, filepath.Join(system, name), read(t, name), 0o644)
	}
	for _, name := range []string{"sysinit", "basic", "sockets", "shutdown", "network", "multi-user"} {
		text := "[Unit]\nDescription=" + name + "\n"
		switch name {
		case "basic":
			text += "Requires=sysinit.target\nWants=sockets.target\nAfter=sysinit.target sockets.target\n"
		case "multi-user":
			text += "Requires=basic.target\nAfter=basic.target\n"
		}
		write(t, filepath.Join(system, name+".target"), text, 0o644)
	}
	write(t, filepath.Join(system, "tailscaled.service"),
		"[Unit]\nDescription=tailscaled\n[Service]\nType=notify\nExecStart=/usr/sbin/tailscaled\n[Install]\nWantedBy=multi-user.target\n", 0o644)
	write(t, filepath.Join(root, "usr/lib/sysusers.d/tailscale-mcp.conf"), read(t, "sysusers.d/tailscale-mcp.conf"), 0o644)
	for _, program := range []string{"usr/sbin/tailscaled", "usr/bin/tailscale-mcp", "bin/sh"} {
		write(t, filepath.Join(root, program), "", 0o755)
	}
	for _, name := range dropIns {
		write(t, filepath.Join(root, "etc/systemd/system", name), read(t, filepath.Join("examples", name)), 0o644)
	}
	out, err := exec.CommandContext(t.Context(), "systemctl", "--root="+root, "enable",
		"tailscaled.service", "tailscale-mcp.socket", "tailscale-mcp.service").CombinedOutput()
	if err != nil {
		t.Fatalf("enabling the units: %v: %s", err, out)
	}
	return root
}

// TestUnitsVerify: systemd knows every key and value of the units, alone and with
// each example, and finds no ordering cycle in a boot with all of them enabled.
func TestUnitsVerify(t *testing.T) {
	for _, dropIns := range append([][]string{nil, examples(t)}, each(examples(t))...) {
		name := "alone"
		if len(dropIns) == 1 {
			name = dropIns[0]
		} else if len(dropIns) > 1 {
			name = "all examples"
		}
		t.Run(name, func(t *testing.T) {
			root := install(t, dropIns...)
			for _, unit := range append(units(t), "multi-user.target") {
				if out, err := analyze(t, "verify", "--man=no", "--root="+root, unit); err != nil || out != "" {
					t.Errorf("%s: %v:\n%s", unit, err, out)
				}
			}
		})
	}
}

// TestUnitsVerifyCanFail: what would be wrong is found.
func TestUnitsVerifyCanFail(t *testing.T) {
	for _, c := range []struct{ name, unit, text, want string }{
		{"unknown key", "tailscale-mcp.service", "[Service]\nProtectEverything=yes\n", "Unknown key"},
		{"unknown value", "tailscale-mcp.socket", "[Socket]\nBindIPv6Only=sometimes\n", "ignoring"},
		// Both at once, the socket would be dropped from the boot, and with it
		// every other socket.
		{"cycle", "tailscale-mcp.socket", "[Unit]\nAfter=tailscaled.service\nBefore=sockets.target\n[Install]\nWantedBy=sockets.target\n", "cycle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := install(t)
			write(t, filepath.Join(root, "etc/systemd/system", c.unit+".d/wrong.conf"), c.text, 0o644)
			if out, err := exec.CommandContext(t.Context(), "systemctl", "--root="+root, "reenable", c.unit).CombinedOutput(); err != nil {
				t.Fatalf("enabling the units: %v: %s", err, out)
			}
			if out, _ := analyze(t, "verify", "--man=no", "--root="+root, "multi-user.target", c.unit); !strings.Contains(out, c.want) {
				t.Errorf("got %q, want %q in it", out, c.want)
			}
		})
	}
}

// TestUnitsSecurity holds the score of the sandbox of every service: the threshold is
// ten times what systemd-analyze prints, and lower is better.
func TestUnitsSecurity(t *testing.T) {
	type row struct {
		name, unit, threshold string
		dropIns               []string
	}
	const daemon = "tailscale-mcp.service"
	rows := []row{
		{"with a user of its own", daemon, "15", []string{daemon + ".d/user.conf"}},
		{"without network", daemon, "5", []string{daemon + ".d/no-network.conf"}},
	}
	for _, unit := range services(t) {
		rows = append(rows, row{unit, unit, "15", nil})
	}
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			root := install(t, c.dropIns...)
			out, err := analyze(t, "security", "--offline=true", "--threshold="+c.threshold, "--root="+root, c.unit)
			lines := strings.Split(out, "\n")
			t.Log(lines[len(lines)-1])
			if err != nil {
				t.Errorf("%v:\n%s", err, out)
			}
		})
	}
}

// TestUnitsSecurityCanFail: a service that runs as root, with the rest of its sandbox,
// is over what the threshold allows.
func TestUnitsSecurityCanFail(t *testing.T) {
	for _, unit := range services(t) {
		root := install(t)
		write(t, filepath.Join(root, "etc/systemd/system", unit+".d/wrong.conf"), "[Service]\nDynamicUser=no\nSystemCallFilter=\n", 0o644)
		if out, err := analyze(t, "security", "--offline=true", "--threshold=15", "--root="+root, unit); err == nil {
			t.Errorf("%s as root and without a filter passes:\n%s", unit, out)
		}
	}
}

// TestUnitsCommandsOutsideTheSandbox: what the score does not see. A command with "+"
// would have no sandbox, and one with "!" is root in it: only what starts the socket
// has to be.
func TestUnitsCommandsOutsideTheSandbox(t *testing.T) {
	var root []string
	for _, unit := range services(t) {
		for line := range strings.Lines(read(t, unit)) {
			key, command, _ := strings.Cut(line, "=")
			if !strings.HasPrefix(key, "Exec") {
				continue
			}
			program := strings.TrimLeft(command, "-@:+!|")
			prefix := strings.TrimSuffix(command, program)
			switch {
			case strings.Contains(prefix, "+"):
				t.Errorf("%s: %s runs outside the sandbox", unit, strings.TrimSpace(line))
			case strings.Contains(prefix, "!"):
				root = append(root, unit+" "+key+" "+strings.Fields(program)[0])
			}
		}
	}
	if want := []string{"tailscale-mcp-device.service ExecStart /bin/sh"}; !slices.Equal(root, want) {
		t.Errorf("run as root: %q, want %q", root, want)
	}
}

// TestScriptsStopServers: what the scripts of the packages stop is what the generator
// names so: the target that wants the sockets, and the slice above those of all servers.
func TestScriptsStopServers(t *testing.T) {
	above, _, ok := strings.Cut(unit.SliceName("x"), "-x.")
	if !ok {
		t.Fatalf("the slice of a server is %s", unit.SliceName("x"))
	}
	for _, script := range []string{"deb/prerm", "rpm/preun"} {
		if text := read(t, filepath.Join("../packaging", script)); !strings.Contains(text, unit.Target+" "+above+".slice ") {
			t.Errorf("%s does not stop %s and %s.slice", script, unit.Target, above)
		}
	}
}

// TestServersGroup: the group of the sockets and entries is the one that is made, that has
// the folder, and that the daemon is in.
func TestServersGroup(t *testing.T) {
	for name, line := range map[string]string{
		"sysusers.d/tailscale-mcp.conf": "g " + unit.Group + " -\n",
		"tmpfiles.d/tailscale-mcp.conf": "/etc/tailscale-mcp/servers.d 2750 root " + unit.Group + " -\n",
		"tailscale-mcp.service":         "SupplementaryGroups=" + unit.Group + "\n",
	} {
		if !strings.Contains(read(t, name), line) {
			t.Errorf("%s has no %q", name, line)
		}
	}
}

// units are the files that are installed.
func units(t *testing.T) []string {
	t.Helper()
	return slices.Concat(services(t), matching(t, "*.socket"), matching(t, "*.target"))
}

func services(t *testing.T) []string {
	t.Helper()
	return matching(t, "*.service")
}

func matching(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("looking for %s: got %q, %v", pattern, names, err)
	}
	return names
}

// examples are the drop-ins, named as they are below /etc/systemd/system.
func examples(t *testing.T) (names []string) {
	t.Helper()
	dir := os.DirFS("examples")
	err := fs.WalkDir(dir, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("looking for examples: got %q, %v", names, err)
	}
	return names
}

func each(names []string) (sets [][]string) {
	for _, name := range names {
		sets = append(sets, []string{name})
	}
	return sets
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
