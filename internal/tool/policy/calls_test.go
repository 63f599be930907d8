// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// However large the tailnet is, one call of a tool sends a hundred requests at most, and
// says what it did not ask for.
func TestPolicyCalls(t *testing.T) {
	const postures = `"postures": {"posture:linux": ["node:os == 'linux'"]}, `
	grants := mine + `,{"src": ["bob@example.com"], "dst": ["tag:mcp"], "ip": ["tcp:443"], "srcPosture": ["posture:linux"]}`
	before := strings.Replace(file(grants), `"groups"`, postures+`"groups"`, 1)
	after := strings.Replace(before, "tcp:443", "tcp:80", 1)
	r, etag := startWith(t, before)
	var devices []fakeapi.Device
	for i := range 300 {
		d := fakeapi.Device{
			NodeID: fmt.Sprintf("n%dCNTRL", i), ID: fmt.Sprint(1000 + i), Hostname: fmt.Sprintf("d%d", i), User: "bob@example.com",
			Addresses: []string{fmt.Sprintf("100.64.%d.%d", 1+i/200, 1+i%200)},
		}
		if i == 299 {
			d = fakeapi.Device{NodeID: "nMCPCNTRL", ID: "13", Hostname: "mcp", Tags: []string{"tag:mcp"}, Addresses: []string{"100.64.0.13"}}
		}
		devices = append(devices, d)
	}
	r.Fake.SetDevices(devices)
	if err := r.Fake.SetPolicy(before); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for name, call := range map[string]func(){
		"set_policy": func() {
			r.Refuses("set_policy", setting(after, etag, ""), tool.CodeConfirmationRequired, "bob@example.com may gain", "the posture attributes of 212 devices, which were not asked for")
		},
		"edit_policy": func() {
			r.Refuses("edit_policy", editing(`{"op":"replace_text","old":"tcp:443","new":"tcp:80"}`, etag, ""), tool.CodeConfirmationRequired, "which were not asked for")
		},
		"validate_policy": func() {
			r.Answers("validate_policy", `{"policy":`+asJSON(after)+`,"previewUser":"bob@example.com"}`, "which were not asked for")
		},
		"revert_policy": func() {
			if err := r.Fake.SetPolicy(after); err != nil {
				t.Fatal(err)
			}
			h := historyOf(t, r, `{"start":"1d","limit":1}`)
			sent = len(r.Fake.Requests())
			r.Refuses("revert_policy", reverting(h.Changes[0].Change, h.ETag, ""), tool.CodeConfirmationRequired, "bob@example.com may gain", "which were not asked for")
			if err := r.Fake.SetPolicy(before); err != nil {
				t.Fatal(err)
			}
		},
	} {
		sent = len(r.Fake.Requests())
		call()
		if n := len(r.Fake.Requests()) - sent; n > 100 || n < 90 {
			t.Errorf("%s: %d requests were sent, want about a hundred and no more", name, n)
		}
	}
}
