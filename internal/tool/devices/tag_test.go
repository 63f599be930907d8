// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

func tagged(t *testing.T) *rig {
	t.Helper()
	return newRig(t,
		fakeapi.Device{NodeID: "nA", ID: "1", Hostname: "a", Tags: []string{"tag:web", "tag:prod"}},
		fakeapi.Device{NodeID: "nB", ID: "2", Hostname: "b", Tags: []string{"tag:web"}},
		fakeapi.Device{NodeID: "nC", ID: "3", Hostname: "c"})
}

func TestTagResource(t *testing.T) {
	r := tagged(t)
	for uri, want := range map[string][]string{
		"tailscale://tag/tag:web":  {"nA", "nB"},
		"tailscale://tag/web":      {"nA", "nB"},
		"tailscale://tag/tag:prod": {"nA"},
	} {
		text, _, err := r.read(uri)
		var got answered
		if err != nil || json.Unmarshal([]byte(text), &got) != nil {
			t.Errorf("%s: got %s and error %v, want JSON", uri, text, err)
		}
		var ids []string
		for _, d := range got.Devices {
			ids = append(ids, d["nodeId"].(string))
		}
		if diff := cmp.Diff(want, ids); diff != "" || got.Total != len(want) {
			t.Errorf("%s: of %d (-want +got):\n%s", uri, got.Total, diff)
		}
	}
	// That nobody has it is said, and no other tag.
	_, _, err := r.read("tailscale://tag/tag:weh")
	if e := told(t, err, string(failure.NotFound), "list_all_devices"); !strings.Contains(e.Message, "tag:weh") || strings.Contains(e.Error(), "tag:web") {
		t.Errorf("got %v", e)
	}
	// What is no tag is not every device.
	for _, uri := range []string{"tailscale://tag/%20", "tailscale://tag/tag:", "tailscale://tag/%C2%A0"} {
		text, _, err := r.read(uri)
		if told(t, err, tool.CodeInvalidArgument, "tag:web"); text != "" {
			t.Errorf("%s: got %s", uri, text)
		}
	}
}

func TestTagCompletion(t *testing.T) {
	r := tagged(t)
	complete := func(entry, prefix string) []string {
		t.Helper()
		got, _, err := r.dispatcher.CompleteResource(t.Context(), by(t, "alice@example.com", entry), gate.Request{ID: "1", Method: "completion/complete", Name: "tailscale://tag/{+tag}"}, prefix)
		if err != nil {
			t.Error(err)
		}
		return got
	}
	for prefix, want := range map[string][]string{"": {"tag:prod", "tag:web"}, "we": {"tag:web"}, "TAG:P": {"tag:prod"}, "x": nil} {
		if got := complete(mayAll, prefix); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", prefix, got, want)
		}
	}
	if got := complete(`{"resources":["tailscale://tag/tag:web"]}`, ""); !slices.Equal(got, []string{"tag:web"}) {
		t.Errorf("got %q, want what may be read", got)
	}
}
