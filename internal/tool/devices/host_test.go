// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"strings"
	"testing"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

// Who may cut the host of this server off is told that it is that. Where nobody
// is cut off, or the host is not known, there is nothing to say.
func TestChangesOfThisHost(t *testing.T) {
	r := newRig(t, few()...)
	const word = "the host of this very server"
	for _, host := range []string{"nWeb1CNTRL", "nWeb2CNTRL", ""} {
		r.dispatcher = r.dispatch(Tools(r.api, func(context.Context) string { return host }), grant.Classes()...)
		for _, c := range []struct {
			name, rest string
			cuts       bool
		}{
			{"delete_device", ``, true},
			{"expire_device_key", ``, true},
			{"set_device_ip", `,"ipv4":"100.64.0.99"`, true},
			{"set_device_tags", `,"tags":[]`, true},
			{"authorize_device", `,"approved":false`, true},
			{"authorize_device", ``, false},
			{"set_device_key_expiry", `,"expires":false`, false},
			{"set_device_routes", `,"routes":[]`, false},
		} {
			r.prepare(c.name, c.rest)
			_, err := r.changed(c.name, `{"device":"web-1"`+c.rest+`}`)
			e := told(t, err, tool.CodeConfirmationRequired, "confirm set to")
			if said, want := strings.Contains(e.Message, word), c.cuts && host == "nWeb1CNTRL"; said != want {
				t.Errorf("%s%s with the host %q: got %s", c.name, c.rest, host, e.Message)
			}
		}
	}
}

// However many devices are changed, the host is asked for once: where tailscaled
// hangs, that takes seconds.
func TestHostIsAskedForOnce(t *testing.T) {
	r := newRig(t, few()...)
	asked := 0
	r.dispatcher = r.dispatch(Tools(r.api, func(context.Context) string { asked++; return "nWeb1CNTRL" }), grant.Classes()...)
	_, err := r.changed("update_device_attributes", `{"devices":["web-1","web-2"],"attributes":[{"key":"custom:tier","flag":true}]}`)
	if told(t, err, tool.CodeConfirmationRequired, ""); asked != 1 || strings.Count(err.Error(), "one of them is the host of this very server") != 1 {
		t.Errorf("asked %d times, got %v", asked, err)
	}
}

// What a route lacks is said, and what is not lost is not mentioned.
func TestRoutesInWords(t *testing.T) {
	r := newRig(t, few()...)
	_, err := r.changed("set_device_routes", `{"device":"web-1","routes":["10.0.0.1/16"]}`)
	told(t, err, tool.CodeInvalidArgument, "give 10.0.0.0/16 if")
	_, err = r.changed("set_device_routes", `{"device":"web-1","routes":["10.0.0.0/16","10.1.0.0/24"]}`)
	if e := told(t, err, tool.CodeConfirmationRequired, ""); strings.Contains(e.Message, "disables") {
		t.Errorf("got %s, and nothing is disabled", e.Message)
	}
}
