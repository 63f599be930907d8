// SPDX-License-Identifier: MIT

package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"tailscale.com/client/tailscale/apitype"
)

// answerByAddress knows every address as a node of its own.
func answerByAddress(w http.ResponseWriter, r *http.Request) {
	addr, err := netip.ParseAddr(r.FormValue("addr"))
	if err != nil {
		http.Error(w, "invalid 'addr' parameter", http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, `{"Node":{"StableID":"n%s"},%s}`, addr, alice)
}

// FuzzFromWhoIs takes whatever tailscaled may answer: there is a caller with a
// principal, or there is an error and no permission.
func FuzzFromWhoIs(f *testing.F) {
	for _, seed := range []string{
		`null`, `{}`,
		`{` + node + `,` + alice + `,"CapMap":{"` + capability + `":[{"tools":["read:*"],"resources":["*"]},{}]}}`,
		`{` + tagged + `,` + nobody + `,"CapMap":{"` + capability + `":[{"tools":null}]}}`,
		`{` + tagged + `,` + alice + `,"CapMap":{"` + capability + `":[null]}}`,
		`{` + tagged + `,` + alice + `,"CapMap":{"` + capability + `":null}}`,
		`{"Node":{"StableID":"n","Tags":["","tag:"]},"UserProfile":{"LoginName":"tag:x"}}`,
		`{"Node":{"StableID":"n","Name":"...","CapMap":{"a":[1]},"Hostinfo":{"OS":"linux"}},"UserProfile":{"LoginName":" ","Groups":["a"]}}`,
	} {
		f.Add([]byte(seed))
	}
	r, _ := resolver(nil)
	f.Fuzz(func(t *testing.T, text []byte) {
		var who *apitype.WhoIsResponse
		if json.Unmarshal(text, &who) != nil {
			t.Skip("the client would have failed")
		}
		c, err := r.fromWhoIs(who)
		if err != nil {
			if errors.Is(err, ErrUnknown) == errors.Is(err, ErrMalformedGrant) {
				t.Errorf("got error %v, want one reason", err)
			}
			if !c.Rules.Empty() {
				t.Errorf("got permissions %s with an error", c.Rules)
			}
			return
		}
		if c.NodeID == "" || len(c.Principals()) == 0 {
			t.Errorf("got %#v, want a node and a principal", c)
		}
		for _, p := range c.Principals() {
			if isTag(p) == (len(c.Tags) == 0) || !isPrintable(p) || p == "" {
				t.Errorf("got principal %q of login %q and tags %q", p, c.Login, c.Tags)
			}
		}
		if c.Login != "" && len(c.Tags) > 0 {
			t.Errorf("got login %q and tags %q, want one of them", c.Login, c.Tags)
		}
		if len(who.Node.Tags) > 0 && len(c.Tags) == 0 {
			t.Errorf("got user %q of a tagged node", c.Login)
		}
	})
}
