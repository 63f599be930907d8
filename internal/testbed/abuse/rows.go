// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"tailscale-mcp/internal/testbed/fakeapi"
)

// row is one attack.
type row struct {
	name, what string
	by         string // who attacks
	grant      string // mallory's; "" is everything that a daemon as it comes offers
	devices    int    // that the API knows; 0: a few
	policy     string // that the API knows, for those devices and the nodes of the scene; "" is a small one
	sleeps     bool   // the sleeper's tailscaled is stopped meanwhile
	plan       plan
	// api does to the API what is wrong with it. What it returns counts, where that
	// is judged, how many requests the API has had to refuse.
	api    func(*fakeapi.Server) (refused func() int)
	hers   []message // what alice asks too, in turn with the rest
	behind bool      // there are servers behind the daemon, and one way to bind is enough
	wants  []string  // answers that the attacker has to have had, each
	honest bool      // the work of by is to be answered, all of it
	// audit is what is done to the places of the audit, while alice changes something
	// too; "" leaves both alone.
	audit string
	// long attacks go on for twice as long: until nothing is left that alice was
	// answered before, and the daemon has kept.
	long bool
}

const (
	auditLogs = "listConfigurationAuditLogs"

	// foreign is an address that is no node's; its port makes tailscaled look for
	// a connection of its own.
	foreign = `{"address":"10.1.2.3:` + number + `"}`
	// aRead is a question to the API that nobody has asked before.
	aRead = `{"target":["n` + number + `"]}`

	mebibyte = 1 << 20
	maxBody  = 4 * mebibyte
	quota    = 60
)

// attacks are those of the security review. They are made by a function, since the
// processes of the actors have no use for them.
func attacks() []row {
	return append(behindRows(), []row{
		{
			name: "strangers", by: stranger, what: "200 requests of a neighbour who is no member, hung up",
			plan: plan{Calls: &calls{Message: toolCall(legacy, "whoami", `{}`), AtOnce: 200, AtMost: 200, HangUp: 150 * time.Millisecond}},
		},
		{
			name: "strangers-idle", by: stranger, what: "3,000 connections of the neighbour with a GET /healthz each",
			plan: idle(message{}, 3000),
		},
		{
			name: "whois", by: mallory, grant: `{"tools":["get_whois"]}`, what: "100 get_whois of addresses that are no node's, hung up",
			plan: plan{Calls: &calls{Message: toolCall(legacy, "get_whois", foreign), AtOnce: 50, AtMost: 100, HangUp: 150 * time.Millisecond}},
		},
		{
			name: "pings", by: mallory, grant: `{"tools":["read:*"]}`, what: "2,000 ping_peer of a node that does not answer, hung up", sleeps: true,
			plan: plan{Calls: &calls{Message: toolCall(legacy, "ping_peer", `{"peer":"sleeper","count":10,"type":"TSMP"}`), AtOnce: 100, AtMost: 2000, HangUp: 150 * time.Millisecond}},
		},
		{
			name: "bodies", by: eve, what: "120 connections with 4 MiB less a byte of a body each, held",
			plan: plan{Hold: &hold{Message: message{Revision: legacy, Method: "tools/call", Body: strings.Repeat("a", maxBody)}, Connections: 120, AtOnce: 120, Cut: 1}},
		},
		{
			name: "bodies-announced", by: eve, what: "3,000 connections that announce 64 KiB and send a byte, held",
			plan: plan{Hold: &hold{Message: message{Revision: legacy, Method: "tools/call", Body: "{"}, Connections: 3000, AtOnce: 100, Announced: 64 << 10}},
		},
		{name: "idle-get", by: eve, what: "3,000 connections with a GET /healthz each, then idle", plan: idle(message{}, 3000)},
		{name: "idle-post", by: eve, what: "3,000 connections with a whoami each, then idle", plan: idle(toolCall(legacy, "whoami", `{}`), 3000)},
		{name: "idle-get-8400", by: eve, what: "8,400 connections with a GET /healthz each, then idle", plan: idle(message{}, 8400)},
		{name: "idle-post-8400", by: eve, what: "8,400 connections with a whoami each, then idle", plan: idle(toolCall(legacy, "whoami", `{}`), 8400)},
		{name: "streams", by: eve, what: "3,000 subscriptions/listen without a grant", plan: idle(listen(), 3000)},
		{name: "streams-granted", by: mallory, what: "3,000 subscriptions/listen with a grant", plan: idle(listen(), 3000)},
		{name: "flood", by: mallory, what: "list_all_devices, 64 at once", plan: flood(toolCall(legacy, "list_all_devices", `{}`), 64)},
		{name: "flood-256", by: mallory, what: "list_all_devices, 256 at once", plan: flood(toolCall(legacy, "list_all_devices", `{}`), 256)},
		{name: "flood-ungranted", by: eve, what: "whoami without a grant, 64 at once", plan: flood(toolCall(legacy, "whoami", `{}`), 64)},
		{
			name: "flood-arguments", by: eve, what: "whoami without a grant with 4 MiB of arguments, 8 at once",
			plan: flood(toolCall(legacy, "whoami", `{"x":"`+strings.Repeat("a", maxBody-mebibyte/8)+`"}`), 8),
		},
		{
			name: "lists-5000", by: mallory, devices: 5000, what: "5,000 devices, list_all_devices with a limit of 100, 200 at once",
			plan: flood(toolCall(legacy, "list_all_devices", `{"limit":100}`), 200),
		},
		{
			name: "questions-5000", by: mallory, devices: 5000, policy: largePolicy(), hers: []message{small}, what: "5,000 devices and a policy of 500 rules, expensive questions about it, 16 at once",
			plan: plan{Calls: &calls{Message: questions()[0], Others: questions()[1:], AtOnce: 16}},
		},
		{name: "lists-tools", by: mallory, what: "tools/list, 64 at once", plan: flood(rpc(legacy, "tools/list", "", ""), 64)},
		{
			name: "slow-api", by: mallory, what: "an API that takes 300 ms, 400 different reads at once",
			plan: flood(toolCall(legacy, "list_audit_logs", aRead), 400),
			api:  failing("", func() fakeapi.Fault { return fakeapi.Slow(300 * time.Millisecond) }),
		},
		{
			name: "quota", by: mallory, what: fmt.Sprintf("an API that takes %d requests and then says 429, 400 different reads", quota), long: true,
			plan: plan{Calls: &calls{Message: toolCall(legacy, "list_audit_logs", aRead), AtOnce: 8, AtMost: 400}},
			api: func(s *fakeapi.Server) func() int {
				s.Fail("", fakeapi.Slow(0).Times(quota))
				return s.Fail("", fakeapi.RateLimit(30*time.Second)).Hits
			},
		},
		{
			name: "huge-answers", by: mallory, what: "answers of the API of 60 MiB, four at once",
			plan: flood(toolCall(legacy, "list_audit_logs", aRead), 4),
			api:  failing(auditLogs, func() fakeapi.Fault { return list(`{"action":"`+strings.Repeat("a", 1000)+`"}`, 60*mebibyte) }),
		},
		{
			name: "huge-lists", by: mallory, what: "answers of the API of 30 MiB made of {},{}, one at once",
			plan: flood(toolCall(legacy, "list_audit_logs", aRead), 1),
			api:  failing(auditLogs, func() fakeapi.Fault { return list(`{}`, 30*mebibyte) }),
		},
		{
			name: "journal-stalled", by: eve, audit: stalled, what: "delete_device without a grant, 16 at once, and a journal that takes nothing: changes go on",
			plan: flood(toolCall(legacy, "delete_device", `{"device":"web-`+number+`"}`), 16),
		},
		{
			name: "disk-full", by: eve, audit: full, what: "the same, and no room for the audit: no change is made",
			plan: flood(toolCall(legacy, "delete_device", `{"device":"web-`+number+`"}`), 16),
		},
		{
			name: "honest", by: bob, what: "3 clients of one person with 12 servers each, 32 calls at once every second", honest: true,
			plan: plan{Honest: &honest{Clients: 3, Servers: 12, Burst: 32, Every: time.Second}},
		},
	}...)
}

// idle opens connections with one answered message each.
func idle(m message, connections int) plan {
	return plan{Hold: &hold{Message: m, Connections: connections, AtOnce: 100, Await: true}}
}

// flood sends a message as often as it is answered.
func flood(m message, atOnce int) plan { return plan{Calls: &calls{Message: m, AtOnce: atOnce}} }

// failing makes an operation of the API fail.
func failing(operation string, fault func() fakeapi.Fault) func(*fakeapi.Server) func() int {
	return func(s *fakeapi.Server) func() int {
		s.Fail(operation, fault())
		return nil
	}
}

// list answers with that many bytes of entries.
func list(entry string, bytes int) fakeapi.Fault {
	n := bytes / (len(entry) + 1)
	return fakeapi.Body(http.StatusOK, "application/json", `{"logs":[`+strings.Repeat(entry+",", n-1)+entry+`]}`)
}
