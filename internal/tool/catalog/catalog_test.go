// SPDX-License-Identifier: MIT

package catalog

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

func names(r *tool.Registry) (tools, resources []string) {
	for _, t := range r.Tools() {
		tools = append(tools, t.Name)
	}
	for _, res := range r.Resources() {
		resources = append(resources, res.URI)
	}
	return tools, resources
}

// Without a credential a host offers what its tailscaled answers.
func TestWithoutCredential(t *testing.T) {
	r := New(Options{Local: tailnet.LocalClient(filepath.Join(t.TempDir(), "away")), Ceiling: grant.Classes(), Version: "1.2.3"})
	for _, d := range r.Tools() {
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
	all := newRig(t, setup{}).dispatcher.Registry()
	for _, ceiling := range [][]grant.Class{{}, {grant.Read}, {grant.Write}, {grant.Read, grant.Write}, {grant.Read, grant.Destructive}, grant.Classes()} {
		r := newRig(t, setup{ceiling: ceiling}).dispatcher.Registry()
		tools, resources := names(r)
		for _, d := range all.Tools() {
			want := d.ForEveryone || slices.Contains(ceiling, d.Class)
			if got := slices.Contains(tools, d.Name); got != want {
				t.Errorf("%v: %s (%s) is offered: %t, want %t", ceiling, d.Name, d.Class, got, want)
			}
		}
		if got := len(resources) > 0; got != slices.Contains(ceiling, grant.Read) {
			t.Errorf("%v: got resources %v", ceiling, resources)
		}
	}
	if tools, _ := names(newRig(t, setup{ceiling: []grant.Class{grant.Read}}).dispatcher.Registry()); slices.Contains(tools, "set_device_name") {
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

	r.dispatcher = tool.NewDispatcher(tool.Options{
		Registry: New(Options{Local: tailnet.LocalClient("/nowhere"), Ceiling: []grant.Class{grant.Read}}), Audit: r.log,
		Host: func() tool.Host { return tool.Host{} },
	})
	if got, _ := read(r, by(t, "alice@example.com", mayAll))["api"].(string); !strings.Contains(got, "/etc/tailscale-mcp.env") {
		t.Errorf("got api %q, want where to set a credential", got)
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
