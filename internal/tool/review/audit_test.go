// SPDX-License-Identifier: MIT

package review_test

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// In a tailnet without a risk none is found, and everything was read.
func TestCleanTailnet(t *testing.T) {
	a, _ := ask(t, start(t, clean()), `{}`)
	if len(a.Findings) != 0 || len(a.NotRead) != 0 || a.More != "" || a.Note != "" || !strings.HasPrefix(a.Summary, "nothing") {
		t.Errorf("got %+v", a)
	}
}

// planted is one risk: how it comes into the clean tailnet, and how it is found.
type planted struct {
	plant func(*tailnet)
	found string // RANK RISK: WHERE
}

func rule(text string) func(*tailnet) {
	return func(n *tailnet) {
		n.policy = strings.Replace(n.policy, "\"grants\": [\n", "\"grants\": [\n"+text+",\n", 1)
	}
}

func replaced(old, now string) func(*tailnet) {
	return func(n *tailnet) {
		if !strings.Contains(n.policy, old) {
			panic(old)
		}
		n.policy = strings.Replace(n.policy, old, now, 1)
	}
}

func more(d fakeapi.Device) func(*tailnet) {
	return func(n *tailnet) { n.devices = append(n.devices, d) }
}

func with(d fakeapi.Device, change func(*fakeapi.Device)) func(*tailnet) {
	change(&d)
	return more(d)
}

// risks are planted one by one and all together. Those of the policy file stand on lines
// of their own, so that each is named by its own.
var risks = []planted{
	{rule(`{"src": ["*"], "dst": ["*"], "ip": ["*"]}`), "high everybody reaches everything: grants line"},
	{rule(`{"src": ["alice@example.com"], "dst": ["*"], "ip": ["*"]}`), "medium a rule opens every port of every device: grants line"},
	{rule(`{"src": ["autogroup:member"], "dst": ["tag:web"], "ip": ["*"]}`), "medium everybody reaches every port of something: grants line"},
	{rule(`{"src": ["bob@example.com"], "dst": ["10.99.0.1"], "ip": ["tcp:80"]}`), "low a rule is for nobody, or leads nowhere: grants line"},
	{replaced(`"groups": {`, `"groups": {"group:old": [], `), "low a group, tag or host of the file is nobody: groups line 2: group:old"},
	{replaced(`"bob@example.com", "carol@example.com"]`, `"bob@example.com", "carol@example.com", "gone@example.com"]`), "medium the file names people who are no users of the tailnet, or suspended: line 2: gone@example.com"},
	{replaced(`"tag:web": ["group:eng"]`, `"tag:web": ["group:eng", "autogroup:member"]`), "high anybody may give their device a tag: tagOwners line 4: tag:web"},
	{replaced(`"src": ["bob@example.com"], "dst": ["tag:web"], "users"`, `"src": ["autogroup:member"], "dst": ["tag:web"], "users"`), "high many may be root by Tailscale SSH: ssh line"},
	{rule(`{"src": ["carol@example.com"], "dst": ["tag:mcp"], "app": {"` + capability + `": [{"tools": ["escalating:*"]}]}}`), "low who may use the gravest tools of this server: grants line"},
	{with(device("old-laptop", "bob@example.com", "100.64.0.31"), func(d *fakeapi.Device) { d.KeyExpiryDisabled = true }), "medium keys of people's devices that never expire: old-laptop"},
	{with(device("attic", "bob@example.com", "100.64.0.32"), func(d *fakeapi.Device) { d.ConnectedToControl, d.LastSeen = false, in(-90) }), "low devices not seen for 60 days: attic (89 days)"},
	{with(device("slow", "bob@example.com", "100.64.0.33"), func(d *fakeapi.Device) { d.UpdateAvailable = true }), "medium devices with an outdated Tailscale: slow"},
	{more(routes(device("exit", "bob@example.com", "100.64.0.34"), []string{"0.0.0.0/0", "::/0", "10.8.0.0/16"}, nil)), "medium routes or exit nodes that wait for approval: exit (exit node, 10.8.0.0/16)"},
	{func(n *tailnet) {
		n.shares = append(n.shares, map[string]any{"id": "7", "deviceId": 11, "email": "guest@example.org", "accepted": true})
	}, "low devices are shared with people outside: web-1 with guest@example.org"},
	{func(n *tailnet) {
		n.invites = append(n.invites, map[string]any{"id": "8", "role": "admin", "inviterId": 123456, "email": "new@example.org"})
	}, "medium open invitations to anybody, or to administer: 8 (new@example.org, admin)"},
	{func(n *tailnet) {
		n.keys = append(n.keys, map[string]any{"id": "kOpenCNTRL", "keyType": "auth", "userId": "123456", "description": "ci", "expires": in(2), "capabilities": creates(true, true)})
	}, "high auth keys that admit any number of devices without approval: kOpenCNTRL (ci)"},
	{func(n *tailnet) {
		n.keys = append(n.keys, map[string]any{"id": "kLongCNTRL", "keyType": "api", "userId": "123456", "expires": in(80), "scopes": []string{"all"}})
	}, "medium API access tokens with more than 30 days left: kLongCNTRL"},
	{func(n *tailnet) {
		n.users = append(n.users, user("123460", "erin@example.com", "it-admin", "suspended", 0))
	}, "medium administrators who are suspended or idle: erin@example.com (it-admin, suspended)"},
	{func(n *tailnet) {
		n.webhooks = append(n.webhooks, map[string]any{"endpointId": "9", "endpointUrl": "https://events.example.net/in?token=secret", "subscriptions": []string{"nodeCreated"}})
	}, "medium webhooks to addresses outside: 9 (events.example.net)"},
	{func(n *tailnet) { n.settings["devicesApprovalOn"] = false }, "medium new devices or users are let in without approval: devicesApprovalOn: false"},
	{func(n *tailnet) {
		n.users = append(n.users, user("123461", "frank@example.com", "member", "idle", 1))
	}, "low users who are idle or have no device: frank@example.com (idle)"},
	{func(n *tailnet) {
		n.dns["splitDNS"] = map[string]any{"lab.example.com": []any{map[string]any{"address": "10.66.0.53"}}}
	}, "medium DNS goes to private addresses that no device has or carries: lab.example.com → 10.66.0.53"},
	{func(n *tailnet) {
		n.keys = append(n.keys, map[string]any{"id": "kRootCNTRL", "keyType": "client", "scopes": []string{"policy_file"}, "description": "gitops"})
	}, "medium trust credentials that never end and can grant themselves more: kRootCNTRL (gitops)"},
}

// Each risk alone is found, with its name or line, and no other.
func TestRiskAlone(t *testing.T) {
	for _, risk := range risks {
		t.Run(risk.found, func(t *testing.T) {
			net := clean()
			risk.plant(&net)
			a, _ := ask(t, start(t, net), `{}`)
			if told := a.told(); len(told) != 1 || !strings.HasPrefix(told[0], risk.found) || len(a.NotRead) > 0 {
				t.Errorf("got %q\nnot read: %q", told, a.NotRead)
			}
		})
	}
}

// All of them together are found, each once, and no other; in about 3 kB, with what does
// not fit counted, and shown by its area.
func TestAllRisks(t *testing.T) {
	net := clean()
	for _, risk := range risks {
		risk.plant(&net)
	}
	r := start(t, net)
	short, bytes := ask(t, r, `{}`)
	if bytes > 4<<10 || len(short.NotRead) > 0 {
		t.Errorf("got %d bytes, not read: %q", bytes, short.NotRead)
	}
	var told []string
	for _, area := range []string{"server", "policy", "credentials", "people", "shares", "devices", "settings"} {
		a, _ := ask(t, r, fmt.Sprintf(`{"about":%q}`, area))
		if a.More != "" {
			t.Errorf("%s: got %q", area, a.More)
		}
		told = append(told, a.told()...)
	}
	if len(told) != len(risks) {
		t.Errorf("got %d findings of %d risks:\n%s", len(told), len(risks), strings.Join(told, "\n"))
	}
	for _, risk := range risks {
		found := 0
		for _, text := range told {
			if strings.HasPrefix(text, strings.SplitAfter(risk.found, "line")[0]) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s: found %d times in\n%s", risk.found, found, strings.Join(told, "\n"))
		}
	}
	rank := map[string]int{"high": 0, "medium": 1, "low": 2}
	for i, f := range short.Findings {
		if i > 0 && rank[f.Rank] < rank[short.Findings[i-1].Rank] {
			t.Errorf("%s comes after %s", f.Risk, short.Findings[i-1].Risk)
		}
	}
	left := 0
	for _, part := range strings.Split(short.More, ", ") {
		var n int
		if _, err := fmt.Sscan(part, &n); err == nil {
			left += n
		}
	}
	if len(short.Findings)+left != len(risks) {
		t.Errorf("got %d findings, and %q", len(short.Findings), short.More)
	}
	t.Logf("%d bytes, %d findings, %q, %d requests for devices", bytes, len(short.Findings), short.More, r.Fake.Count("listDeviceInvites"))
}

// What cannot be read is named, with the scope that it takes, and the rest is judged.
func TestAuditOfParts(t *testing.T) {
	for op, says := range map[string]string{
		"getPolicyFile": "the policy file: permission_denied; the credential needs policy_file:read", "listUsers": "users: ", "listTailnetKeys": "keys and tokens: ",
		"listUserInvites": "invitations into the tailnet: ", "listWebhooks": "webhooks: ", "getTailnetSettings": "settings: ", "getDnsConfiguration": "DNS: ",
		"listDeviceInvites": "shares of devices: permission_denied; the credential needs device_invites:read", "listTailnetDevices": "devices, and what the policy file gives them: ",
	} {
		t.Run(op, func(t *testing.T) {
			r := start(t, clean())
			r.Fake.Fail(op, fakeapi.Status(403))
			a, _ := ask(t, r, `{}`)
			if len(a.Findings) != 0 || !strings.Contains(strings.Join(a.NotRead, "\n"), says) {
				t.Errorf("got %+v, want %q", a, says)
			}
		})
	}
	r := start(t, clean())
	r.Fake.Fail("", fakeapi.Status(403))
	r.Refuses("audit_tailnet", `{}`, string(failure.PermissionDenied))
}

// A large tailnet is asked about within the bound, and what was not asked for is said.
func TestAuditIsBounded(t *testing.T) {
	net := clean()
	for i := range 200 {
		d := device(fmt.Sprintf("more-%d", i), "bob@example.com", fmt.Sprintf("100.64.1.%d", i))
		d.ID = fmt.Sprint(1000 + i)
		d.KeyExpiryDisabled = true
		net.devices = append(net.devices, d)
	}
	r := start(t, net)
	a, bytes := ask(t, r, `{}`)
	if n := len(r.Fake.Requests()); n > 105 || bytes > 4<<10 || !strings.Contains(strings.Join(a.NotRead, "\n"), "shares of 121 devices: not asked for") {
		t.Errorf("got %d requests, %d bytes and %q", n, bytes, a.NotRead)
	}
	if len(a.Findings) != 1 || a.Findings[0].Where[4] != "and 196 more" {
		t.Errorf("got %q", a.told())
	}
	if a, _ := ask(t, r, `{"about":"devices"}`); len(a.Findings) != 1 || len(a.Findings[0].Where) != 200 {
		t.Errorf("got %q", a.told())
	}
	// Of what is too much for one answer each finding is shown with fewer names.
	long := strings.Repeat("x", 40)
	for i := range net.devices {
		d := &net.devices[i]
		d.Hostname += "-" + long
		d.UpdateAvailable = true
		*d = routes(*d, []string{"10.9.0.0/16", "10.10.0.0/16"}, nil)
	}
	r = start(t, net)
	a, bytes = ask(t, r, `{"about":"devices"}`)
	if len(a.Findings) != 3 || bytes > 26<<10 || a.More != "" {
		t.Errorf("got %d findings, %d bytes and %q", len(a.Findings), bytes, a.More)
	}
}

// A policy file that is managed elsewhere is said to be.
func TestAuditOfManagedFile(t *testing.T) {
	net := clean()
	net.settings["aclsExternallyManagedOn"], net.settings["aclsExternalLink"] = true, "https://git.example.com/policy"
	if a, _ := ask(t, start(t, net), `{}`); !strings.Contains(a.Note, "https://git.example.com/policy") {
		t.Errorf("got %+v", a)
	}
}

// Whoever names devices, keys or routes at length, or offers thousands of routes, hides
// nothing: no other finding, and not their own.
func TestNobodyHidesFindings(t *testing.T) {
	net := clean()
	var offered []string
	for i := range 4000 {
		offered = append(offered, fmt.Sprintf("10.%d.%d.0/24", 100+i/250, i%250))
	}
	more(routes(device("flood", "bob@example.com", "100.64.0.40"), offered, nil))(&net)
	for i := range 300 {
		with(device(fmt.Sprintf("stale-%d-%s", i, strings.Repeat("x", 50)), "bob@example.com", fmt.Sprintf("100.64.%d.%d", 1+i/200, 1+i%200)), func(d *fakeapi.Device) {
			d.KeyExpiryDisabled, d.UpdateAvailable, d.ConnectedToControl, d.LastSeen = true, true, false, in(-90)
		})(&net)
	}
	net.keys = append(net.keys, map[string]any{"id": "kOpenCNTRL", "keyType": "auth", "userId": "123456", "description": strings.Repeat("x", 100_000), "expires": in(2), "capabilities": creates(true, true)})
	r := start(t, net)
	for arguments, want := range map[string][]string{
		`{}`:                      {"auth keys that admit", "an outdated Tailscale"},
		`{"about":"credentials"}`: {"auth keys that admit"},
		`{"about":"devices"}`:     {"keys of people's devices that never expire", "an outdated Tailscale", "routes or exit nodes", "not seen for 60 days"},
	} {
		a, bytes := ask(t, r, arguments)
		told := strings.Join(a.told(), "\n")
		for _, risk := range want {
			if !strings.Contains(told, risk) {
				t.Errorf("%s: %q is not in %.2000s\n%s\n%q", arguments, risk, told, a.More, a.NotRead)
			}
		}
		if arguments != `{}` && a.More != "" || bytes > 40<<10 {
			t.Errorf("%s: %d bytes, %s", arguments, bytes, a.More)
		}
	}
}
