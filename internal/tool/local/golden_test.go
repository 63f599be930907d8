// SPDX-License-Identifier: MIT

package local

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
)

var update = flag.Bool("update", false, "write the golden answers to testdata")

// golden compares an answer with testdata/NAME.json, or an error with
// testdata/NAME.txt.
func golden(t *testing.T, name string, answer json.RawMessage, err error) {
	t.Helper()
	path := filepath.Join("testdata", name+".json")
	var got bytes.Buffer
	if err != nil {
		path = filepath.Join("testdata", name+".txt")
		got.WriteString(err.Error() + "\n")
	} else {
		if err := json.Indent(&got, answer, "", "  "); err != nil {
			t.Fatalf("%v in %s", err, answer)
		}
		got.WriteByte('\n')
	}
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (make it with -update)", err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("answer differs from %s (-want +got):\n%s", path, diff)
	}
}

// answers are calls whose every word is held by a golden file.
var answers = []struct{ name, tool, arguments string }{
	{"status", "get_tailnet_status", ``},
	{"peers", "list_peers", ``},
	{"peers-online-tagged", "list_peers", `{"online":true,"tag":"server"}`},
	{"peers-of-user", "list_peers", `{"user":"Alice@example.com","os":"macos"}`},
	{"peers-exit-nodes", "list_peers", `{"exitNodeOption":true,"name":"ROUT"}`},
	{"peers-none", "list_peers", `{"name":"nothing-like-it"}`},
	{"peers-fields", "list_peers", `{"name":"web","fields":["name","online","RxBytes","LastHandshake","lastSeen"]}`},
	{"peers-all-fields", "list_peers", `{"name":"web-2","fields":["all"]}`},
	{"whois-user", "get_whois", `{"address":"100.64.0.4"}`},
	{"whois-mapped", "get_whois", `{"address":"::ffff:100.64.0.4"}`},
	{"whois-tagged", "get_whois", `{"address":"100.64.0.2"}`},
	{"whois-foreign", "get_whois", `{"address":"10.1.2.3:99"}`},
	{"whois-unknown", "get_whois", `{"address":"100.64.9.9"}`},
	{"whois-no-address", "get_whois", `{"address":"nodekey:0000000000000000000000000000000000000000000000000000000000000002"}`},
	{"ping", "ping_peer", `{"peer":"web-1"}`},
	{"ping-self", "ping_peer", `{"peer":"mcp"}`},
	{"ping-ambiguous", "ping_peer", `{"peer":"printer"}`},
	{"ping-unknown", "ping_peer", `{"peer":"wbe-1"}`},
	{"dns", "get_node_dns", ``},
	{"serve", "get_serve_config", ``},
	{"exit-node", "suggest_exit_node", ``},
	{"preferences", "get_node_preferences", ``},
	{"lock", "get_tailnet_lock_status", ``},
}

func TestAnswers(t *testing.T) {
	f := newFake(t)
	b := newBench(t, f.node())
	for _, a := range answers {
		t.Run(a.name, func(t *testing.T) {
			answer, err := b.call(a.tool, a.arguments)
			golden(t, a.name, answer, err)
			for _, secret := range []string{"secret-", "takeover", "a-session-of-the-bus"} {
				if strings.Contains(string(answer), secret) {
					t.Errorf("got %q in the answer %s", secret, answer)
				}
			}
			if err == nil {
				fits(t, b, a.tool, answer)
			}
		})
	}
}

// fits checks an answer against the schema that clients validate it with.
func fits(t *testing.T, b *bench, name string, answer json.RawMessage) {
	t.Helper()
	var output jsonschema.Schema
	for _, d := range b.dispatcher.Snapshot().Tools() {
		if d.Name == name {
			if err := json.Unmarshal(d.Output, &output); err != nil {
				t.Fatal(err)
			}
		}
	}
	schema, err := output.Resolve(nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var value any
	if err := json.Unmarshal(answer, &value); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("the answer of %s does not fit its own schema: %v\n%s", name, err, answer)
	}
	if strings.Contains(string(answer), "null") {
		t.Errorf("got null in the answer of %s: %s", name, answer)
	}
}

func TestEmptyAnswers(t *testing.T) {
	f := newFake(t)
	f.set(func() {
		f.serve, f.suggestion.ID, f.lock.Enabled = nil, "", false
		f.lock.Head, f.lock.NodeKey, f.lock.TrustedKeys, f.lock.VisiblePeers, f.lock.FilteredPeers = nil, nil, nil, nil, nil
		f.status.Health, f.status.Peer, f.status.ExitNodeStatus, f.status.ClientVersion = nil, nil, nil, nil
		f.dns.Resolvers, f.dns.Routes, f.dns.Domains, f.dns.CertDomains, f.dns.ExtraRecords = nil, nil, nil, nil, nil
		f.prefs.AdvertiseRoutes, f.prefs.AdvertiseTags = nil, nil
	})
	b := newBench(t, f.node())
	for _, name := range []string{"get_tailnet_status", "list_peers", "get_node_dns", "get_serve_config", "suggest_exit_node", "get_node_preferences", "get_tailnet_lock_status"} {
		t.Run(name, func(t *testing.T) {
			answer, err := b.call(name, `{}`)
			golden(t, "empty-"+name, answer, err)
			if strings.Contains(string(answer), "null") {
				t.Errorf("got null in %s", answer)
			}
			fits(t, b, name, answer)
		})
	}
}
