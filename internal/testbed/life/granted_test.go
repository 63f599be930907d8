// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// lists are the names that alice and bob are shown, by who and what.
func (u *used) lists(ctx context.Context, t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for who, peer := range map[string]*testbed.Node{"alice": u.peer, "bob": u.bob} {
		for _, what := range []string{"tools", "resources", "prompts"} {
			status, text, err := request{method: what + "/list"}.send(ctx, peer, u.address())
			must(t, err)
			var response struct{ Result map[string]json.RawMessage }
			var listed []struct{ Name, URI string }
			if err := json.Unmarshal(text, &response); err != nil || status != http.StatusOK || len(response.Result["nextCursor"]) > 0 {
				t.Fatalf("listing the %s for %s: got %d %s, want all of them", what, who, status, text)
			}
			must(t, json.Unmarshal(response.Result[what], &listed))
			for _, one := range listed {
				all[who+"'s "+what] = append(all[who+"'s "+what], one.Name+one.URI)
			}
		}
	}
	if len(all["alice's tools"]) < 5 || len(all["bob's tools"]) == 0 {
		t.Fatalf("alice and bob are shown %v", all)
	}
	return all
}

// offers compares what is shown after the upgrade with what was shown before. To a caller who is granted everything nothing is
// missing. What is missing or new to one who is granted a class, the changelog names among what changed its meaning.
func (u *used) offers(ctx context.Context, t *testing.T) string {
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	must(t, err)
	_, told, _ := strings.Cut(string(changelog), "\n### Upgrading\n")
	told, _, _ = strings.Cut(told, "\n#")
	now := u.lists(ctx, t)
	var moved []string
	for list, names := range u.offered {
		for _, name := range names {
			switch {
			case slices.Contains(now[list], name):
			case list == "bob's tools" && strings.Contains(told, "`"+name+"`"):
				moved = append(moved, name)
			default:
				t.Errorf("%s: %s is not offered any more, and the changelog does not say so under Upgrading", list, name)
			}
		}
	}
	for _, name := range now["bob's tools"] {
		if !slices.Contains(u.offered["bob's tools"], name) && slices.Contains(u.offered["alice's tools"], name) && !strings.Contains(told, "`"+name+"`") {
			t.Errorf("bob's tools: %s is offered now, and the changelog does not say so under Upgrading", name)
		}
	}
	slices.Sort(moved)
	return fmt.Sprintf("%d tools of %d to who is granted all; no longer to who is granted a class, as the changelog says: %v",
		len(now["alice's tools"]), len(u.offered["alice's tools"]), moved)
}

// granted has alice read and change, as a client does that knows nothing of versions: it does what a refusal says.
func (u *used) granted(ctx context.Context, t *testing.T) string {
	u.mayCall(ctx, t, true)
	if u.api == nil {
		return "a read of the local tailscaled; there is no other"
	}
	devices := u.api.Devices()
	i := slices.IndexFunc(devices, func(d fakeapi.Device) bool { return d.Authorized && !d.IsExternal })
	j := slices.IndexFunc(devices[i+1:], func(d fakeapi.Device) bool { return !d.IsExternal }) + i + 1
	name := fmt.Sprintf("renamed-%d", len(devices))
	first, last := devices[i].NodeID, devices[j].NodeID
	u.change(ctx, t, "list_all_devices", map[string]any{})
	u.change(ctx, t, "set_device_name", map[string]any{"device": first, "name": name})
	approval := u.change(ctx, t, "authorize_device", map[string]any{"device": first, "approved": false})
	removal := u.change(ctx, t, "delete_device", map[string]any{"device": last})
	now := u.api.Devices()
	k := slices.IndexFunc(now, func(d fakeapi.Device) bool { return d.NodeID == first })
	if k < 0 || !strings.HasPrefix(now[k].Name, name+".") || now[k].Authorized {
		t.Errorf("the API's device after its name and its approval were changed: got %+v", now)
	}
	if slices.ContainsFunc(now, func(d fakeapi.Device) bool { return d.NodeID == last }) {
		t.Errorf("the API still has the device %s, which was removed", last)
	}
	if odd := u.api.Unexpected(); len(odd) > 0 {
		t.Errorf("the API was asked in ways that it does not know: %+v", odd)
	}
	return fmt.Sprintf("list_all_devices, set_device_name, authorize_device (%s), delete_device (%s)", approval, removal)
}

// confirmWith is what a refusal says to call with.
var confirmWith = regexp.MustCompile(`confirm set to "?([^"\s]+)`)

// change has alice call a tool, and again with the confirmation that the refusal wants, and returns what that was.
func (u *used) change(ctx context.Context, t *testing.T, tool string, arguments map[string]any) string {
	t.Helper()
	how := "without confirm"
	a, err := call(ctx, u.peer, u.address(), tool, arguments)
	if wanted := confirmWith.FindStringSubmatch(a.text); a.refused && wanted != nil {
		how = "confirm: " + wanted[1]
		arguments["confirm"] = wanted[1]
		a, err = call(ctx, u.peer, u.address(), tool, arguments)
	}
	if err != nil || a.status != http.StatusOK || a.refused {
		t.Errorf("%s with %v: got %+v, %v", tool, arguments, a, err)
	}
	return how
}

// recorded finds what alice did since the upgrade where the audit belongs now: on disk, kept by the user that the drop-in says.
func (u *used) recorded(ctx context.Context, t *testing.T) string {
	wanted := []string{granted}
	if u.api != nil {
		wanted = append(wanted, "set_device_name", "authorize_device", "delete_device")
	}
	type record struct {
		Event, Login, Name string
		Allowed            bool
	}
	u.await(ctx, t, func() error {
		text, err := u.host.Run(ctx, "sh", "-euc", "cat "+logs+"/*.jsonl")
		if err != nil {
			return err
		}
		found := map[record]bool{}
		for line := range strings.Lines(text) {
			var r record
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				return fmt.Errorf("a line of the audit: %w: %s", err, line)
			}
			found[r] = true
		}
		for _, tool := range wanted {
			for _, event := range []string{"decision", "outcome"} {
				if r := (record{event, "alice@example.com", tool, true}); !found[r] {
					return fmt.Errorf("the audit in %s has nothing of %+v", logs, r)
				}
			}
		}
		return nil
	})
	if owner := u.run(ctx, t, "stat", "--format=%U", logs); owner != account {
		t.Errorf("%s belongs to %s, want %s", logs, owner, account)
	}
	return fmt.Sprintf("in %s, of %s: %v", logs, account, wanted)
}
