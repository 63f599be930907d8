// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// TestWithoutControl: a tailscaled that has lost its control server does not hear that
// a grant was taken away. After a minute of that the daemon says so wherever it says
// how it is and changes nothing more for anybody, until tailscaled hears again.
func TestWithoutControl(t *testing.T) {
	t.Parallel() // it mostly waits
	const (
		warned = "only reads are served"
		mended = "changes are served again"
		rename = "set_device_name"
	)
	api, err := fakeapi.Start(fakeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	api.AddDevices(1)
	tn, server, alice, _ := newTailnet(t, testbed.Options{})
	if err := tn.SetGrants(t.Context(), server, grantAll(alice)); err != nil {
		t.Fatal(err)
	}
	credential := []string{"TAILSCALE_API_URL=" + api.URL(), "TAILSCALE_API_KEY=" + fakeapi.DefaultAPIKey, "TAILSCALE_MCP_ALLOW=read,write",
		"TAILSCALE_MCP_AUDIT_FILE=" + filepath.Join(t.TempDir(), "audit.jsonl")}
	d := startDaemon(t, server, setup{env: credential})
	d.mustBecome(t, http.StatusOK, "up")
	base, hers := fmt.Sprintf("http://%s:%d", server.Name, d.port), alice.HTTPClient()
	mustAnswer(t, hers, base, may(true))
	change := func(name string) answer {
		t.Helper()
		a, err := call(t.Context(), hers, base, rename, map[string]any{"device": api.Devices()[0].NodeID, "name": name})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := change("before"); a.isError {
		t.Fatalf("%s: %s", rename, a.body)
	}

	tn.CutControl(server)
	if err := tn.SendGrants(server); err != nil { // all are taken away, unheard
		t.Fatal(err)
	}
	cut := time.Now()
	await(t, time.Minute+patience, func() error {
		if got := d.told.status(); !strings.Contains(got, warned) {
			return fmt.Errorf("STATUS: got %q, want that %s", got, warned)
		}
		return nil
	})
	t.Logf("said %s after the cut", ms(time.Since(cut)))
	d.mustBecome(t, http.StatusServiceUnavailable, "degraded")
	sent := len(api.Requests())
	if a := change("meanwhile"); !a.isError || !strings.HasPrefix(a.text, "reads_only: ") || !strings.Contains(a.text, "Next step: ") {
		t.Errorf("%s without a control server: got %s, want it refused", rename, a.body)
	}
	if got := len(api.Requests()); got != sent {
		t.Errorf("the API was sent %d requests for a change that is refused", got-sent)
	}
	if a, err := call(t.Context(), hers, base, granted, nil); err != nil || a.isError {
		t.Errorf("%s without a control server: got %s (error: %v), want an answer", granted, a.body, err)
	}
	if a, err := call(t.Context(), hers, base, "whoami", nil); err != nil || !strings.Contains(a.text, "tools that change something are refused now") {
		t.Errorf("whoami without a control server: got %s (error: %v), want that it tells", a.body, err)
	}
	env := append([]string{"GORACE=" + raceOptions, "TAILSCALE_MCP_TAILSCALED_SOCKET=" + server.Socket, fmt.Sprintf("TAILSCALE_MCP_PORT=%d", d.port)}, credential...)
	mustPrint(t, env, "doctor", 1, []string{"note  tailscaled says that it is without its control server"}, []string{"says: degraded\n"})

	tn.MendControl(server)
	d.mustBecome(t, http.StatusOK, "up")
	mustAnswer(t, hers, base, may(false)) // now it is felt
	if err := tn.SetGrants(t.Context(), server, grantAll(alice)); err != nil {
		t.Fatal(err)
	}
	if a := change("after"); a.isError {
		t.Errorf("%s with the control server back: %s", rename, a.body)
	}
	d.log.mustHave(t, warned, mended)
	for _, text := range []string{warned, mended} {
		if got := strings.Count(d.log.String(), text); got != 1 {
			t.Errorf("the log says %d times that %s, want once", got, text)
		}
	}
	d.audit.mustHave(t, `"reason":"tailscaled on this host has been without its control server`, `"allowed":false`)
}
