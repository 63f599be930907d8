// SPDX-License-Identifier: MIT

package catalog

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/tool"
)

func names(r tool.Set) (tools, resources []string) {
	for _, t := range r.Tools {
		tools = append(tools, t.Name)
	}
	for _, res := range r.Resources {
		resources = append(resources, res.URI)
	}
	return tools, resources
}

// Without a credential a host offers what its tailscaled answers.
func TestWithoutCredential(t *testing.T) {
	r := Offered(Options{Local: socket.Client(filepath.Join(t.TempDir(), "away")), Ceiling: grant.Classes(), Version: "1.2.3"})
	for _, d := range r.Tools {
		if d.Group != "local" {
			t.Errorf("%s of the group %s is offered", d.Name, d.Group)
		}
	}
	tools, resources := names(r)
	if !slices.Contains(tools, "whoami") || !slices.Contains(tools, "list_peers") {
		t.Errorf("got %v, want whoami and the local ones", tools)
	}
	if diff := cmp.Diff([]string{"bootstrap://status"}, resources); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
}

func TestCeiling(t *testing.T) {
	all := newRig(t, setup{}).offers
	for _, ceiling := range [][]grant.Class{{}, {grant.Read}, {grant.Write}, {grant.Read, grant.Write}, {grant.Read, grant.Destructive}, grant.Classes()} {
		r := newRig(t, setup{ceiling: ceiling}).offers
		tools, resources := names(r)
		for _, d := range all.Tools {
			want := d.ForEveryone || slices.Contains(ceiling, d.Class)
			if got := slices.Contains(tools, d.Name); got != want {
				t.Errorf("%v: %s (%s) is offered: %t, want %t", ceiling, d.Name, d.Class, got, want)
			}
		}
		if got := len(resources) > 0; got != slices.Contains(ceiling, grant.Read) {
			t.Errorf("%v: got resources %v", ceiling, resources)
		}
	}
	if tools, _ := names(newRig(t, setup{ceiling: []grant.Class{grant.Read}}).offers); slices.Contains(tools, "set_device_name") {
		t.Error("a host of the class read offers set_device_name")
	}
}

func TestStatus(t *testing.T) {
	read := func(r *rig, c caller.Caller) map[string]any {
		text, mimeType, err := r.read(c, "bootstrap://status")
		var got map[string]any
		if err != nil || mimeType != "application/json" || json.Unmarshal([]byte(text), &got) != nil {
			t.Fatalf("got %s %s and error %v, want JSON", mimeType, text, err)
		}
		return got
	}
	r := newRig(t, setup{ceiling: []grant.Class{grant.Read, grant.Write}})
	want := map[string]any{"status": "ok", "version": "1.2.3", "classes": []any{"read", "write"}, "api": "credential configured"}
	if diff := cmp.Diff(want, read(r, by(t, "alice@example.com", `{"resources":["bootstrap://status"]}`))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := len(r.fake.Requests()); n != 0 {
		t.Errorf("got %d requests to the API, want none", n)
	}
	_, _, err := r.read(by(t, "bob@example.com", `{"resources":["tailscale://*"]}`), "bootstrap://status")
	if e := told(t, err); e.Code != tool.CodeAccessDenied {
		t.Errorf("got %v, want %s", e, tool.CodeAccessDenied)
	}

	r.dispatcher = gate.NewDispatcher(gate.Options{
		Registry: New(Options{Local: socket.Client("/nowhere"), Ceiling: []grant.Class{grant.Read}}), Audit: r.log,
		Host: func() gate.Host { return gate.Host{} },
	})
	if got, _ := read(r, by(t, "alice@example.com", mayAll))["api"].(string); !strings.Contains(got, "/etc/tailscale-mcp.env") {
		t.Errorf("got api %q, want where to set a credential", got)
	}
}

// The metrics are there where the program has them, for who is granted them by
// name or with everything; a grant of the status is none of the metrics.
func TestMetrics(t *testing.T) {
	r := newRig(t, setup{})
	alice, all := by(t, "alice@example.com", `{"resources":["bootstrap://metrics"]}`), by(t, "alice@example.com", mayAll)
	for _, c := range []caller.Caller{alice, all} {
		_, _, err := r.read(c, "bootstrap://metrics")
		if e := told(t, err); e.Code != tool.CodeUnknown {
			t.Errorf("without metrics: got %v, want %s", e, tool.CodeUnknown)
		}
	}
	var fails error
	with := func(ceiling ...grant.Class) {
		r.dispatcher = gate.NewDispatcher(gate.Options{
			Registry: New(Options{
				Local: socket.Client("/nowhere"), Ceiling: ceiling,
				Metrics: func(context.Context) (string, error) { return "requests_total 1\n", fails },
			}),
			Audit: r.log, Log: slog.New(slog.DiscardHandler), Capability: "jaxxstorm.com/cap/mcp",
			Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
		})
	}
	with(grant.Read)
	for _, c := range []caller.Caller{alice, all} {
		text, mimeType, err := r.read(c, "bootstrap://metrics")
		if text != "requests_total 1\n" || mimeType != "text/plain; version=0.0.4" || err != nil {
			t.Errorf("got %q, %s and error %v, want the metrics", text, mimeType, err)
		}
	}
	bob := by(t, "bob@example.com", `{"tools":["*"],"resources":["bootstrap://status","tailscale://*"]}`)
	_, _, err := r.read(bob, "bootstrap://metrics")
	if e := told(t, err); e.Code != tool.CodeAccessDenied || !suggested(t, e.Next).Resource(grant.Resource{URI: "bootstrap://metrics"}).Allowed {
		t.Errorf("got %v, want %s and the grant that allows it", e, tool.CodeAccessDenied)
	}
	if listed := r.dispatcher.Resources(bob); len(listed) != 1 || listed[0].URI != "bootstrap://status" {
		t.Errorf("got %d resources listed for who may read the status", len(listed))
	}
	fails = context.DeadlineExceeded
	_, _, err = r.read(alice, "bootstrap://metrics")
	if e := told(t, err); e.Code != tool.CodeTimeout {
		t.Errorf("got %v, want %s", e, tool.CodeTimeout)
	}
	with(grant.Write)
	_, _, err = r.read(alice, "bootstrap://metrics")
	if e := told(t, err); e.Code != tool.CodeUnknown {
		t.Errorf("a host without reads: got %v, want %s", e, tool.CodeUnknown)
	}
}

func TestResources(t *testing.T) {
	r := newRig(t, setup{})
	alice := by(t, "alice@example.com", mayAll)
	for uri, want := range map[string]struct{ mimeType, text string }{
		"tailscale://devices":          {"application/json", `{"devices":[{`},
		"tailscale://device/web-1":     {"application/json", `"hostname":"web-1"`},
		"tailscale://policy":           {"application/hujson", "// Everybody reaches everything, for now."},
		"tailscale://tailnet-settings": {"application/json", `"devicesKeyDurationDays":180`},
	} {
		text, mimeType, err := r.read(alice, uri)
		if err != nil || mimeType != want.mimeType || !strings.Contains(text, want.text) {
			t.Errorf("%s: got %s, error %v and %.200s, want %s with %s", uri, mimeType, err, text, want.mimeType, want.text)
		}
		if mimeType == "application/json" && !json.Valid([]byte(text)) {
			t.Errorf("%s: got %.200s, want JSON", uri, text)
		}
	}
	for _, uri := range []string{"", "tailscale://", "tailscale://nothing", "tailscale://policy/", "tailscale://policy?x", "TAILSCALE://policy", "tailscale://device", "tailscale://device/", "tailscale://device/a/b", "tailscale://device/..", "tailscale://device/%2e%2e", "file:///etc/passwd", "tailscale://devices/web-1"} {
		_, _, err := r.read(alice, uri)
		if e := told(t, err); e.Code != tool.CodeUnknown {
			t.Errorf("%s: got %v, want %s", uri, e, tool.CodeUnknown)
		}
	}
}
