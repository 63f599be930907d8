// SPDX-License-Identifier: MIT

package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// The file is what its authors wrote, to the byte: comments say why.
func TestPolicy(t *testing.T) {
	r := start(t)
	for name, c := range map[string]struct{ text, json string }{
		"comments":        {"// Why: ticket 4711 <&> \"ü\"\n{\n\t/* nobody */ \"grants\": [], // none\n}\n", `{"grants":[]}`},
		"other line ends": {"{\r\n  // first\r\n  \"groups\": {\"group:a\": [\"<&> ü\"],},\r\n}\r\n", `{"groups":{"group:a":["<&> ü"]}}`},
		"nothing":         {"{}", "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := r.Fake.SetPolicy(c.text); err != nil {
				t.Fatal(err)
			}
			got, err := r.Read("tailscale://policy")
			if diff := cmp.Diff(c.text, got); err != nil || diff != "" {
				t.Errorf("(-want +got), error %v:\n%s", err, diff)
			}
			got, err = r.Read("tailscale://policy-json")
			if diff := cmp.Diff(c.json, got); err != nil || diff != "" {
				t.Errorf("as JSON (-want +got), error %v:\n%s", err, diff)
			}
		})
	}
	if err := r.Fake.SetPolicy("// x\u2028y\n{\"hosts\": {\"a\u200b\": \"100.64.0.1\"}}"); err != nil {
		t.Fatal(err)
	}
	for uri, want := range map[string]string{
		"tailscale://policy":      "// x\\u2028y\n{\"hosts\": {\"a\\u200b\": \"100.64.0.1\"}}",
		"tailscale://policy-json": `{"hosts":{"a\\u200b":"100.64.0.1"}}`,
	} {
		if got, err := r.Read(uri); err != nil || got != want {
			t.Errorf("%s: got %s and error %v, want what is hidden shown: %s", uri, got, err, want)
		}
	}
	r.Fake.Fail("getPolicyFile", fakeapi.Body(200, "application/json", "{ \"grants\" :\n[ ] }\n"))
	if got, err := r.Read("tailscale://policy-json"); err != nil || got != `{"grants":[]}` {
		t.Errorf("got %s and error %v, want no space in between", got, err)
	}
}

// Whoever asks for more than fits is told how to ask for less.
func TestPolicyTooLarge(t *testing.T) {
	r, _ := startWith(t, `{"grants": []}`)
	if err := r.Fake.SetPolicy(`{"grants": [], "hosts": {"` + strings.Repeat("x", gate.DefaultResourceLimit) + `": "100.64.0.1"}}`); err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{"tailscale://policy", "tailscale://policy-json"} {
		text, err := r.Read(uri)
		r.Told(uri, text, err, tool.CodeResultTooLarge, `get_policy for single sections, such as sections: ["grants"]`)
	}
	for _, format := range []string{"hujson", "json"} {
		r.Refuses("get_policy", `{"format":"`+format+`"}`, tool.CodeResultTooLarge, `sections: ["grants"]`)
		r.Answers("get_policy", `{"format":"`+format+`","sections":["grants"]}`, "grants")
	}
}

func TestPolicyUnread(t *testing.T) {
	for name, c := range map[string]struct {
		fault fakeapi.Fault
		want  failure.Code
	}{
		"half of it, which nothing shows": {fakeapi.TruncatedSilently(), failure.UpstreamMalformed},
		"half of it":                      {fakeapi.Truncated(), failure.UpstreamMalformed},
		"nothing":                         {fakeapi.Empty(200), failure.UpstreamMalformed},
		"a list":                          {fakeapi.Body(200, "application/hujson", "[]"), failure.UpstreamMalformed},
		"refused":                         {fakeapi.Status(403), failure.PermissionDenied},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			r.Fake.Fail("getPolicyFile", c.fault)
			for _, uri := range []string{"tailscale://policy", "tailscale://policy-json"} {
				text, err := r.Read(uri)
				r.Told(uri, text, err, string(c.want))
				if text != "" {
					t.Errorf("%s: got %q with the error", uri, text)
				}
			}
		})
	}
}
