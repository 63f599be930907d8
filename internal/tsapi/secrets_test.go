// SPDX-License-Identifier: MIT

package tsapi

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi/credential"
)

// TestNoSecretsAnywhere fails in every way, with every kind of credential, and
// looks for secrets and for pages in everything that comes out: errors in all
// their printed forms and down their chains, the log, and the client itself.
func TestNoSecretsAnywhere(t *testing.T) {
	idToken := jwt("repo:one", time.Now().Add(time.Hour))
	file := filepath.Join(t.TempDir(), "id-token")
	if err := os.WriteFile(file, []byte(idToken), 0o600); err != nil {
		t.Fatal(err)
	}
	const odd = "an-oddly-shaped-key-0123456789"
	credentials := map[string]struct {
		fake       fakeapi.Options
		credential credential.Credential
	}{
		"API key":     {fakeapi.Options{}, credential.Credential{APIKey: fakeapi.DefaultAPIKey}},
		"odd key":     {fakeapi.Options{Tokens: []fakeapi.Token{{Secret: odd, Scopes: []string{"all"}}}}, credential.Credential{APIKey: odd}},
		"refused key": {fakeapi.Options{}, credential.Credential{APIKey: odd}},
		"OAuth client": {
			fakeapi.Options{Clients: []fakeapi.Client{{ID: "kClient11CNTRL", Secret: clientSecret, Scopes: []string{"all"}}}},
			credential.Credential{OAuthClientID: "kClient11CNTRL", OAuthClientSecret: clientSecret},
		},
		"refused client": {fakeapi.Options{}, credential.Credential{OAuthClientID: "kClient11CNTRL", OAuthClientSecret: clientSecret}},
		"federated": {
			fakeapi.Options{Clients: []fakeapi.Client{{ID: "kFederated", Scopes: []string{"all"}}}},
			credential.Credential{OAuthClientID: "kFederated", IDTokenFile: file},
		},
		"refused federated": {fakeapi.Options{}, credential.Credential{OAuthClientID: "kFederated", IDTokenFile: file}},
	}
	// An API that repeats what it was sent, as error pages of proxies do.
	faultsFor := func(c credential.Credential) map[string]fakeapi.Fault {
		echo := `{"message":"bad ` + c.APIKey + ` ` + clientSecret + ` ` + fakeapi.DefaultAPIKey + ` ` + idToken + `","access_token":"` + clientSecret + `"}`
		// The same with what nobody sees between the letters, as such and escaped.
		apart := func(by string) string {
			return `{"message":"bad ` + strings.Join(strings.Split(c.APIKey+clientSecret+` `+fakeapi.DefaultAPIKey+` `+idToken, ""), by) + `"}`
		}
		return map[string]fakeapi.Fault{
			"echo 400": fakeapi.Body(400, "application/json", echo), "echo 401": fakeapi.Body(401, "application/json", echo),
			"echo 403": fakeapi.Body(403, "text/plain", echo), "echo 500": fakeapi.Body(500, "application/json", echo),
			"echo 200": fakeapi.Body(200, "application/json", echo), "echo text": fakeapi.Body(502, "text/plain", echo[10:]),
			"echo apart": fakeapi.Body(400, "application/json", apart("\u200b")), "echo apart 403": fakeapi.Body(403, "application/json", apart(`\ufe0f`)),
			"echo apart 500": fakeapi.Body(500, "application/json", apart(`\udb40\udc41`)), "echo apart by fillers": fakeapi.Body(422, "application/json", apart("\u3164")),
			"page 200": fakeapi.HTML(200), "page 403": fakeapi.HTML(403), "page 500": fakeapi.HTML(500),
			"redirect": fakeapi.Redirect("http://192.0.2.1/" + odd), "cut": fakeapi.Cut(), "half": fakeapi.Truncated(), "silent half": fakeapi.TruncatedSilently(),
		}
	}
	secrets := regexp.MustCompile(regexp.QuoteMeta(odd) + `|tskey-|verysecret|` + regexp.QuoteMeta(idToken[:20]) + `|(?i)<html|<script|doctype`)

	for kind, c := range credentials {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
			r := newRig(t, c.fake, Options{Credential: c.credential, Log: log, RetryBudget: 200 * time.Millisecond})
			r.fake.AddDevices(3)
			id := r.fake.Devices()[0].NodeID
			calls, faults := reads(r, id), faultsFor(c.credential)
			see := func(err error) {
				for ; err != nil; err = errors.Unwrap(err) {
					fmt.Fprintf(&out, "%s\n%v\n%+v\n%#v\n", err, err, err, err)
				}
			}
			failed := 0
			ops := []string{""}
			if c.credential.APIKey == "" {
				ops = append(ops, "oauthToken", "oauthTokenExchange")
			}
			for _, op := range ops {
				for _, fault := range faults {
					r.fake.ClearFaults()
					r.fake.RevokeTokens()
					r.fake.Fail(op, fault)
					for _, call := range calls {
						if err := call(t.Context()); err != nil {
							failed++
							see(err)
						}
					}
					see(r.SetDeviceName(t.Context(), id, "x"))
				}
			}
			if failed < 50 {
				t.Errorf("got %d errors only: this test sees nothing", failed)
			}
			fmt.Fprintf(&out, "%v %+v %#v %s\n", r.API, r.API, r.API, r.API)
			fmt.Fprintf(&out, "%+v\n", struct{ x *API }{r.API})
			fmt.Fprintf(&out, "%+v %#v\n", r.source, r.source)
			if found := secrets.FindString(out.String()); found != "" {
				at := strings.Index(out.String(), found)
				t.Errorf("found %q in the output: ...%s...", found, out.String()[max(0, at-300):min(out.Len(), at+100)])
			}
			if !strings.Contains(out.String(), "request to the Tailscale API") {
				t.Error("got no log")
			}
		})
	}
}

func TestNextSteps(t *testing.T) {
	place := "systemd's credential tailscale-mcp.api-key"
	r := newRig(t, fakeapi.Options{}, Options{CredentialPlace: place})
	r.fake.Fail("", fakeapi.Status(401))
	_, err := r.Settings(t.Context())
	if e := wantError(t, err, failure.Unauthenticated); !strings.Contains(e.Next, place) || !strings.Contains(e.Message, place) {
		t.Errorf("got %v, want it to name the place", e)
	}

	// Operations for which the document states no scope.
	op := &operation{id: "listUserInvites", method: http.MethodGet}
	if got := r.nextScope(op.scope); strings.Contains(got, "scope") || !strings.Contains(got, "role") {
		t.Errorf("API key: got %q", got)
	}
	oauth, _ := newOAuthRig(t, "all")
	if got := oauth.nextScope(op.scope); !strings.Contains(got, "not open to an OAuth client") {
		t.Errorf("OAuth client: got %q", got)
	}
}
