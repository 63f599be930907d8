// SPDX-License-Identifier: MIT

package manage

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/elsewhere"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/unit"
)

// TestAddByURL: one command leads from a URL to what is to be granted; nothing is started,
// and what is shown of it is no secret.
func TestAddByURL(t *testing.T) {
	d := newDesk(t)
	far := &elsewhere.Server{Legacy: true, Title: "Tickets\x1b[31m"}
	srv := httptest.NewServer(far)
	t.Cleanup(srv.Close)
	adding := Adding{
		Name: "far", URL: srv.URL + "/mcp?key=s3cret&b=1", Headers: []string{"X-Key: s3cret"}, Network: "127.0.0.0/8",
		Approval: Approval{Classes: map[string]grant.Class{"echo": grant.Read}},
	}
	if err := d.Add(t.Context(), d.as(""), adding); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`says that it is "elsewhere" 1`, "its title, which decides nothing\n  + Tickets\\u001b[31m\n", `new tool "echo"`, "read: echo", `"far/read:*"`, "http://host:8080/far/mcp", "install CLIENT --server http://host:8080/far/mcp"} {
		if !strings.Contains(d.out.String(), want) {
			t.Errorf("said, without %q:\n%s", want, d.out.String())
		}
	}
	if len(d.systemd.active) > 0 || d.systemd.reloaded != nil {
		t.Errorf("started %v", d.systemd.active)
	}
	seen := far.Seen(http.MethodPost, "tools/list")
	if len(seen) != 1 || seen[0].Header.Get("X-Key") != "s3cret" {
		t.Errorf("asked with %v", seen)
	}
	if err := d.Show(t.Context(), d.as(""), "far"); err != nil || !strings.Contains(d.out.String(), "url       "+srv.URL+"/mcp?…\nheaders   X-Key\n") ||
		!strings.Contains(d.out.String(), "title     Tickets\\u001b[31m\nabout     Tickets") || strings.Contains(d.out.String(), "s3cret") || !strings.Contains(d.out.String(), "echo (read)") {
		t.Errorf("%v, shown:\n%s", err, d.out.String())
	}
	if err := d.Check(t.Context(), d.as(""), "far"); err != nil || d.out.String() != "far: ok\n" {
		t.Errorf("%v, checked: %s", err, d.out.String())
	}
	if err := d.List(t.Context(), d.as("")); err != nil || !strings.Contains(d.out.String(), "served") {
		t.Errorf("%v, listed: %s", err, d.out.String())
	}
	if err := d.Apply(t.Context(), d.as(""), Applying{}); err != nil || !strings.Contains(d.out.String(), "far: runs elsewhere") {
		t.Errorf("%v, applied: %s", err, d.out.String())
	}
	order := filepath.Join(d.Endings, "far"+unit.EndingSuffix)
	if entry.Stamp(order) != "-;" {
		t.Error("the gateway was told to end its sessions, by nobody")
	}
	if err := d.Apply(t.Context(), d.as(""), Applying{Now: true}); err != nil || !strings.Contains(d.out.String(), "far: runs elsewhere; the gateway ends the sessions that are open within seconds\n") {
		t.Errorf("%v, applied now: %s", err, d.out.String())
	}
	if entry.Stamp(order) == "-;" {
		t.Error("the gateway was not told to end its sessions")
	}
	if err := d.Approve(t.Context(), d.as(""), "far", Approval{}); err != nil || !strings.Contains(d.out.String(), "is what was approved") {
		t.Errorf("%v, approved: %s", err, d.out.String())
	}
	if err := d.Remove(t.Context(), d.as(""), "far"); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(d.Dir, "*.json")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if entry.Stamp(order) != "-;" {
		t.Error("left what was told to the gateway")
	}
}

// TestAddByURLRefused: a server that cannot be reached leaves nothing, and why is said.
func TestAddByURLRefused(t *testing.T) {
	d := newDesk(t)
	srv := httptest.NewServer(http.RedirectHandler("https://other.example.com/mcp?token=s3cret", http.StatusFound))
	t.Cleanup(srv.Close)
	for _, c := range []struct {
		Adding

		want string
	}{
		{Adding{Name: "far", URL: srv.URL}, `1:2: with http everybody on the way`},
		{Adding{Name: "far", URL: srv.URL, Network: "127.0.0.0/8"}, "HTTP 302 Found to https://other.example.com/mcp, and redirects are not followed"},
		{Adding{Name: "far", URL: srv.URL, Network: "10.0.0.0/8"}, "the address 127.0.0.1 is none that its entry lists"},
		{Adding{Name: "far", URL: srv.URL, Network: "127.0.0.0/8", Headers: []string{"Mcp-Name: x"}}, `the header "Mcp-Name" is set by the gateway itself`},
		{Adding{Name: "far", URL: "https://127.0.0.1", Network: "127.0.0.0/8", CA: "/etc/no-such.pem"}, `"/etc/no-such.pem" cannot be read`},
		{Adding{Name: "far", URL: srv.URL, Network: "127.0.0.0/8", Headers: []string{"x"}}, "--header without a colon"},
	} {
		err := d.Add(t.Context(), d.as(""), c.Adding)
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "\n", " "), c.want) && !strings.Contains(err.Error(), strings.TrimPrefix(c.want, "1:2: ")) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if hinted := (*cli.Hinted)(nil); !errors.As(err, &hinted) || strings.Contains(hinted.Hint, d.Dir) {
			t.Errorf("%v: the hint is %+v, of an entry that is gone", err, hinted)
		}
		if left, _ := filepath.Glob(filepath.Join(d.Dir, "*.json")); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	}
}

// TestShowOlder: of a server whose entry names the older transport, that is shown.
func TestShowOlder(t *testing.T) {
	d := newDesk(t)
	srv := httptest.NewServer(&elsewhere.Server{Old: true})
	t.Cleanup(srv.Close)
	if err := d.Add(t.Context(), d.as(""), Adding{Name: "old", URL: srv.URL, Type: "sse", Network: "127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	if err := d.Show(t.Context(), d.as(""), "old"); err != nil || !strings.Contains(d.out.String(), "\ntype      sse\n") {
		t.Errorf("%v, shown:\n%s", err, d.out.String())
	}
}

// TestCredentialsOfURL: a server elsewhere that needs a credential has a socket, whose
// launcher has it; the daemon and its unit do not. One that is exchanged is the other from the next session on.
func TestCredentialsOfURL(t *testing.T) {
	d := newDesk(t)
	d.Remote.Dial = d.Dial
	far := &elsewhere.Server{Legacy: true}
	srv := httptest.NewServer(far)
	t.Cleanup(srv.Close)
	store := t.TempDir()
	d.systemd.Credentials, d.Credentials = store, []string{store, filepath.Join(store, "no")}
	adding := Adding{Name: "far", URL: srv.URL, Headers: []string{"Authorization: Bearer ${credential:far.token}"}, Network: "127.0.0.0/8"}
	if err := d.Add(t.Context(), d.as(""), adding); err == nil || !strings.Contains(err.Error(), "the credential far.token is missing: put it into ") {
		t.Errorf("without the credential: %v", err)
	}
	if len(d.systemd.active) > 0 {
		t.Errorf("left %v", d.systemd.active)
	}
	text, err := adding.text()
	if err == nil {
		err = os.WriteFile(filepath.Join(d.Dir, "far.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Check(t.Context(), d.as(""), "far"); err != nil || !strings.Contains(d.out.String(), "the credential far.token is not in "+store) || !strings.Contains(d.out.String(), "LoadCredentialEncrypted=far.token") {
		t.Errorf("%v, checked: %s", err, d.out.String())
	}
	if err := os.Remove(filepath.Join(d.Dir, "far.json")); err != nil {
		t.Fatal(err)
	}
	for n, token := range []string{"s3cret-1", "s3cret-2"} {
		if err := os.WriteFile(filepath.Join(store, "far.token"), []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var err error
		if n == 0 {
			err = d.Add(t.Context(), d.as(""), adding)
		} else {
			err = d.Approve(t.Context(), d.as(""), "far", Approval{})
		}
		if err != nil {
			t.Fatal(err)
		}
		seen := far.Seen(http.MethodPost, "tools/list")
		if got := seen[len(seen)-1].Header.Get("Authorization"); got != "Bearer "+token {
			t.Errorf("asked with %q", got)
		}
	}
	if !d.systemd.active[unit.SocketName("far")] {
		t.Errorf("active is %v", d.systemd.active)
	}
	if err := d.Show(t.Context(), d.as(""), "far"); err != nil || !strings.Contains(d.out.String(), "secrets   far.token\n") || strings.Contains(d.out.String(), "s3cret") {
		t.Errorf("%v, shown:\n%s", err, d.out.String())
	}
	if err := d.Remove(t.Context(), d.as(""), "far"); err != nil || len(d.systemd.active) > 0 {
		t.Errorf("%v, left %v", err, d.systemd.active)
	}
	if _, ok, _ := pin.Load(pin.Path(d.Dir, "far")); ok {
		t.Error("its pin is left")
	}
}
