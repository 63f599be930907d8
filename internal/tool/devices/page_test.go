// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// everyPage reads a list to its end and returns the node IDs in the order in
// which they came. between runs before each page but the first.
func (r *rig) everyPage(arguments string, between func()) (ids []string, pages int) {
	r.Helper()
	cursor := ""
	for {
		got := r.list(fmt.Sprintf(`{%s,"cursor":%q}`, arguments, cursor))
		ids = append(ids, got.ids()...)
		if pages++; pages > 1000 {
			r.Fatal("this never ends")
		}
		if cursor = got.NextCursor; cursor == "" {
			return ids, pages
		}
		if between != nil {
			between()
		}
	}
}

func nodeIDs(devices []fakeapi.Device) []string {
	ids := make([]string, len(devices))
	for i, device := range devices {
		ids[i] = device.NodeID
	}
	slices.Sort(ids)
	return ids
}

func TestPagesOfFiveThousand(t *testing.T) {
	r := newRig(t)
	r.fake.AddDevices(5000)
	got, pages := r.everyPage(`"limit":500,"fields":["nodeId"]`, nil)
	if diff := cmp.Diff(nodeIDs(r.fake.Devices()), got); diff != "" || pages != 10 {
		t.Errorf("got %d devices on %d pages, want all 5000 on 10", len(got), pages)
	}
}

func TestPages(t *testing.T) {
	r := newRig(t)
	r.fake.AddDevices(101)
	want := nodeIDs(r.fake.Devices())
	for limit, wantPages := range map[int]int{1: 101, 7: 15, 50: 3, 100: 2, 101: 1, 102: 1} {
		got, pages := r.everyPage(fmt.Sprintf(`"limit":%d`, limit), nil)
		if diff := cmp.Diff(want, got); diff != "" || pages != wantPages {
			t.Errorf("limit %d: got %d devices on %d pages, want 101 on %d", limit, len(got), pages, wantPages)
		}
	}
}

// Whoever is there all the time comes exactly once, whoever else comes and goes.
func TestPagesWhileDevicesComeAndGo(t *testing.T) {
	r := newRig(t)
	r.fake.AddDevices(5000)
	all := r.fake.Devices()
	rng := rand.New(rand.NewPCG(1, 2))
	shuffle := func(d []fakeapi.Device) { rng.Shuffle(len(d), func(i, j int) { d[i], d[j] = d[j], d[i] }) }
	shuffle(all)
	staying, changing := all[:4000], all[4000:]

	pages := 0
	got, _ := r.everyPage(`"limit":500,"fields":["nodeId"]`, func() {
		if pages++; pages%3 != 0 { // encoding 5,000 devices anew takes its time
			return
		}
		// Nor does the API's order count.
		shuffle(changing)
		now := slices.Concat(staying, changing[:rng.IntN(len(changing))])
		shuffle(now)
		r.fake.SetDevices(now)
	})
	if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Error("a device came twice, or out of order")
	}
	for _, id := range nodeIDs(staying) {
		if _, ok := slices.BinarySearch(got, id); !ok {
			t.Errorf("device %s was there all the time and did not come", id)
		}
	}
	if pages < 8 || len(got) > len(all) {
		t.Errorf("got %d devices on %d pages", len(got), pages+1)
	}
}

func TestCursorBelongsToTheList(t *testing.T) {
	r := newRig(t)
	r.fake.AddDevices(40)
	const first = `"os":"linux","tags":["prod"],"limit":3`
	cursor := r.list(`{` + first + `}`).NextCursor
	if cursor == "" {
		t.Fatal("got no cursor")
	}
	for name, arguments := range map[string]string{
		"the same":           first,
		"another page size":  `"os":"linux","tags":["prod"],"limit":5`,
		"other fields":       `"os":"linux","tags":["prod"],"fields":["all"]`,
		"filters of nothing": `"os":"linux","tags":["prod"],"name":""`,
	} {
		if _, err := r.call("list_all_devices", fmt.Sprintf(`{%s,"cursor":%q}`, arguments, cursor)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, arguments := range map[string]string{
		"no filter":      `"limit":3`,
		"another os":     `"os":"macOS","tags":["prod"]`,
		"another tag":    `"os":"linux","tags":["staging"]`,
		"another name":   `"os":"linux","tags":["prod"],"name":"web"`,
		"another user":   `"os":"linux","tags":["prod"],"user":"bob@example.com"`,
		"online":         `"os":"linux","tags":["prod"],"online":true`,
		"offline":        `"os":"linux","tags":["prod"],"online":false`,
		"half a cursor":  first + `,"cursor":"` + cursor[:10] + `"`,
		"made up":        first + `,"cursor":"bm90IG91cnM"`,
		"no base64":      first + `,"cursor":"!"`,
		"another cursor": first + `,"cursor":"` + cursor + `AAAA"`,
	} {
		t.Run(name, func(t *testing.T) {
			if !slices.Contains([]string{"half a cursor", "made up", "no base64", "another cursor"}, name) {
				arguments += fmt.Sprintf(`,"cursor":%q`, cursor)
			}
			_, err := r.call("list_all_devices", `{`+arguments+`}`)
			told(t, err, tool.CodeInvalidArgument, "without cursor")
		})
	}
	for _, login := range []string{"bob@example.com", "ALICE@example.com"} {
		_, err := r.callBy(by(t, login, mayAll), "list_all_devices", fmt.Sprintf(`{%s,"cursor":%q}`, first, cursor))
		told(t, err, tool.CodeInvalidArgument, "without cursor")
	}
	// The same person on another node, and another process of this server.
	elsewhere := by(t, "alice@example.com", mayAll)
	elsewhere.NodeID = "nElsewhere"
	_, err := r.callBy(elsewhere, "list_all_devices", fmt.Sprintf(`{%s,"cursor":%q}`, first, cursor))
	told(t, err, tool.CodeInvalidArgument, "without cursor")
	r.dispatcher = r.dispatch(Tools(r.api, unknownHost), grant.Classes()...)
	_, err = r.call("list_all_devices", fmt.Sprintf(`{%s,"cursor":%q}`, first, cursor))
	told(t, err, tool.CodeInvalidArgument, "without cursor")
}

// What an assistant pays for a page, in its own currency.
func TestPageSize(t *testing.T) {
	r := newRig(t)
	r.fake.AddDevices(1000)
	largest := 0
	cursor := ""
	for range 5 {
		text, err := r.call("list_all_devices", fmt.Sprintf(`{"cursor":%q}`, cursor))
		if err != nil {
			t.Fatal(err)
		}
		var got answered
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got.Returned != tool.DefaultPage || len(got.Devices) != got.Returned || got.Total != 1000 {
			t.Fatalf("got %d of %d devices, want a page of %d of 1000", got.Returned, got.Total, tool.DefaultPage)
		}
		largest = max(largest, len(text))
		cursor = got.NextCursor
	}
	const most = 24 << 10
	t.Logf("the largest of 5 pages has %d bytes", largest)
	if largest > most {
		t.Errorf("got a page of %d bytes, want at most %d", largest, most)
	}
}

// A page of which the JSON is larger than an answer may be ends earlier, and says where
// the rest is; nobody is lost by that, and none comes twice.
func TestPageEndsAtTheByteLimit(t *testing.T) {
	r := newRig(t)
	r.fake.AddDevices(1000)
	all := nodeIDs(r.fake.Devices())
	for _, arguments := range []string{`"limit":500,"fields":["all"]`, `"limit":500,"fields":["addresses","created","expires","hostname","name","nodeId","lastSeen"]`} {
		text, err := r.call("list_all_devices", `{`+arguments+`}`)
		var got answered
		if err != nil || json.Unmarshal(text, &got) != nil {
			t.Fatalf("%s: %v", arguments, err)
		}
		if len(text) > gate.DefaultLimit || len(text) < gate.DefaultLimit*9/10 || got.NextCursor == "" || got.Returned >= 500 || got.Returned != len(got.Devices) || got.Total != 1000 {
			t.Errorf("%s: got %d of %d devices (%d said) in %d bytes, cursor %q", arguments, len(got.Devices), got.Total, got.Returned, len(text), got.NextCursor)
		}
		ids, pages := r.everyPage(arguments, nil)
		if diff := cmp.Diff(all, ids); diff != "" || pages < 3 {
			t.Errorf("%s: got %d devices on %d pages, want all 1000, each once", arguments, len(ids), pages)
		}
	}
	// What was within the limit is as it was.
	if got := r.list(`{"limit":500,"fields":["name","online"]}`); got.Returned != 500 {
		t.Errorf("got %d devices, want 500", got.Returned)
	}
}

// One device that is larger than an answer is refused, and no page is without end.
func TestOneDeviceTooLarge(t *testing.T) {
	r := newRig(t, few()...)
	devices := r.fake.Devices()
	devices[3].Extra = map[string]any{"someDay": strings.Repeat("\u200b", gate.DefaultLimit/5)}
	r.fake.SetDevices(devices)
	cursor := r.list(`{"limit":1,"fields":["all"]}`).NextCursor
	_, err := r.call("list_all_devices", `{"limit":1,"fields":["all"],"cursor":"`+cursor+`"}`)
	if e := told(t, err, tool.CodeResultTooLarge, "filter by name, os, owner, tags or state"); len(e.Error()) > 1000 {
		t.Errorf("the refusal itself has %d bytes", len(e.Error()))
	}
	// The page before it ends there.
	if got := r.list(`{"limit":3,"fields":["all"]}`); got.Returned != 1 || got.NextCursor != cursor {
		t.Errorf("got %d devices, want one and the cursor behind it", got.Returned)
	}
}

// A resource has the bound of an answer, and says what is left out and where it is.
func TestTooManyForAResource(t *testing.T) {
	r := newRig(t)
	r.fake.AddDevices(2000)
	for _, uri := range []string{"tailscale://devices", "tailscale://tag/tag:prod"} {
		text, _, err := r.read(uri)
		var got struct {
			Devices         []map[string]any
			Total, Returned int
			Note            string
		}
		if err != nil || json.Unmarshal([]byte(text), &got) != nil || len(text) > gate.DefaultLimit {
			t.Errorf("%s: got %d bytes and error %v", uri, len(text), err)
		}
		left := got.Total - got.Returned
		if got.Returned != len(got.Devices) || left > 0 != strings.Contains(got.Note, fmt.Sprintf("%d more devices are left out: list_all_devices", left)) || uri == "tailscale://devices" && left == 0 {
			t.Errorf("%s: got %d of %d devices (%d said) and the note %q", uri, len(got.Devices), got.Total, got.Returned, got.Note)
		}
	}
}
