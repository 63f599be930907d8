// SPDX-License-Identifier: MIT

package catalog

import (
	"testing"

	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/fakelocal"
)

// onWeb1 is the socket of a tailscaled that runs on web-1.
func onWeb1(t *testing.T) string {
	t.Helper()
	tailscaled := fakelocal.Start(t)
	tailscaled.Change(func(s *ipnstate.Status) { s.Self.ID = "nWeb1CNTRL" })
	return tailscaled.Socket
}

// asksPolicy reports whether a tool answers with what a policy file means: of what others
// wrote that shows only what the answer hangs on.
func asksPolicy(name string) bool { return name == "explain_access" || name == "who_can_use" }

// accessQuestions are those of these tools, of a tailnet in which each text that they
// show is one that the answer hangs on.
func (r *rig) accessQuestions(c caller.Caller) (all []question) {
	for _, q := range []struct{ what, name, arguments string }{
		{"explain_access, yes", "explain_access", `{"source":"bob@example.com","destination":"tag:web","port":443}`},
		{"explain_access, no", "explain_access", `{"source":"bob@example.com","destination":"tag:web","port":80}`},
		{"explain_access, a posture", "explain_access", `{"source":"bob@example.com","destination":"tag:web","port":8443}`},
		{"explain_access, a route", "explain_access", `{"source":"bob@example.com","destination":"10.7.0.9","port":631}`},
		{"explain_access, ssh", "explain_access", `{"source":"bob@example.com","destination":"tag:web","port":22}`},
		{"explain_access, everybody", "explain_access", `{"destination":"tag:web","port":443}`},
		{"who_can_use", "who_can_use", `{}`},
		{"who_can_use, one tool", "who_can_use", calls["who_can_use"]},
	} {
		all = append(all, question{q.what, func() (string, error) {
			text, err := r.call(c, q.name, q.arguments)
			return string(text), err
		}, false, seedAccess})
	}
	return all
}

// seedAccess puts the fake to a tailnet that has something of everything which decides
// access. Its policy file is plain JSON, so that each string of it is edited, and the
// names of its devices have one label, which is shown whole.
func seedAccess(fake *fakeapi.Server) {
	device := func(number, name, user string, tags ...string) fakeapi.Device {
		return fakeapi.Device{
			NodeID: "n" + number + "CNTRL", ID: number, Hostname: name, Name: name, User: user, Tags: tags, Addresses: []string{"100.64.0." + number},
			Authorized: true, ConnectedToControl: true, KeyExpiryDisabled: true,
		}
	}
	web, off, router := device("11", "web-1", "", "tag:web"), device("12", "web-2", "", "tag:web"), device("13", "router", "", "tag:db")
	web.NodeID = "nWeb1CNTRL"
	off.ConnectedToControl, off.LastSeen = false, "2026-09-01T00:00:00Z"
	router.Details = &fakeapi.Details{AdvertisedRoutes: []string{"10.7.0.0/16"}}
	fake.SetDevices([]fakeapi.Device{web, off, router, device("21", "laptop", "bob@example.com"), device("22", "desk", "alice@example.com")})
	const file = `{
		"groups": {"group:ops": ["bob@example.com", "alice@example.com"]},
		"tagOwners": {"tag:web": ["group:ops"], "tag:db": ["group:ops"]},
		"postures": {"posture:patched": ["node:os == 'linux'", "custom:tier IS SET"]},
		"grants": [
			{"src": ["group:ops", "tag:db"], "dst": ["*"], "ip": ["tcp:443"]},
			{"src": ["*"], "dst": ["tag:web"], "ip": ["tcp:443", "tcp:8443"], "srcPosture": ["posture:patched"]},
			{"src": ["group:ops", "tag:db"], "dst": ["tag:web"], "app": {"jaxxstorm.com/cap/mcp": [{"tools": ["*", "escalating:*"]}]}}
		],
		"ssh": [{"action": "check", "src": ["group:ops"], "dst": ["tag:web"], "users": ["root"]}]
	}`
	if err := fake.SetPolicy(file); err != nil {
		panic("the policy file of a test: " + err.Error())
	}
}
