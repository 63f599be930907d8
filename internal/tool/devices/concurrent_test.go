// SPDX-License-Identifier: MIT

package devices

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
)

// Answers to the same question are shared below; nobody may notice.
func TestManyAtOnce(t *testing.T) {
	r := newRig(t, few()...)
	questions := []struct{ name, arguments string }{
		{"list_all_devices", `{}`},
		{"list_all_devices", `{"limit":2}`},
		{"list_all_devices", `{"name":"web","online":true}`},
		{"list_all_devices", `{"tags":["web"],"fields":["all"]}`},
		{"list_all_devices", `{"os":"LINUX"}`},
		{"get_device_info", `{"device":"web-1"}`},
		{"get_device_info", `{"device":"nWeb2CNTRL","fields":["all"]}`},
	}
	alice, bob := by(t, "alice@example.com", mayAll), by(t, "bob@example.com", mayAll)
	want := map[string]string{}
	for _, q := range questions {
		text, err := r.callBy(alice, q.name, q.arguments)
		if err != nil {
			t.Fatal(err)
		}
		want[q.name+q.arguments] = withoutCursor(string(text))
	}
	held, release := fakeapi.Hold()
	script := r.fake.Fail("listTailnetDevices", held.Times(1))
	var wg sync.WaitGroup
	for i := range 20 {
		for _, q := range questions {
			c := alice
			if i%2 == 1 {
				c = bob
			}
			wg.Go(func() {
				text, err := r.callBy(c, q.name, q.arguments)
				if got := withoutCursor(string(text)); err != nil || got != want[q.name+q.arguments] {
					t.Errorf("%s %s: got %s and error %v, want %s", q.name, q.arguments, got, err, want[q.name+q.arguments])
				}
			})
		}
		wg.Go(func() {
			if _, _, err := r.readBy(bob, "tailscale://devices"); err != nil {
				t.Error(err)
			}
			if _, _, err := r.readBy(alice, "tailscale://device/web-1"); err != nil {
				t.Error(err)
			}
			if _, err := r.complete(mayAll, "web"); err != nil {
				t.Error(err)
			}
		})
	}
	<-script.Reached()
	release()
	wg.Wait()
}

// withoutCursor is an answer without what differs from caller to caller.
func withoutCursor(text string) string {
	before, _, _ := strings.Cut(text, `,"nextCursor"`)
	return strings.TrimSuffix(before, "}")
}

// Renamings of one device by many leave it with one of the names, and each
// caller is told one that it had.
func TestRenameByMany(t *testing.T) {
	r := newRig(t, few()...)
	var names []string
	var wg sync.WaitGroup
	for i := range 10 {
		name := fmt.Sprintf("front-%d", i)
		names = append(names, name+".tailfe8c.ts.net")
		wg.Go(func() {
			out, err := r.rename("nWeb1CNTRL", name)
			if err != nil || !strings.HasPrefix(out.Now.Name, "front-") || out.Note != "" {
				t.Errorf("got %+v and error %v", out, err)
			}
		})
	}
	wg.Wait()
	if got := r.nameOf("nWeb1CNTRL"); !slices.Contains(names, got) {
		t.Errorf("the device is called %s", got)
	}
	if n := r.fake.Count("setDeviceName"); n != 10 {
		t.Errorf("got %d renamings, want 10", n)
	}
}
