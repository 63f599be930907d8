// SPDX-License-Identifier: MIT

package credential

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestPrintingACredential(t *testing.T) {
	credentials := map[string]Credential{
		"(none)":               {},
		"(API access token)":   {APIKey: "sesame-1"},
		"(OAuth client)":       {OAuthClientID: "sesame-2", OAuthClientSecret: "sesame-3"},
		"(federated identity)": {OAuthClientID: "sesame-4", IDTokenFile: "/sesame-5"},
	}
	for want, c := range credentials {
		if got := c.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t", "%10v"} {
			fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", c, &c, struct{ V Credential }{c})
		}
		for _, v := range []any{c, &c, struct{ V Credential }{c}, map[string]any{"c": c}} {
			text, err := json.Marshal(struct{ V any }{v})
			if err != nil {
				t.Fatal(err)
			}
			out.Write(text)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "c", c, "p", &c)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "c", c, "p", &c)
		if strings.Contains(out.String(), "sesame") || strings.Contains(out.String(), "736573616d65") {
			t.Errorf("a field is in\n%s", out.String())
		}
	}
}
