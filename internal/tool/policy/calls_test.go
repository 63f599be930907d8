// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

// However large the tailnet is, one call of a tool sends a hundred requests at most, and
// says what it did not ask for.
func TestPolicyCalls(t *testing.T) {
	const postures = `"postures": {"posture:linux": ["node:os == 'linux'"]}, `
	grants := mine + `,{"src": ["bob@example.com"], "dst": ["tag:mcp"], "ip": ["tcp:443"], "srcPosture": ["posture:linux"]}`
	before := strings.Replace(file(grants), `"groups"`, postures+`"groups"`, 1)
	after := strings.Replace(before, "tcp:443", "tcp:80", 1)
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
	// What is known of a device is kept for a minute, so that each tool has its own server.
	for name, call := range map[string]func(r *tooltest.API, etag string) (sent int){
		"set_policy": func(r *tooltest.API, etag string) int {
			sent := len(r.Fake.Requests())
			r.Refuses("set_policy", setting(after, etag, ""), tool.CodeConfirmationRequired, "bob@example.com may gain", "the posture attributes of 212 devices, which were not asked for")
			return sent
		},
		"edit_policy": func(r *tooltest.API, etag string) int {
			sent := len(r.Fake.Requests())
			r.Refuses("edit_policy", editing(`{"op":"replace_text","old":"tcp:443","new":"tcp:80"}`, etag, ""), tool.CodeConfirmationRequired, "212 devices, which were not asked for")
			return sent
		},
		"validate_policy": func(r *tooltest.API, _ string) int {
			sent := len(r.Fake.Requests())
			r.Answers("validate_policy", `{"policy":`+asJSON(after)+`,"previewUser":"bob@example.com"}`, "212 devices, which were not asked for")
			return sent
		},
		"revert_policy": func(r *tooltest.API, _ string) int {
			if err := r.Fake.SetPolicy(after); err != nil {
				t.Fatal(err)
			}
			sent := len(r.Fake.Requests())
			r.Refuses("revert_policy", reverting("last", "", ""), tool.CodeConfirmationRequired, "bob@example.com may gain", "212 devices, which were not asked for")
			return sent
		},
	} {
		r, etag := startWith(t, before)
		r.Fake.SetDevices(devices)
		sent := call(r, etag)
		if n := len(r.Fake.Requests()) - sent; n > 100 || n < 90 {
			t.Errorf("%s: %d requests were sent, want about a hundred and no more", name, n)
		}
		// Soon after the same is known.
		sent = len(r.Fake.Requests())
		r.Answers("validate_policy", `{"policy":`+asJSON(after)+`}`, "212 devices, which were not asked for")
		if n := len(r.Fake.Requests()) - sent; n > 5 {
			t.Errorf("after %s: %d requests were sent for what was known already", name, n)
		}
	}
}
