// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi/credential"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a client before a fake API. Waits between repetitions are recorded and
// not slept through.
type rig struct {
	*API
	fake *fakeapi.Server

	mu    sync.Mutex
	waits []time.Duration
}

// newRig starts both. A request outside the API's document fails the test.
func newRig(t testing.TB, fo fakeapi.Options, o Options) *rig {
	t.Helper()
	fake, err := fakeapi.Start(fo)
	if err != nil {
		t.Fatal(err)
	}
	if o.Credential.IsZero() {
		o.Credential.APIKey = fakeapi.DefaultAPIKey
	}
	if o.Keep == 0 {
		o.Keep = -1 // most tests count requests
	}
	o.BaseURL, err = url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	api, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{API: api, fake: fake}
	api.jitter = func() float64 { return 0.5 }
	api.sleep = func(ctx context.Context, d time.Duration) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.waits = append(r.waits, d)
		return ctx.Err()
	}
	t.Cleanup(func() {
		for _, u := range fake.Unexpected() {
			t.Errorf("the API got an unexpected request: %s %s: %s", u.Method, u.Path, u.Why)
		}
		api.Close()
		fake.Close()
	})
	return r
}

// wantError checks what every error must be and returns it.
func wantError(t testing.TB, err error, code failure.Code) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want one with the code %s", err, code)
	}
	if e.Code != code {
		t.Errorf("got code %s, want %s (%v)", e.Code, code, e)
	}
	if e.Message == "" || len(e.Error()) > 2000 || strings.ContainsAny(e.Error(), "\n\r\x1b<>") {
		t.Errorf("got an unfit message: %q", e.Error())
	}
	if e.Next == "" && e.Code != failure.Cancelled {
		t.Errorf("got no next step in %v", e)
	}
	if e.Op == "" {
		t.Errorf("got no operation in %v", e)
	}
	return e
}

func TestDevices(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{UserAgent: "tailscale-mcp/1.2"})
	r.fake.SetDevices([]fakeapi.Device{
		{
			NodeID: "nOne", ID: "1", Hostname: "one", User: "alice@example.com", OS: "linux", ClientVersion: "1.102.5",
			Addresses: []string{"100.64.0.1", "fd7a::1"}, Tags: []string{"tag:web"},
			Authorized: true, ConnectedToControl: true, UpdateAvailable: true, KeyExpiryDisabled: true,
			Created: "2026-01-01T00:00:00Z", Expires: "2026-07-01T00:00:00Z",
			Details: &fakeapi.Details{SSHEnabled: true},
			Extra:   map[string]any{"someDay": map[string]any{"x": []int{1}}},
		},
		{NodeID: "nTwo", Hostname: `zwei "ü" \`, OS: "macOS", LastSeen: "2026-02-01T00:00:00Z", IsExternal: true, IsEphemeral: true, BlocksIncomingConnections: true},
	})
	devices, err := r.ListDevices(t.Context(), DeviceQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if len(devices) != 2 {
		t.Fatalf("got %d devices, want 2", len(devices))
	}
	one, two := devices[0], devices[1]
	want := Device{
		Object: one.Object, NodeID: "nOne", ID: "1", Name: "one.tailfe8c.ts.net", Hostname: "one", User: "alice@example.com", OS: "linux",
		ClientVersion: "1.102.5", Created: "2026-01-01T00:00:00Z", Expires: "2026-07-01T00:00:00Z",
		Addresses: []string{"100.64.0.1", "fd7a::1"}, Tags: []string{"tag:web"},
		UpdateAvailable: true, ConnectedToControl: true, KeyExpiryDisabled: true, Authorized: true, saysConnected: true,
	}
	if diff := cmp.Diff(want, one, cmp.AllowUnexported(Device{}, Object{})); diff != "" {
		t.Errorf("first device (-want +got):\n%s", diff)
	}
	if two.Hostname != `zwei "ü" \` || !two.IsExternal || !two.IsEphemeral || !two.BlocksIncomingConnections || two.Authorized {
		t.Errorf("second device: got %+v", two)
	}
	if !one.Online() || two.Online() {
		t.Errorf("got online %v and %v, want true and false", one.Online(), two.Online())
	}
	if got, ok := one.Field("someDay"); !ok || string(got) != `{"x":[1]}` {
		t.Errorf("unknown field: got %s, %v", got, ok)
	}
	if _, ok := one.Field("sshEnabled"); ok {
		t.Error("got sshEnabled without asking for all fields")
	}

	// The slice belongs to the caller.
	devices[0] = Device{}
	all, err := r.ListDevices(t.Context(), DeviceQuery{AllFields: true, Filters: url.Values{"tags": {"tag:web"}, "os": {"linux"}}})
	if err != nil || len(all) != 1 || all[0].NodeID != "nOne" {
		t.Fatalf("filtered: got %+v, %v", all, err)
	}
	if got, ok := all[0].Field("sshEnabled"); !ok || string(got) != "true" {
		t.Errorf("all fields: got sshEnabled %s, %v", got, ok)
	}
	for _, name := range []string{"", "fields"} {
		_, err := r.ListDevices(t.Context(), DeviceQuery{Filters: url.Values{name: {"all"}}})
		wantError(t, err, failure.InvalidArgument)
	}

	for _, id := range []string{"nOne", "1"} {
		d, err := r.GetDevice(t.Context(), id, true)
		if _, ok := d.Field("sshEnabled"); err != nil || d.NodeID != "nOne" || !ok {
			t.Errorf("device %s: got %+v, %v", id, d, err)
		}
	}
	if err := r.SetDeviceName(t.Context(), "nTwo", "second"); err != nil {
		t.Fatal(err)
	}
	if d, err := r.GetDevice(t.Context(), "nTwo", false); err != nil || d.Name != "second.tailfe8c.ts.net" {
		t.Errorf("renamed: got %s, %v", d.Name, err)
	}

	sent := r.fake.Requests()
	last := sent[len(sent)-2]
	if got := last.Header.Get("User-Agent"); got != "tailscale-mcp/1.2" {
		t.Errorf("got User-Agent %s", got)
	}
	if string(last.Body) != `{"name":"second"}` || last.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got body %s as %s", last.Body, last.Header.Get("Content-Type"))
	}
}

func TestPolicy(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{Tailnet: "TFakeXk11CNTRL"})
	p, err := r.Policy(t.Context())
	if err != nil || p.HuJSON != fakeapi.DefaultPolicy || !strings.HasPrefix(p.ETag, `"`) {
		t.Errorf("got %+v, %v", p, err)
	}
	file, etag, err := r.PolicyJSON(t.Context())
	if err != nil || etag != p.ETag {
		t.Errorf("as JSON: got ETag %s, %v, want %s", etag, err, p.ETag)
	}
	names := []string{}
	for name := range file.Fields() {
		names = append(names, name)
	}
	if diff := cmp.Diff([]string{"tagOwners", "groups", "grants"}, names); diff != "" {
		t.Errorf("sections (-want +got):\n%s", diff)
	}
}

func TestSettings(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	s, err := r.Settings(t.Context())
	if got, ok := s.Field("devicesKeyDurationDays"); err != nil || !ok || string(got) != "180" {
		t.Errorf("got %s, %v", s.Raw(), err)
	}
}

func TestFiveThousandDevices(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	r.fake.AddDevices(5000)
	devices, err := r.ListDevices(t.Context(), DeviceQuery{AllFields: true})
	if err != nil {
		t.Fatal(err)
	}
	want := r.fake.Devices()
	if len(devices) != len(want) {
		t.Fatalf("got %d devices, want %d", len(devices), len(want))
	}
	for i, d := range devices {
		w := want[i]
		if d.NodeID != w.NodeID || d.Name != w.Name || !slices.Equal(d.Tags, w.Tags) || !slices.Equal(d.Addresses, w.Addresses) || d.LastSeen != w.LastSeen || d.Authorized != w.Authorized {
			t.Fatalf("device %d: got %s, want %+v", i, d.Raw(), w)
		}
	}
}

// TestOperationsAreDocumented compares what this package says of its operations
// with the fake's table, which is compared with the API's document.
func TestOperationsAreDocumented(t *testing.T) {
	documented := map[string]fakeapi.Operation{}
	for _, op := range fakeapi.Operations() {
		documented[op.ID] = op
	}
	if len(operations) != 93 {
		t.Fatalf("got %d operations, want the 93 of the document", len(operations))
	}
	for _, op := range operations {
		want, ok := documented[op.id]
		if !ok {
			t.Errorf("the fake does not answer %s", op.id)
		}
		if op.method != want.Method || op.path != want.Path || op.scope != strings.Join(want.Scopes, " + ") {
			t.Errorf("got %+v, want %+v", op, want)
		}
		if op.method == "GET" && op.changes {
			t.Errorf("%s: a GET that changes something", op.id)
		}
	}
}

func TestNew(t *testing.T) {
	key := credential.Credential{APIKey: "tskey-api-x"}
	if _, err := New(Options{}); !errors.Is(err, ErrNoCredential) {
		t.Errorf("without a credential: got %v, want %v", err, ErrNoCredential)
	}
	if _, err := New(Options{Credential: key}); err != nil {
		t.Errorf("got %v, want none", err)
	}
	if _, err := New(Options{Credential: key, Tailnet: ".."}); err == nil || !strings.Contains(err.Error(), "consists of dots") {
		t.Errorf("got %v, want the tailnet refused", err)
	}
}

func TestTrace(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	r.fake.Fail("getTailnetSettings", fakeapi.Status(503).Times(2))
	record := func(call func(context.Context) error) string {
		var trace Trace
		_ = call(WithTrace(t.Context(), &trace))
		return fmt.Sprintf("%d after %d", trace.Status(), trace.Requests())
	}
	tests := []struct {
		name string
		call func(context.Context) error
		want string
	}{
		{"repeated read", func(ctx context.Context) error { _, err := r.Settings(ctx); return err }, "200 after 3"},
		{"read", func(ctx context.Context) error { _, err := r.Settings(ctx); return err }, "200 after 1"},
		{"refused read", func(ctx context.Context) error { _, err := r.GetDevice(ctx, "x", false); return err }, "404 after 1"},
		{"refused change", func(ctx context.Context) error { return r.SetDeviceName(ctx, "x", "y") }, "404 after 1"},
		{"nothing sent", func(ctx context.Context) error { return r.SetDeviceName(ctx, "..", "y") }, "0 after 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := record(test.call); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	// No trace is no trouble.
	if _, err := r.Settings(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestLog(t *testing.T) {
	var log strings.Builder
	r := newRig(t, fakeapi.Options{}, Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	r.fake.Fail("getDevice", fakeapi.Status(503).Times(1))
	_, err := r.GetDevice(t.Context(), "nobody", false)
	wantError(t, err, failure.NotFound)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "op=getDevice attempt=1") || !strings.Contains(lines[0], "status=503 code=upstream_unavailable") || !strings.Contains(lines[1], "attempt=2") {
		t.Errorf("got log\n%s", log.String())
	}
}
