// SPDX-License-Identifier: MIT

package review_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/review"
)

const capability = "example.com/cap/mcp"

// tailnet is what a test plants.
type tailnet struct {
	policy   string
	devices  []fakeapi.Device
	users    []map[string]any
	keys     []map[string]any
	invites  []map[string]any
	shares   []map[string]any
	webhooks []map[string]any
	settings map[string]any
	dns      map[string]any
}

// server is the host that the tools run on.
type server struct{}

func (server) ID(context.Context) string { return "nServerCNTRL" }

func in(days int) string {
	return time.Now().Add(time.Duration(days)*24*time.Hour + time.Hour).UTC().Format(time.RFC3339)
}

func device(name, user, addr string, tags ...string) fakeapi.Device {
	number := addr[strings.LastIndexByte(addr, '.')+1:]
	return fakeapi.Device{
		NodeID: "n" + strings.ToUpper(name[:1]) + strings.ReplaceAll(name[1:], "-", "") + "CNTRL", ID: number, Hostname: name, User: user, Tags: tags, Addresses: []string{addr},
		Authorized: true, ConnectedToControl: true, KeyExpiryDisabled: len(tags) > 0, Created: "2026-01-01T00:00:00Z", Expires: in(60),
	}
}

func user(id, login, role, status string, devices int) map[string]any {
	name, _, _ := strings.Cut(login, "@")
	return map[string]any{"id": id, "loginName": login, "displayName": strings.ToUpper(name[:1]) + name[1:] + " Example", "type": "member", "role": role, "status": status, "deviceCount": devices}
}

// clean is a tailnet without a risk.
func clean() tailnet {
	return tailnet{
		policy: `{
	"groups": {"group:eng": ["bob@example.com", "carol@example.com"]},
	"hosts": {"printer": "10.7.0.9"},
	"tagOwners": {"tag:web": ["group:eng"], "tag:mcp": ["alice@example.com"], "tag:router": ["alice@example.com"]},
	"grants": [
		{"src": ["group:eng"], "dst": ["tag:web"], "ip": ["tcp:443"]},
		{"src": ["autogroup:member"], "dst": ["printer"], "ip": ["tcp:631"]},
		{"src": ["group:eng"], "dst": ["tag:mcp"], "ip": ["tcp:8080"], "app": {"` + capability + `": [{"tools": ["read:*"]}]}},
	],
	"ssh": [{"action": "check", "src": ["bob@example.com"], "dst": ["tag:web"], "users": ["root"]}],
	"tests": [{"src": "bob@example.com", "accept": ["tag:web:443"], "deny": ["tag:web:22"]}],
}`,
		devices: []fakeapi.Device{
			device("server", "", "100.64.0.10", "tag:mcp"), device("web-1", "", "100.64.0.11", "tag:web"),
			device("alice-laptop", "alice@example.com", "100.64.0.21"), device("bob-laptop", "bob@example.com", "100.64.0.22"), device("carol-laptop", "carol@example.com", "100.64.0.23"),
			routes(device("router", "", "100.64.0.12", "tag:router"), []string{"10.7.0.0/16"}, []string{"10.7.0.0/16"}),
		},
		users: []map[string]any{
			user("123456", "alice@example.com", "owner", "active", 1), user("123457", "bob@example.com", "member", "active", 1), user("123458", "carol@example.com", "admin", "active", 1),
		},
		keys: []map[string]any{
			{"id": "kAuth1CNTRL", "keyType": "auth", "userId": "123456", "expires": in(1), "capabilities": creates(false, true)},
			{"id": "kApi1CNTRL", "keyType": "api", "userId": "123456", "expires": in(20), "scopes": []string{"all"}},
			{"id": "kClient1CNTRL", "keyType": "client", "scopes": []string{"devices:core:read"}},
		},
		webhooks: []map[string]any{{"endpointId": "1", "endpointUrl": "https://hooks.example.com/x", "creatorLoginName": "alice@example.com", "subscriptions": []string{"nodeCreated"}}},
		settings: map[string]any{"devicesApprovalOn": true, "usersApprovalOn": true, "devicesKeyDurationDays": 90, "devicesAutoUpdatesOn": true},
		dns: map[string]any{
			"nameservers": []any{map[string]any{"address": "1.1.1.1"}}, "splitDNS": map[string]any{"corp.example.com": []any{map[string]any{"address": "10.7.0.53"}}},
			"preferences": map[string]any{"magicDNS": true},
		},
	}
}

func creates(reusable, preauthorized bool) map[string]any {
	return map[string]any{"devices": map[string]any{"create": map[string]any{"reusable": reusable, "preauthorized": preauthorized}}}
}

func routes(d fakeapi.Device, offered, approved []string) fakeapi.Device {
	d.Details = &fakeapi.Details{AdvertisedRoutes: offered, EnabledRoutes: approved}
	return d
}

// start serves the tools before an API that has the tailnet.
func start(t *testing.T, net tailnet) *tooltest.API {
	t.Helper()
	r := tooltest.NewAPI(t, fakeapi.Options{}, func(api review.API) tool.Set {
		return review.Tools(api, review.Options{
			Host: server{}, Evaluator: survey.NewEvaluator(api), Capability: capability,
			Escalating: func() []grant.Tool {
				return []grant.Tool{{Name: "set_policy", Group: "policy", Class: grant.Escalating}, {Name: "set_user_role", Group: "users", Class: grant.Escalating}}
			},
		})
	})
	plant(t, r, net)
	return r
}

func plant(t *testing.T, r *tooltest.API, net tailnet) {
	t.Helper()
	r.Fake.SetDevices(net.devices)
	if err := r.Fake.SetPolicy(net.policy); err != nil {
		t.Fatal(err)
	}
	state := map[string]any{
		"users": net.users, "keys": net.keys, "userInvites": net.invites, "deviceInvites": net.shares, "webhooks": net.webhooks, "dns": net.dns, "settings": maps.Clone(net.settings),
	}
	if err := r.Fake.SetState(state); err != nil {
		t.Fatal(err)
	}
}

// audit is what audit_tailnet answers.
type audit struct {
	Summary, More, Note string
	Findings            []struct {
		Rank, Risk, Why, Next string
		Where                 []string
	}
	NotRead []string
}

func ask(t *testing.T, r *tooltest.API, arguments string) (a audit, bytes int) {
	t.Helper()
	text := r.Answers("audit_tailnet", arguments)
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return a, len(text)
}

// told are the findings of an answer as "RANK RISK: WHERE".
func (a audit) told() (all []string) {
	for _, f := range a.Findings {
		all = append(all, fmt.Sprintf("%s %s: %s", f.Rank, f.Risk, strings.Join(f.Where, ", ")))
	}
	return all
}
