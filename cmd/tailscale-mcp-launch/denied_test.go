// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/upstream/entry"
)

// TestDenied: nothing holds this process to a network, so that no network but the whole
// is taken for held. That it is where it is, internal/testbed/jail shows on hosts.
func TestDenied(t *testing.T) {
	list := func(texts ...string) (n entry.Network) {
		for _, text := range texts {
			n.Listed = append(n.Listed, netip.MustParsePrefix(text))
		}
		return n
	}
	for name, c := range map[string]struct {
		network entry.Network
		want    error
	}{
		"internet":                {entry.Network{Internet: true}, errNotDenied},
		"a list":                  {list("10.1.0.0/16"), errNotDenied},
		"a list with this host":   {list("127.0.0.0/8"), errNotDenied},
		"unconfined":              {entry.Network{Unconfined: true}, nil},
		"all there is, as a list": {list("0.0.0.0/0", "::/0"), nil},
	} {
		if err := denied(c.network); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if status := run([]string{"--denied"}, os.Getenv); status != exitConfig {
		t.Errorf("launch --denied exits with %d, want %d", status, exitConfig)
	}
}

// TestElsewhere: what is tried is nothing that the entry allows.
func TestElsewhere(t *testing.T) {
	got := elsewhere(entry.Network{Listed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}})
	want := []netip.Addr{netip.MustParseAddr("::1"), netip.MustParseAddr("192.0.2.1")}
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
		t.Error(d)
	}
}

// TestAlone: a network of one's own has a loopback and nothing else.
func TestAlone(t *testing.T) {
	const head = "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
	for text, want := range map[string]error{
		head + "    lo:       0       0    0    0    0     0          0         0        0\n":                            nil,
		head + "    lo:       0       0    0    0    0     0          0         0        0\n  eth0: 1 1 0 0 0 0 0 0 1\n": errNotDenied,
		head: nil,
	} {
		path := filepath.Join(t.TempDir(), "dev")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := alone(path); !errors.Is(err, want) {
			t.Errorf("got %v, want %v for\n%s", err, want, text)
		}
	}
	if err := alone(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("what cannot be read is taken for a network of one's own")
	}
}
