// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"tailscale-mcp/internal/testbed/fakeapi"
)

// largePolicy is a policy file of 500 rules about the devices that the fake API makes up,
// of which fifty are grants of the daemon's capability.
func largePolicy() string {
	tags := []string{"web", "db", "cache", "build", "queue", "metrics", "gateway", "backup", "prod", "staging", "mcp"}
	logins := []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj"}
	var b strings.Builder
	b.WriteString("{\"groups\": {\n")
	for i := range 100 {
		fmt.Fprintf(&b, "\"group:g%d\": [", i)
		for j := range 1 + i%len(logins) {
			fmt.Fprintf(&b, "%q, ", logins[(i+j)%len(logins)]+"@example.com")
		}
		b.WriteString("],\n")
	}
	b.WriteString("},\n\"tagOwners\": {\n")
	for _, tag := range tags {
		fmt.Fprintf(&b, "\"tag:%s\": [\"group:g0\"],\n", tag)
	}
	b.WriteString("},\n\"grants\": [\n")
	for i := range 500 {
		src, dst, more := fmt.Sprintf(`"group:g%d", "tag:%s"`, i%100, tags[i%10]), fmt.Sprintf(`"tag:%s", "10.%d.0.0/16"`, tags[i*7%10], i%250), ""
		switch i % 10 {
		case 0:
			dst, more = `"tag:mcp"`, `, "app": {"`+capability+`": [{"tools": ["read:*"]}]}`
		case 1:
			dst = `"autogroup:member"`
		case 2:
			src = `"*"`
		}
		fmt.Fprintf(&b, "{\"src\": [%s], \"dst\": [%s], \"ip\": [\"tcp:%d\", \"udp:53\"]%s},\n", src, dst, 1000+i, more)
	}
	b.WriteString("],\n\"tests\": [\n")
	for i := range 50 {
		fmt.Fprintf(&b, "{\"src\": %q, \"accept\": [\"tag:%s:53\"], \"proto\": \"udp\"},\n", logins[i%len(logins)]+"@example.com", tags[i%10])
	}
	b.WriteString("]}\n")
	return b.String()
}

// small is a question about it that a person asks.
var small = toolCall(modern, "explain_access", `{"source":"alice@example.com","destination":"tag:web","port":1012}`)

// questions are those about it that take the longest. No two candidates are alike.
func questions() []message {
	candidate, err := json.Marshal("// " + number + "\n" + largePolicy())
	if err != nil {
		panic(err) // it is a text
	}
	return []message{
		toolCall(legacy, "explain_access", `{"destination":"tag:prod"}`),
		toolCall(legacy, "explain_access", `{"destination":"autogroup:member"}`),
		toolCall(legacy, "explain_access", `{"destination":"group:g11"}`),
		toolCall(legacy, "explain_access", `{"source":"autogroup:member","destination":"autogroup:tagged"}`),
		toolCall(legacy, "who_can_use", `{}`),
		toolCall(legacy, "who_can_use", `{"tool":"list_all_devices"}`),
		toolCall(legacy, "validate_policy", `{"policy":`+string(candidate)+`}`),
	}
}

// devices are the nodes of the scene as the API shows them.
func (s *scene) devices() (all []fakeapi.Device) {
	for _, n := range s.tn.Nodes() {
		all = append(all, fakeapi.Device{
			NodeID: n.StableID(), Name: n.FQDN(), Hostname: n.Name, OS: "linux", User: n.Login(), Tags: n.Tags(),
			Addresses: []string{n.IPv4().String(), n.IPv6().String()}, ConnectedToControl: true, Authorized: true,
		})
	}
	return all
}
