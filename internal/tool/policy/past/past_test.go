// SPDX-License-Identifier: MIT

package past

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/credential"
	"tailscale-mcp/internal/tsapi/period"
)

// logged reads a log that has these entries.
func logged(t *testing.T, entries ...string) ([]Change, error) {
	t.Helper()
	fake, err := fakeapi.Start(fakeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	base, err := url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	api, err := tsapi.New(tsapi.Options{BaseURL: base, Credential: credential.Credential{APIKey: fakeapi.DefaultAPIKey}, RetryBudget: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	fake.Fail("listConfigurationAuditLogs", fakeapi.Body(200, "application/json", `{"logs":[`+strings.Join(entries, ",")+`]}`))
	all, err := Read(t.Context(), api, period.Span{Start: "2026-11-01T00:00:00Z", End: "2026-11-29T00:00:00Z"})
	if q := fake.Requests()[0].Query; q.Get("start") != "2026-11-01T00:00:00Z" || q.Get("end") != "2026-11-29T00:00:00Z" || q.Get("event") != "TAILNET.UPDATE.ACL" || len(q) != 3 {
		t.Errorf("got the question %v", q)
	}
	return all, err
}

func read(t *testing.T, entries ...string) []Change {
	t.Helper()
	all, err := logged(t, entries...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// with is an entry of a change of the file with more fields.
func with(more string) string {
	return `{"eventTime":"2026-11-28T09:00:00.5Z","eventGroupID":"0378d8f5","target":{"type":"TAILNET","property":"ACL"}` + more + `}`
}

func TestWhoAndHow(t *testing.T) {
	for _, c := range []struct{ more, who, how string }{
		{`,"origin":"ADMIN_CONSOLE","actor":{"id":"u1","type":"USER","loginName":"alice@example.com","displayName":"Alice"}`, "alice@example.com", "the admin console"},
		{`,"origin":"CONFIG_API","actor":{"id":"u1","type":"USER","loginName":"alice@example.com"}`, "alice@example.com", "the API"},
		{`,"origin":"CONFIG_API","actor":{"id":"kClient","type":"OAUTH_CLIENT"}`, "kClient", "the API with an OAuth client, as GitOps does"},
		{`,"origin":"CONTROL","actor":{"type":"AUTOMATED_WORKER","displayName":"Tailscale"}`, "Tailscale", "Tailscale itself"},
		{`,"origin":"SUPPORT_REQUEST","actor":{}`, "somebody whom the log does not name", "the support of Tailscale"},
		{`,"origin":"NEW_\u202eTHING","actor":7`, "somebody whom the log does not name", `what the log calls "NEW_\u202eTHING"`},
		{``, "somebody whom the log does not name", "something that the log does not name"},
	} {
		if got := read(t, with(c.more))[0]; got.Who != c.who || got.How != c.how {
			t.Errorf("%s: got %q by %q, want %q by %q", c.more, got.Who, got.How, c.who, c.how)
		}
	}
}

// How the log writes a file is not documented.
func TestForms(t *testing.T) {
	const file = "// Why.\n{\"groups\": {},}\n"
	quoted, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	coded, err := json.Marshal(base64.StdEncoding.EncodeToString([]byte(file)))
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]File{
		string(quoted):            {Text: file},
		string(coded):             {Text: file},
		`{"groups":{},"acls":[]}`: {Text: "{\n\t\"groups\": {},\n\t\"acls\": []\n}\n", Plain: true},
		`null`:                    {},
		`""`:                      {},
		`"{}"`:                    {Text: "{}"},
		`"no file at all"`:        {Text: "no file at all"},
	} {
		if got := read(t, with(`,"old":`+value))[0]; got.Old != want || got.New != (File{}) {
			t.Errorf("%s: got %+v, want %+v before and nothing after", value, got, want)
		}
	}
}

func TestSame(t *testing.T) {
	for _, c := range []struct {
		a, b File
		same bool
	}{
		{File{Text: "{}"}, File{Text: "{}"}, true},
		{File{Text: "{}"}, File{Text: "{ }"}, false},
		{File{Text: "{}\n", Plain: true}, File{Text: "// x\n{ }"}, true},
		{File{Text: `{"a":1,"b":2}`, Plain: true}, File{Text: `{"b": 2, "a": 1,}`}, true},
		{File{Text: `{"a":1}`, Plain: true}, File{Text: `{"a":2}`, Plain: true}, false},
		{File{Text: `{"a":1}`, Plain: true}, File{Text: `{"a":`}, false},
		{File{}, File{Text: "{}", Plain: true}, false},
	} {
		if got := c.a.Same(c.b); got != c.same || c.b.Same(c.a) != got {
			t.Errorf("%+v and %+v: got %v", c.a, c.b, got)
		}
	}
	if a, b := Texts(File{Text: "{\n\t\"a\": 1\n}\n", Plain: true}, File{Text: "// x\n{\"a\": 2}"}); a != "{\n\t\"a\": 1\n}\n" || b != "{\n\t\"a\": 2\n}\n" {
		t.Errorf("got %q and %q, want both without comments", a, b)
	}
}

// Changes come in the order of time, whatever else the API sends, and their names last.
func TestOrderAndNames(t *testing.T) {
	entry := func(at, group, property string) string {
		return `{"eventTime":"` + at + `","eventGroupID":"` + group + `","target":{"property":"` + property + `"}}`
	}
	all := read(t,
		entry("2026-11-28T10:00:00.120Z", "b", "ACL"), entry("2026-11-28T11:00:00+02:00", "a", "ACL"),
		entry("2026-11-28T10:00:00Z", "c", "DNS_CONFIG"), entry("2026-11-28T10:00:00.12Z", "d", "ACL"))
	var names []string
	for _, c := range all {
		names = append(names, c.ID)
		if at, err := TimeOf(c.ID); err != nil || !at.Equal(c.At) {
			t.Errorf("%s: got %v and error %v, want %v", c.ID, at, err, c.At)
		}
	}
	// The first digits of SHA-256 of a, b and d.
	if got, want := strings.Join(names, " "), "2026-11-28T09:00:00Z-ca978112 2026-11-28T10:00:00.12Z-3e23e816 2026-11-28T10:00:00.12Z-18ac3e73"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, id := range []string{"", "Z-", "2026-11-28T09:00:00Z", "lunch", "2026-11-28-ca978112"} {
		if at, err := TimeOf(id); err == nil {
			t.Errorf("%q: got %v, want an error", id, at)
		}
	}
}

// Of an entry without a time nobody knows what came after it.
func TestNoTime(t *testing.T) {
	_, err := logged(t, `{"eventTime":"yesterday","target":{"property":"ACL"}}`)
	var e *tsapi.Error
	if !errors.As(err, &e) || e.Code != failure.UpstreamMalformed || e.Next == "" {
		t.Errorf("got %v, want %s", err, failure.UpstreamMalformed)
	}
}

func TestUnlogged(t *testing.T) {
	a, b := File{Text: "// a"}, File{Text: "// b"}
	for _, c := range []struct {
		before *Change
		old    File
		want   bool
	}{
		{&Change{New: a}, a, false}, {&Change{New: a}, b, true}, {nil, b, false}, {&Change{}, b, false}, {&Change{New: a}, File{}, false},
	} {
		if got := (Change{Old: c.old}).Unlogged(c.before); got != c.want {
			t.Errorf("%+v after %+v: got %v", c.old, c.before, got)
		}
	}
	if got := Made([]Change{{ID: "1"}, {ID: "2"}, {ID: "3", Failed: "no"}}); got == nil || got.ID != "2" {
		t.Errorf("got %v, want the second", got)
	}
	if got := Made([]Change{{Failed: "no"}}); got != nil {
		t.Errorf("got %v of a change that failed", got)
	}
}
