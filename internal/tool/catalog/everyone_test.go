// SPDX-License-Identifier: MIT

package catalog

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// Who may not is refused before anything is asked of anybody, and told the
// grant that would allow it; with that grant it is allowed.
func TestUngranted(t *testing.T) {
	r := newRig(t, setup{})
	nobody := by(t, "bob@example.com", "")
	refused := func(what string, err error) grant.Rules {
		t.Helper()
		e := told(t, err)
		if e.Code != tool.CodeAccessDenied {
			t.Fatalf("%s: got %v, want %s", what, e, tool.CodeAccessDenied)
		}
		return suggested(t, e.Next)
	}
	for _, d := range r.offers.Tools {
		if d.ForEveryone {
			continue
		}
		_, err := r.call(nobody, d.Name, `{"nonsense":`) // decided before it is read
		if rules := refused(d.Name, err); !rules.Tool(d.Granted()).Allowed {
			t.Errorf("%s: the suggested grant does not allow it", d.Name)
		}
	}
	for _, res := range r.offers.Resources {
		uri := res.URI
		if strings.HasSuffix(res.URI, "}") {
			uri = reads[uri]
		}
		_, _, err := r.read(nobody, uri)
		if rules := refused(uri, err); !rules.Resource(grant.Resource{URI: uri}).Allowed {
			t.Errorf("%s: the suggested grant does not allow it", uri)
		}
	}
	if n := len(r.fake.Requests()); n != 0 {
		t.Errorf("got %d requests to the API, want none", n)
	}
	if listed := r.dispatcher.Tools(nobody); len(listed) != 1 || listed[0].Name != "whoami" {
		t.Errorf("got %d tools listed, want whoami", len(listed))
	}
	if listed := r.dispatcher.Resources(nobody); len(listed) != 0 {
		t.Errorf("got %d resources listed, want none", len(listed))
	}
	for _, rec := range r.log.Records() {
		if rec.Event != audit.Decision || rec.Allowed {
			t.Errorf("got record %+v, want refusals", rec)
		}
	}
}

// suggested are the rules of the grant in a refusal.
func suggested(t *testing.T, next string) grant.Rules {
	t.Helper()
	_, text, ok := strings.Cut(next, ":\n")
	if !ok {
		t.Fatalf("got next step %q, want a grant to paste", next)
	}
	var g struct {
		App map[string][]json.RawMessage `json:"app"`
	}
	if err := json.Unmarshal([]byte(text), &g); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	var entries []string
	for _, entry := range g.App["jaxxstorm.com/cap/mcp"] {
		entries = append(entries, string(entry))
	}
	rules, err := grant.Parse(entries)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return rules
}

// A caller of reads changes nothing, by any tool.
func TestReadersChangeNothing(t *testing.T) {
	r := newRig(t, setup{})
	reader := by(t, "bob@example.com", `{"tools":["read:*"],"resources":["*"]}`)
	var changing []string
	for _, d := range r.offers.Tools {
		if d.Class == grant.Read {
			continue
		}
		changing = append(changing, d.Name)
		_, err := r.call(reader, d.Name, calls[d.Name])
		if e := told(t, err); e.Code != tool.CodeAccessDenied {
			t.Errorf("%s: got %v, want %s", d.Name, e, tool.CodeAccessDenied)
		}
	}
	if n := len(r.fake.Requests()); n != 0 {
		t.Errorf("got %d requests to the API, want none", n)
	}
	r.everything(reader, nil, func(what, _ string, err error) {
		if (err != nil) != slices.Contains(changing, what) {
			t.Errorf("%s: got error %v", what, err)
		}
	})
	for _, q := range r.fake.Requests() {
		if changes(q.Operation) {
			t.Errorf("a reader made the request %s %s", q.Method, q.Path)
		}
	}
}

// Every call leaves its decision and its outcome, and in between that it was
// confirmed, where it was.
func TestEveryCallIsRecorded(t *testing.T) {
	r := newRig(t, setup{})
	r.everything(by(t, "alice@example.com", mayAll), r.log.Forget, func(what, text string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		records := r.ofLastCall()
		want := []audit.Event{audit.Decision, audit.Outcome}
		if strings.Contains(calls[what], `"confirm"`) {
			want = slices.Insert(want, 1, audit.Confirmation)
		}
		var got []audit.Event
		for _, record := range records {
			got = append(got, record.Event)
		}
		if outcome := records[len(records)-1]; !slices.Equal(got, want) || !records[0].Allowed || outcome.UpstreamStatus/100 != 2 || outcome.Code != "" {
			t.Errorf("%s: got records %+v, want %v, and a good outcome", what, records, want)
		}
		if text == "" {
			t.Errorf("%s: got no answer", what)
		}
	})
}

// Over the limit nothing is shown, and the next step says what to do instead.
func TestOverTheLimit(t *testing.T) {
	r := newRig(t, setup{limit: 20})
	r.everything(by(t, "alice@example.com", mayAll), nil, func(what, text string, err error) {
		if e := told(t, err); e.Code != tool.CodeResultTooLarge || text != "" || len(e.Next) < 15 {
			t.Errorf("%s: got %q and %v, want %s", what, text, e, tool.CodeResultTooLarge)
		}
	})
	if n := r.fake.Count("setDeviceName"); n != 1 {
		t.Errorf("the change was made %d times, want once", n)
	}
}

// A policy file has no narrower form, so a large one is read all the same.
func TestLargePolicy(t *testing.T) {
	r := newRig(t, setup{})
	text := "// " + strings.Repeat("why ", gate.DefaultLimit/2) + "\n{}"
	if err := r.fake.SetPolicy(text); err != nil {
		t.Fatal(err)
	}
	if got, _, err := r.read(by(t, "alice@example.com", mayAll), "tailscale://policy"); err != nil || got != text {
		t.Errorf("got %d bytes and error %v, want all %d", len(got), err, len(text))
	}
}

// A change is refused when it cannot be recorded; a read is not.
func TestNothingUnrecorded(t *testing.T) {
	r := newRig(t, setup{})
	r.log.Fail(errDisk)
	for _, d := range r.offers.Tools {
		if d.Class == grant.Read || calls[d.Name] == "" {
			continue
		}
		_, err := r.call(by(t, "alice@example.com", mayAll), d.Name, calls[d.Name])
		if e := told(t, err); e.Code != tool.CodeAuditFailed {
			t.Errorf("%s: got %v, want %s", d.Name, e, tool.CodeAuditFailed)
		}
	}
	if n := len(r.fake.Requests()); n != 0 {
		t.Errorf("got %d requests to the API, want none", n)
	}
	if _, err := r.call(by(t, "alice@example.com", mayAll), "list_all_devices", `{}`); err != nil {
		t.Errorf("a read: %v", err)
	}
}

// What is kept of the API's answers is shared, and nobody's to change: whatever is
// asked in between, the same question has the same answer, and asks the API once.
func TestKeptAnswersStay(t *testing.T) {
	r := newRig(t, setup{client: tsapi.Options{Keep: time.Hour}})
	alice := by(t, "alice@example.com", mayAll)
	first := map[string]string{}
	requests := 0
	for round := range 3 {
		for _, d := range r.offers.Tools {
			arguments := []string{calls[d.Name]}
			if d.Name == "list_users" {
				arguments = append(arguments, `{"status":"suspended"}`, `{"role":"admin"}`)
			}
			if d.Name == "list_all_devices" {
				arguments = append(arguments, `{"online":true}`, `{"tags":["web"]}`)
			}
			if d.Class != grant.Read || calls[d.Name] == "" || d.Group == "logs" || d.Group == "policy" {
				continue // the window of logs moves with the clock; a policy file is what a change is based on
			}
			for _, a := range arguments {
				text, err := r.call(alice, d.Name, a)
				if err != nil {
					t.Fatalf("%s %s: %v", d.Name, a, err)
				}
				if round == 0 {
					first[d.Name+a] = string(text)
				} else if string(text) != first[d.Name+a] {
					t.Errorf("%s %s: got %s, before it was %s", d.Name, a, text, first[d.Name+a])
				}
			}
		}
		if round == 0 {
			requests = len(r.fake.Requests())
		}
	}
	for _, q := range r.fake.Requests()[requests:] {
		t.Errorf("%s was asked again", q.Operation)
	}
}

// What a caller asks of the API counts for that caller and for no other.
func TestCallersCountApart(t *testing.T) {
	r := newRig(t, setup{client: tsapi.Options{CallerRate: 1}})
	for _, login := range []string{"alice@example.com", "bob@example.com"} {
		c := by(t, login, mayAll)
		if _, err := r.call(c, "list_all_devices", `{}`); err != nil {
			t.Errorf("%s: %v", login, err)
		}
		_, err := r.call(c, "list_all_devices", `{}`)
		if e := told(t, err); e.Code != failure.RateLimited || !strings.Contains(e.Message, "1 a minute") {
			t.Errorf("%s: got %v, want the limit of one caller", login, e)
		}
	}
	if n := r.fake.Count("listTailnetDevices"); n != 2 {
		t.Errorf("got %d requests, want one of each caller", n)
	}
}

func TestEverybodyAtOnce(t *testing.T) {
	r := newRig(t, setup{})
	var reading []string
	for _, d := range r.offers.Tools {
		if d.Class == grant.Read && calls[d.Name] != "" {
			reading = append(reading, d.Name)
		}
	}
	var wg sync.WaitGroup
	for _, login := range []string{"alice@example.com", "bob@example.com", "carol@example.com", "dave@example.com"} {
		c := by(t, login, mayAll)
		stranger := by(t, "x"+login, `{"tools":["get_device_info"]}`)
		wg.Go(func() {
			for range 3 {
				for _, name := range reading {
					if _, err := r.call(c, name, calls[name]); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					if text, err := r.call(stranger, name, calls[name]); name != "get_device_info" && (err == nil || text != nil) {
						t.Errorf("%s: a stranger got %s", name, text)
					}
				}
			}
		})
	}
	wg.Wait()
	if tools := r.dispatcher.Tools(by(t, "bob@example.com", `{"tools":["get_device_info"]}`)); !slices.ContainsFunc(tools, func(d gate.Tool) bool { return d.Name == "get_device_info" }) || len(tools) != 2 {
		t.Errorf("got %d tools, want get_device_info and whoami", len(tools))
	}
}
