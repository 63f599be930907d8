// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

const (
	// felt is how soon a grant that was given or taken away has to be felt: what the
	// daemon knows of a caller is a second old at most. The rest is for a busy machine.
	felt = 10 * time.Second
	// reconsidered is how soon an open stream has to follow: it is decided again
	// every two seconds. The rest is for a busy machine.
	reconsidered = 15 * time.Second
)

// TestFollowsGrants: what the policy file says counts, from the next call on and
// for streams that are open.
func TestFollowsGrants(t *testing.T) {
	t.Parallel() // it mostly waits
	followsGrants(t, testbed.Options{}, testbed.ReservePort(t))
}

func followsGrants(t *testing.T, opts testbed.Options, port int) {
	ctx := t.Context()
	tn, server, alice, rest := newTailnet(t, opts, testbed.NodeOptions{Name: "bob", Login: "bob@example.com"})
	bob := rest[0]
	d := startDaemon(t, server, setup{port: port})
	d.told.mustSay(t, "listening on")
	base := fmt.Sprintf("http://%s:%d", server.Name, d.port)
	hers, his := alice.HTTPClient(), bob.HTTPClient()
	mustAnswer(t, hers, base, may(false))

	changes := subscribe(t, hers, base)
	for range 2 {
		for _, allowed := range []bool{true, false} {
			var grants []testbed.Grant
			if allowed {
				grants = append(grants, grantAll(alice))
			}
			sent := time.Now()
			if err := tn.SendGrants(server, grants...); err != nil {
				t.Fatal(err)
			}
			mustAnswer(t, hers, base, may(allowed))
			took := time.Since(sent)
			told := changes.next(t, patience, `"notifications/tools/list_changed"`) + took
			t.Logf("granted: %v: felt after %s, told to an open stream after %s", allowed, ms(took), ms(told))
			if took > felt {
				t.Errorf("granted: %v: felt after %s, want at most %s", allowed, took, felt)
			}
			if told > reconsidered {
				t.Errorf("granted: %v: told after %s, want at most %s", allowed, told, reconsidered)
			}
			// What was granted to her is not granted to others.
			mustAnswer(t, his, base, func(who attested) error {
				if err := as("bob@example.com")(who); err != nil {
					return err
				}
				return may(false)(who)
			})
		}
	}

	// The node becomes a tagged one: whoever opened the stream is gone, although
	// the connection is not.
	began := time.Now()
	if err := tn.SetTags(ctx, alice, "tag:lost"); err != nil {
		t.Fatal(err)
	}
	changes.ends(t, reconsidered)
	t.Logf("tagged: an open stream ended after %s", ms(time.Since(began)))
	mustAnswer(t, hers, base, func(who attested) error {
		if who.Login != "" || len(who.Tags) != 1 || who.Tags[0] != "tag:lost" {
			return fmt.Errorf("whoami: got %q %v, want tag:lost", who.Login, who.Tags)
		}
		return nil
	})

	// The node is removed: it cannot be reached any more, so it is the server's
	// log that says that nobody listens.
	_ = subscribe(t, his, base)
	const ended = "stream ended: its caller may no longer have it"
	before := strings.Count(d.log.String(), ended)
	began = time.Now()
	if err := tn.Remove(ctx, bob); err != nil {
		t.Fatal(err)
	}
	await(t, reconsidered, func() error {
		if strings.Count(d.log.String(), ended) == before {
			return fmt.Errorf("the stream of a removed node is open")
		}
		return nil
	})
	t.Logf("removed: an open stream ended after %s", ms(time.Since(began)))
	d.mustRun(t)
}

// TestRefusesItself: any local account can have tailscaled call the host's own
// address, or connect to where tailscaled delivers. The first is the host itself,
// the second is nobody.
func TestRefusesItself(t *testing.T) {
	tn, server, alice, _ := newTailnet(t, testbed.Options{})
	if err := tn.SetGrants(t.Context(), server, grantAll()); err != nil {
		t.Fatal(err)
	}
	for _, allowed := range []bool{false, true} {
		t.Run(fmt.Sprintf("TAILSCALE_MCP_ALLOW_SELF=%v", allowed), func(t *testing.T) {
			d := startDaemon(t, server, setup{env: []string{fmt.Sprintf("TAILSCALE_MCP_ALLOW_SELF=%v", allowed)}})
			d.mustBecome(t, http.StatusOK, "up")
			for _, host := range []string{server.IPv4().String(), server.Name} {
				mustTreatSelf(t, server, fmt.Sprintf("http://%s:%d", host, d.port), allowed)
			}
			d.mustTellStranger(t, server, http.StatusForbidden)
			mustAnswer(t, alice.HTTPClient(), fmt.Sprintf("http://%s:%d", server.Name, d.port), as("alice@example.com"))
		})
	}
}

// mustTreatSelf calls from the server's own node.
func mustTreatSelf(t *testing.T, server *testbed.Node, base string, allowed bool) {
	t.Helper()
	a, err := call(t.Context(), server.HTTPClient(), base, "whoami", nil)
	switch {
	case err != nil:
		t.Errorf("a call from the server's own node to %s: %v", base, err)
	case allowed:
		if who, err := a.whoami(); err != nil || who.NodeID != server.StableID() || !slices.Equal(who.Tags, []string{"tag:mcp"}) {
			t.Errorf("a call from the server's own node to %s: got %d %s, want that it is %s", base, a.status, a.body, server.StableID())
		}
	case a.status != http.StatusForbidden || !strings.Contains(a.body, "TAILSCALE_MCP_ALLOW_SELF"):
		t.Errorf("a call from the server's own node to %s: got %d %s, want 403 and how to allow it", base, a.status, a.body)
	}
}
