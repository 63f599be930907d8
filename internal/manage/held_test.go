// SPDX-License-Identifier: MIT

package manage

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestHeld: where addresses are not denied, a server that needs that is not started, and
// what it has running of before is stopped.
func TestHeld(t *testing.T) {
	d := newDesk(t)
	networks := map[string]string{"none": `"none"`, "open": `"unconfined"`, "internet": `"internet"`, "lan": `["10.1.0.0/16"]`}
	for name, network := range networks {
		d.systemd.Write(name, d.systemd.OddPath(), nil, `{"network": `+network+`}`)
	}
	started := func() (names []string) {
		for name := range d.systemd.active {
			names = append(names, server(name))
		}
		slices.Sort(names)
		return names
	}
	if err := d.Apply(t.Context(), d.as(""), Applying{}); err != nil || len(started()) != len(networks) {
		t.Fatalf("%v, started %v", err, started())
	}
	d.systemd.open = true
	err := d.Apply(t.Context(), d.as(""), Applying{})
	if got := strings.Join(started(), " "); got != "none open" {
		t.Errorf("started: %s", got)
	}
	for _, want := range []string{"internet: addresses are not denied on this host, so that with network internet", "lan: addresses are not denied on this host, so that with network 10.1.0.0/16"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := d.Show(t.Context(), d.as(""), "internet"); err != nil || !strings.Contains(d.out.String(), "it is not started: addresses are not denied on this host") {
		t.Errorf("shown: %v, %s", err, d.out.String())
	}
	adding := d.odd("more")
	adding.Network = "internet"
	if err := d.Add(t.Context(), d.as(""), adding); err == nil || !strings.Contains(err.Error(), "addresses are not denied") {
		t.Errorf("added: %v", err)
	}
	if _, err := os.Stat(filepath.Join(d.Dir, "more.json")); err == nil {
		t.Error("the entry of the server that was refused is there")
	}
}

// TestNotes: what does not hold on this host, or does not work yet, is said when a server is
// started, and whenever it is shown.
func TestNotes(t *testing.T) {
	const address, names = "this host's own address", "names do not resolve"
	for _, c := range []struct {
		network, built string
		resolv         bool
		want           []string
	}{
		{`"none"`, "-BPF_FRAMEWORK", false, nil},
		{`"unconfined"`, "-BPF_FRAMEWORK", true, []string{"in the name of this host"}},
		{`"internet"`, "-BPF_FRAMEWORK", false, []string{address, names}},
		{`"internet"`, "+BPF_FRAMEWORK", false, []string{names}},
		{`"internet"`, "-BPF_FRAMEWORK", true, []string{address}},
		{`["10.1.0.0/16"]`, "-BPF_FRAMEWORK", false, []string{names}},
	} {
		d := newDesk(t)
		// Where resolv.conf is looked for, there is nothing of another test.
		dir := filepath.Join(d.Dir, "servers.d")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		d.Dir, d.systemd.built = dir, c.built
		if c.resolv {
			if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "resolv.conf"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		text := `{"command": "` + d.systemd.OddPath() + `", "tailscale": {"network": ` + c.network + `}}`
		if err := os.WriteFile(filepath.Join(dir, "web.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.Apply(t.Context(), d.as(""), Applying{}); err != nil {
			t.Fatal(err)
		}
		applied := d.out.String()
		if err := d.Show(t.Context(), d.as(""), "web"); err != nil {
			t.Fatal(err)
		}
		for _, said := range []string{applied, d.out.String()} {
			if got := strings.Count(said, "note"); got != len(c.want) {
				t.Errorf("%s with %s: %d notes, want %d:\n%s", c.network, c.built, got, len(c.want), said)
			}
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("%s with %s: want %q in\n%s", c.network, c.built, want, said)
				}
			}
		}
	}
}
