// SPDX-License-Identifier: MIT

package entry

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/clitest"
)

const page = "tailscale-mcp-server.5"

// TestManualHasAllKeys: the page describes each key of an entry, and no other.
func TestManualHasAllKeys(t *testing.T) {
	man := clitest.Manual(t, page)
	for section, keys := range map[string][]string{"KEYS": standardKeys, "KEYS OF OURS": ourKeys} {
		clitest.Same(t, section, clitest.All(`^\.It Va (\S+)`, man[section]), slices.Sorted(slices.Values(keys)))
	}
	known := append(slices.Clone(standardKeys), ourKeys...)
	for name, text := range man {
		for _, key := range clitest.All(`^\.Va (\S+)`, text) {
			if !slices.Contains(known, key) {
				t.Errorf("%s mentions the key %s, which there is not", name, key)
			}
		}
	}
	clitest.Lint(t, page)
}

// described is what the page says of a key, in one line.
func described(man map[string]string, section, key string) string {
	_, text, _ := strings.Cut("\n"+man[section], "\n.It Va "+key+"\n")
	text, _, _ = strings.Cut(text, "\n.It Va ")
	return strings.Join(strings.Fields(strings.NewReplacer(".Ql ", "", `\(dq`, "", "\n", " ").Replace(text)), " ")
}

// TestManualBounds: defaults and bounds are those of the program.
func TestManualBounds(t *testing.T) {
	man := clitest.Manual(t, page)
	none := defaults("x", "x")
	for key, c := range map[string]struct{ def, least, most string }{
		"idle":    {short(none.Idle), short(minIdle), short(maxIdle)},
		"timeout": {short(none.Timeout), short(minTimeout), short(maxTimeout)},
		"max":     {fmt.Sprint(none.Max), "1", fmt.Sprint(maxMax)},
		"memory":  {fmt.Sprintf("%dM", none.Memory>>20), fmt.Sprintf("%dM", minMemory>>20), fmt.Sprintf("%dT", maxMemory>>40)},
		"tasks":   {fmt.Sprint(none.Tasks), fmt.Sprint(minTasks), fmt.Sprint(maxTasks)},
	} {
		if want := fmt.Sprintf("The default is %s ; from %s to %s .", c.def, c.least, c.most); !strings.Contains(described(man, "KEYS OF OURS", key), want) {
			t.Errorf("%s lacks %q", key, want)
		}
	}
	for key, want := range map[string]string{
		"args": fmt.Sprintf("%d at most", maxArgs), "env": fmt.Sprintf("%d at most", maxArgs), "headers": fmt.Sprintf("%d at most", maxArgs),
		"disabled": fmt.Sprintf("The default is %t .", none.Disabled),
	} {
		if !strings.Contains(described(man, "KEYS", key), want) {
			t.Errorf("%s lacks %q", key, want)
		}
	}
	for key, isDefault := range map[string]bool{
		"network": none.Network.None(), "read": none.Read == nil, "write": none.Write == nil, "user": none.User == "", "groups": none.Groups == nil,
		"instance": !none.Shared, "pass": none.Pass == nil, "ask": none.Ask == nil, "confirm": none.Confirm == nil,
		"allow": slices.Equal(none.Allow, grant.Classes()), "stateful": !none.Stateful, "identity": !none.Identity,
	} {
		if text := described(man, "KEYS OF OURS", key); !isDefault || !strings.Contains(text, "The default is") && !strings.Contains(text, ", the default: ") {
			t.Errorf("%s has another default than the page says", key)
		}
	}
	for section, want := range map[string]string{
		"KEYS OF OURS": fmt.Sprintf("Lists have %d elements at most.", maxList),
		"DESCRIPTION":  fmt.Sprintf("At most %d servers have an entry.", maxServers),
	} {
		if !strings.Contains(man[section], want) {
			t.Errorf("%s lacks %q", section, want)
		}
	}
	if !strings.Contains(man["DESCRIPTION"], "1 MiB at most") || maxFile != 1<<20 {
		t.Error("the file may have another size than the page says")
	}
}

// TestManualWords: what a key can be told is what the page says, and nothing else.
func TestManualWords(t *testing.T) {
	man := clitest.Manual(t, page)
	for key, c := range map[string]struct {
		section, entry string
		words          []string
	}{
		"network":  {"KEYS OF OURS", `{"command":"x","tailscale":{"network":%q}}`, []string{"none", "internet", "unconfined"}},
		"instance": {"KEYS OF OURS", `{"command":"x","tailscale":{"instance":%q}}`, []string{"caller", "shared"}},
		"ask":      {"KEYS OF OURS", `{"command":"x","tailscale":{"ask":[%q]}}`, []string{"sampling", "roots"}},
		"allow":    {"KEYS OF OURS", `{"command":"x","tailscale":{"allow":[%q]}}`, []string{"read", "write", "destructive", "escalating"}},
	} {
		for _, word := range c.words {
			if _, err := Parse("x", "x.json", fmt.Appendf(nil, c.entry, word)); err != nil || !strings.Contains(man[c.section], "\n.Ql "+word) {
				t.Errorf("%s: %s: %v", key, word, err)
			}
		}
	}
}

// TestManualExamples: what the page shows are entries without a mistake.
func TestManualExamples(t *testing.T) {
	man := clitest.Manual(t, page)
	names, shown := []string{"files", "github", "tickets", "notes"}, 0 // a server has credentials of its own name only
	for _, section := range []string{"DESCRIPTION", "EXAMPLES"} {
		for _, part := range strings.Split(man[section], "\n.Bd -literal -offset indent\n")[1:] {
			text, _, _ := strings.Cut(part, "\n.Ed")
			text = strings.ReplaceAll(text, `\-`, "-")
			if shown == len(names) {
				t.Fatalf("one example more: %s", text)
			}
			if s, err := Parse(names[shown], names[shown]+".json", []byte(text)); err != nil || s.Stdio() == (s.URL != "") {
				t.Errorf("%s: %v in:\n%s", names[shown], err, text)
			}
			shown++
		}
	}
	if shown != len(names) {
		t.Errorf("got %d examples", shown)
	}
}
