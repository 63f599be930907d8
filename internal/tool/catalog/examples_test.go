// SPDX-License-Identifier: MIT

package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// calls are the arguments of a good call of every tool that asks the Tailscale API:
// the example of its definition, confirmed where it has to be. Each call is made with
// every fault of the API and by callers of every kind, and is fuzzed, to the tailnet
// that newRig makes.
var calls = examples()

// reads are a URI of every resource that asks the Tailscale API, by the URI or
// template that it is listed with.
var reads = instances()

func examples() map[string]string {
	calls := map[string]string{}
	for _, d := range Everything("1.2.3").Tools {
		if asksAPI(d) && d.Example != nil {
			calls[d.Name] = confirmed(d)
		}
	}
	// The examples cannot know the file that the fake begins with, and what its log has.
	sum := sha256.Sum256([]byte(fakeapi.DefaultPolicy)) // as the fake makes its ETag
	for _, name := range []string{"edit_policy", "set_policy", "revert_policy"} {
		var given struct{ ETag, Change string }
		if err := json.Unmarshal([]byte(calls[name]), &given); err != nil {
			panic(err)
		}
		calls[name] = strings.NewReplacer(given.ETag, hex.EncodeToString(sum[:16]), cmp.Or(given.Change, "\x00"), lastPolicyChange(time.Now())).Replace(calls[name])
	}
	return calls
}

// lastPolicyChange is how policy_history names the last change that the log of the fake
// has by itself: every fifth of its entries, which come every three hours.
func lastPolicyChange(now time.Time) string {
	n := now.UnixNano() / int64(3*time.Hour)
	n -= (n - 2) % 5
	group := sha256.Sum256(fmt.Append(nil, "audit", n)) // as the fake makes its groups
	sum := sha256.Sum256([]byte(hex.EncodeToString(group[:16])))
	return time.Unix(0, n*int64(3*time.Hour)).UTC().Format(time.RFC3339Nano) + "-" + hex.EncodeToString(sum[:4])
}

// asksAPI reports whether a tool asks the Tailscale API and not the local tailscaled.
func asksAPI(d tool.Tool) bool { return d.Group != "local" }

// confirmed returns the example of a tool for [tooltest.Confirmed].
func confirmed(d tool.Tool) string {
	text := string(d.Example)
	if d.Input.Properties["confirm"] == nil {
		return text
	}
	return strings.TrimSuffix(text, "}") + `,"confirm":"CODE"}`
}

func instances() map[string]string {
	reads := map[string]string{}
	for _, res := range Everything("1.2.3").Resources {
		if !strings.HasPrefix(res.URI, "tailscale://") {
			continue
		}
		prefix, _, _ := strings.Cut(res.URI, "{")
		reads[res.URI] = prefix + res.Example
	}
	return reads
}

func TestEveryToolHasAnExample(t *testing.T) {
	for _, d := range Everything("1.2.3").Tools {
		if d.Example == nil {
			t.Errorf("%s has no example: the page of reference and the tests over all tools need one", d.Name)
		}
		if strings.Contains(string(d.Example), `"confirm"`) {
			t.Errorf("%s: a code in an example is good for nothing", d.Name)
		}
	}
	for _, res := range Everything("1.2.3").Resources {
		if res.Template() != (res.Example != "") {
			t.Errorf("%s: got the example %q, want one for a template and for nothing else", res.URI, res.Example)
		}
	}
}
