// SPDX-License-Identifier: MIT

package policy

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
)

// start starts a fake of the API and returns it and the resource before it.
func start(t *testing.T) (*fakeapi.Server, func() (string, error)) {
	t.Helper()
	fake, err := fakeapi.Start(fakeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	api, err := tailnet.New(tailnet.Options{BaseURL: base, Credential: tailnet.Credential{APIKey: fakeapi.DefaultAPIKey}, RetryBudget: -1, Keep: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, u := range fake.Unexpected() {
			t.Errorf("the API got an unexpected request: %s %s: %s", u.Method, u.Path, u.Why)
		}
		api.Close()
		fake.Close()
	})
	return fake, func() (string, error) { return Tools(api, "jaxxstorm.com/cap/mcp").Resources[0].Read(t.Context(), "") }
}

// The file is what its authors wrote, to the byte: comments say why.
func TestPolicy(t *testing.T) {
	fake, read := start(t)
	for name, text := range map[string]string{
		"the usual":       fakeapi.DefaultPolicy,
		"comments":        "// Why: ticket 4711 <&> \"ü\" \u2028\n{\n\t/* nobody */ \"grants\": [], // none\n}\n",
		"other line ends": "{\r\n  // first\r\n  \"groups\": {},\r\n}\r\n",
		"nothing":         "{}",
	} {
		t.Run(name, func(t *testing.T) {
			if err := fake.SetPolicy(text); err != nil {
				t.Fatal(err)
			}
			got, err := read()
			if diff := cmp.Diff(text, got); err != nil || diff != "" {
				t.Errorf("(-want +got), error %v:\n%s", err, diff)
			}
		})
	}
}

func TestPolicyUnread(t *testing.T) {
	for name, c := range map[string]struct {
		fault fakeapi.Fault
		want  tailnet.Code
	}{
		"half of it, which nothing shows": {fakeapi.TruncatedSilently(), tailnet.CodeUpstreamMalformed},
		"half of it":                      {fakeapi.Truncated(), tailnet.CodeUpstreamMalformed},
		"nothing":                         {fakeapi.Empty(200), tailnet.CodeUpstreamMalformed},
		"a list":                          {fakeapi.Body(200, "application/hujson", "[]"), tailnet.CodeUpstreamMalformed},
		"refused":                         {fakeapi.Status(403), tailnet.CodePermissionDenied},
	} {
		t.Run(name, func(t *testing.T) {
			fake, read := start(t)
			fake.Fail("getPolicyFile", c.fault)
			if got, err := read(); got != "" || tailnet.CodeOf(err) != c.want {
				t.Errorf("got %q and error %v, want %s", got, err, c.want)
			}
		})
	}
}
