// SPDX-License-Identifier: MIT

package tsapi

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi/credential"
)

// badIDs would make a request for one operation a request for another somewhere
// on the way.
var badIDs = []string{
	"", ".", "..", "...", "/", "a/b", "../x", "x/..", "..%2f", "%2e%2e", "%2E.", `..\`, "..;", "x?y=z", "x#y",
	"x y", "x\x00", "x\n", "x\u2028y", "\xff", "x\u202e", strings.Repeat("x", 257),
	"-", "\u2024\u2024", "\uff0e\uff0e", "a\uff0fb", "x\u200b", "ü", "a=b", "a&b", "a,b", "a!b", "~x", "a*", "a'b", `a"b`, "{id}", "$x", "[x]", "x|y", "x^y", "x`y",
}

func TestIDsThatRetargetAreRefused(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	for _, id := range badIDs {
		_, err := r.GetDevice(t.Context(), id, false)
		wantError(t, err, failure.InvalidArgument)
		e := wantError(t, r.SetDeviceName(t.Context(), id, "x"), failure.InvalidArgument)
		if !strings.Contains(e.Message, "device") {
			t.Errorf("got %v, want it to say what the ID is of", e)
		}
	}
	if sent := r.fake.Requests(); len(sent) > 0 {
		t.Errorf("got requests %+v, want none", sent)
	}
}

func TestTarget(t *testing.T) {
	a, err := New(Options{Credential: credential.Credential{APIKey: "x"}, Tailnet: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path   string
		params []string
		want   string
	}{
		{"/tailnet/{tailnet}/devices", nil, "https://api.tailscale.com/api/v2/tailnet/example.com/devices"},
		{"/device/{deviceId}/attributes/{attributeKey}", []string{"n1", "custom:a_B"}, "https://api.tailscale.com/api/v2/device/n1/attributes/custom:a_B"},
		{"/users/{userId}", []string{"alice+lab.x_y-z@example.com"}, "https://api.tailscale.com/api/v2/users/alice+lab.x_y-z@example.com"},
		{"/tailnet/{tailnet}/services/{serviceName}", []string{"svc:web-1"}, "https://api.tailscale.com/api/v2/tailnet/example.com/services/svc:web-1"},
		{"/organizations/{organization}/tailnets", []string{"-"}, "https://api.tailscale.com/api/v2/organizations/-/tailnets"},
		{"/users/{userId}", nil, ""},
		{"/users/{userId}", []string{"a", "b"}, ""},
	}
	for _, test := range tests {
		got, err := a.target(&operation{id: "x", path: test.path}, test.params)
		if test.want == "" {
			wantInternal(t, err)
			continue
		}
		if err != nil || got.String() != test.want {
			t.Errorf("%s %q: got %s, %v, want %s", test.path, test.params, got, err, test.want)
		}
	}
}

func wantInternal(t *testing.T, err error) {
	t.Helper()
	if failure.CodeOf(err) != failure.Internal {
		t.Errorf("got %v, want a defect", err)
	}
}

// FuzzTarget: whatever the IDs are, they are refused, or the address has exactly
// the operation's segments and every reader of it sees the IDs in their places.
func FuzzTarget(f *testing.F) {
	a, err := New(Options{Credential: credential.Credential{APIKey: "x"}})
	if err != nil {
		f.Fatal(err)
	}
	for _, id := range badIDs {
		f.Add(id, "custom:x")
		f.Add("n1", id)
	}
	op := &operation{id: "x", path: "/device/{deviceId}/attributes/{attributeKey}", subject: "device"}
	f.Fuzz(func(t *testing.T, id, key string) {
		target, err := a.target(op, []string{id, key})
		if err != nil {
			if failure.CodeOf(err) != failure.InvalidArgument {
				t.Errorf("got %v, want the code %s", err, failure.InvalidArgument)
			}
			return
		}
		want := []string{"", "api", "v2", "device", id, "attributes", key}
		again, err := url.Parse(target.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range []*url.URL{target, again} {
			segments := strings.Split(u.EscapedPath(), "/")
			if u.Host != "api.tailscale.com" || u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || len(segments) != len(want) {
				t.Fatalf("got %s for %q and %q", u, id, key)
			}
			for i, s := range segments {
				if once, err := url.PathUnescape(s); err != nil || once != want[i] {
					t.Errorf("segment %d: got %q, %v, want %q", i, once, err, want[i])
				}
			}
			// Neither cleaning nor decoding once more changes anything.
			if path.Clean(u.Path) != u.Path {
				t.Errorf("got %q, which cleaning makes %q", u.Path, path.Clean(u.Path))
			}
			if twice, err := url.PathUnescape(u.Path); err != nil || twice != u.Path {
				t.Errorf("got %q, which decoding makes %q, %v", u.Path, twice, err)
			}
		}
	})
}
