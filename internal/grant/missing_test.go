// SPDX-License-Identifier: MIT

package grant

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

const capability = "jaxxstorm.com/cap/mcp"

func TestMissing(t *testing.T) {
	tests := []struct {
		name    string
		missing Missing
		want    string
	}{
		{"a user and a tool",
			Missing{Capability: capability, Src: []string{"alice@example.com"}, Dst: "tag:mcp", Port: 8080, Tools: []string{"list_all_devices"}},
			`{
  "src": ["alice@example.com"],
  "dst": ["tag:mcp"],
  "ip": ["tcp:8080"],
  "app": {
    "jaxxstorm.com/cap/mcp": [
      {"tools": ["list_all_devices"]}
    ]
  }
}`},
		{"tags, tools and resources in order and once",
			Missing{Capability: capability, Src: []string{"tag:b", "tag:a", "tag:b"}, Dst: "100.66.15.114",
				Tools: []string{"read:*", "get_dns", "read:*"}, Resources: []string{"tailscale://policy", "tailscale://device/*"}},
			`{
  "src": ["tag:a", "tag:b"],
  "dst": ["100.66.15.114"],
  "app": {
    "jaxxstorm.com/cap/mcp": [
      {"tools": ["get_dns", "read:*"], "resources": ["tailscale://device/*", "tailscale://policy"]}
    ]
  }
}`},
		{"a prompt of a server",
			Missing{Capability: capability, Src: []string{"tag:a"}, Dst: "tag:mcp", Prompts: []string{"files/greet", "greet", "files/gr*"}},
			`{
  "src": ["tag:a"],
  "dst": ["tag:mcp"],
  "app": {
    "jaxxstorm.com/cap/mcp": [
      {"prompts": ["files/greet"]}
    ]
  }
}`},
		{"nobody and nowhere",
			Missing{Capability: capability, Resources: []string{"tailscale://devices"}},
			`{
  "src": [],
  "dst": [],
  "app": {
    "jaxxstorm.com/cap/mcp": [
      {"resources": ["tailscale://devices"]}
    ]
  }
}`},
		{"nothing", Missing{Capability: capability, Src: []string{"alice@example.com"}, Dst: "tag:mcp", Port: 1}, ""},
		{"nothing that a grant can say",
			Missing{Capability: capability, Tools: []string{"no such", "", "get_*"}, Resources: []string{"", "x y", "tail*"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.missing.String(); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestMissingHelps holds that the suggestion, pasted, is read and allows what
// was missing.
func TestMissingHelps(t *testing.T) {
	m := Missing{Capability: capability, Src: []string{"a@b"}, Dst: "tag:mcp", Port: 8080,
		Tools: []string{createKey.Name, "not a name"}, Resources: []string{"tailscale://device/a&b", "tailscale://device/{id}"}}
	rules := pasted(t, m)
	if got := rules.Tool(createKey); !got.Allowed {
		t.Errorf("tool: got %+v, want allowed", got)
	}
	if got := rules.Resource(Resource{URI: "tailscale://device/a&b"}); !got.Allowed {
		t.Errorf("resource: got %+v, want allowed", got)
	}
	if got := rules.Template(device); !got.Allowed {
		t.Errorf("template: got %+v, want allowed", got)
	}
	if got, want := len(rules.sortedTools())+len(rules.sortedResources()), 3; got != want {
		t.Errorf("got %d selectors in %s, want %d", got, rules, want)
	}
}

// TestMissingHostile holds that no value from the network breaks out of its
// string or reaches the terminal.
func TestMissingHostile(t *testing.T) {
	hostile := "\"],\"x\":[\"\\\n\x00\x1b[2J\x7f\u009b31m\u202e\u2028\U0001f600</script>\xff"
	clean := strings.ReplaceAll(hostile, "\xff", "\ufffd") // what JSON has for a byte that is no text
	m := Missing{Capability: hostile, Src: []string{hostile}, Dst: hostile, Port: 65535,
		Tools: []string{"whois", hostile}, Resources: []string{"x://" + hostile, "x://y"}}
	text := m.String()
	for _, c := range strings.ReplaceAll(text, "\n", "") {
		if c < ' ' || c > '~' {
			t.Fatalf("got %q, want printable ASCII and line ends only", text)
		}
	}
	var got struct {
		Src, Dst, IP []string
		App          map[string][]struct{ Tools, Resources []string }
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("got %s, want JSON: %v", text, err)
	}
	if !slices.Equal(got.Src, []string{clean}) || !slices.Equal(got.Dst, []string{clean}) || !slices.Equal(got.IP, []string{"tcp:65535"}) {
		t.Errorf("got %q, want source and destination as given", got)
	}
	entries := got.App[clean]
	if len(got.App) != 1 || len(entries) != 1 || !slices.Equal(entries[0].Tools, []string{"whois"}) || !slices.Equal(entries[0].Resources, []string{"x://y"}) {
		t.Errorf("got %q, want one entry with what can be granted", got.App)
	}
}

// pasted returns the rules that a caller has after the suggestion was pasted.
func pasted(t testing.TB, m Missing) Rules {
	t.Helper()
	var grant struct {
		App map[string][]json.RawMessage `json:"app"`
	}
	if err := json.Unmarshal([]byte(m.String()), &grant); err != nil {
		t.Fatalf("got %s, want JSON: %v", m, err)
	}
	var values []string
	for _, raw := range grant.App[m.Capability] {
		values = append(values, string(raw))
	}
	return parse(t, values...)
}

// TestWay: the rule that lets somebody connect gives nothing beside that, and is never
// filled with something wider.
func TestWay(t *testing.T) {
	m := Missing{Capability: "example.com/cap/mcp", Src: []string{"bob@example.com", "", "alice@example.com", "bob@example.com"}, Dst: "tag:mcp", Port: 8080, Tools: []string{"*"}}
	if got, want := m.Way(), "{\n  \"src\": [\"alice@example.com\", \"bob@example.com\"],\n  \"dst\": [\"tag:mcp\"],\n  \"ip\": [\"tcp:8080\"]\n}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := (Missing{Port: 1}).Way(), "{\n  \"src\": [],\n  \"dst\": [],\n  \"ip\": [\"tcp:1\"]\n}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
