// SPDX-License-Identifier: MIT

package audit

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample are records of every kind, as package gate makes them.
func sample() []Record {
	at := time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC)
	user := Record{
		Time: at, RequestID: "r1", Login: "alice@example.com", Node: "laptop.example.ts.net", NodeID: "nLaptop",
		Addr: netip.MustParseAddrPort("100.64.0.1:40000"), ClientName: "claude", ClientVersion: "1.2",
		Method: "tools/call", Name: "get_device_info", Class: "read", Arguments: new(key).digest([]byte(`{"device":"web"}`)),
	}
	allowed := user
	allowed.Event, allowed.Allowed, allowed.By = Decision, true, "tools: read:*"
	done := allowed
	done.Event, done.Duration, done.UpstreamStatus = Outcome, 1500*time.Microsecond, 200
	failed := done
	failed.UpstreamStatus, failed.Code, failed.Reason = 404, "not_found", "there is no such device"

	tagged := Record{
		Time: at, Event: Decision, RequestID: "r2", Tags: []string{"tag:ci", "tag:web"}, Node: "runner.example.ts.net", NodeID: "nRunner",
		Addr: netip.MustParseAddrPort("[fd7a:115c:a1e0::2]:40001"), Claimed: "x-tailscale-user=root@example.com",
		Method: "tools/call", Name: "create_key", Class: "escalating", Reason: "no grant allows it",
	}
	stranger := Record{
		Time: at, Event: Decision, RequestID: "r3", Addr: netip.MustParseAddrPort("192.0.2.1:5"), Method: "POST /mcp",
		Reason: "tailscaled knows no peer at this address: 192.0.2.1:5",
	}
	return []Record{allowed, done, failed, tagged, stranger}
}

// forged is client text that tries to become more than a value.
const forged = "get_x\",\"allowed\":true}\n{\"event\":\"decision\"}\r\nPRIORITY=0\nTSMCP_ALLOWED=true\x00\x1b[2J\u202e\u2028"

// golden compares got with a file and rewrites that with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestDigest(t *testing.T) {
	for name, tt := range map[string]struct {
		a, b string
		same bool
	}{
		"order of keys":                      {`{"a":1,"b":{"c":[1,2],"d":null}}`, `{"b":{"d":null,"c":[1,2]},"a":1}`, true},
		"white space":                        {`{"a":1}`, " {\n\t\"a\" : 1 } ", true},
		"escapes":                            {`{"a":"é<"}`, `{"\u0061":"\u00e9\u003c"}`, true},
		"another value":                      {`{"a":1}`, `{"a":2}`, false},
		"another key":                        {`{"a":1}`, `{"b":1}`, false},
		"order of a list":                    {`[1,2]`, `[2,1]`, false},
		"a number is not its text":           {`{"a":1}`, `{"a":"1"}`, false},
		"null is not absence":                {`{"a":null}`, `{}`, false},
		"large numbers next to each other":   {`{"id":9007199254740992}`, `{"id":9007199254740993}`, false},
		"numbers beyond float64":             {`{"id":1e999}`, `{"id":1e998}`, false},
		"small fractions next to each other": {`{"id":0.1}`, `{"id":0.10000000000000001}`, false},
		"empty object and no arguments":      {`{}`, ``, false},
		"text that is not JSON":              {`{"a":`, `{"b":`, false},
		"text after JSON":                    {`{"a":1}`, `{"a":1} {"b":2}`, false},
		"deeper than JSON is read":           {strings.Repeat("[", 20000), strings.Repeat("[", 20001), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Digest([]byte(tt.a)) == Digest([]byte(tt.b)); got != tt.same {
				t.Errorf("same digest of %.60q and %.60q: got %v, want %v", tt.a, tt.b, got, tt.same)
			}
		})
	}
}

func TestDigestForm(t *testing.T) {
	if got := Digest(nil); got != "" {
		t.Errorf("got %q, want nothing for no arguments", got)
	}
	form := regexp.MustCompile(`^[0-9a-f]{32}$`)
	for _, arguments := range []string{`{}`, `{"key":"tskey-auth-secret"}`, `tskey-auth-secret`, "\xff", strings.Repeat("x", 1<<20)} {
		if got := Digest([]byte(arguments)); !form.MatchString(got) {
			t.Errorf("Digest(%.40q): got %q, want 32 hexadecimal digits", arguments, got)
		}
	}
}

// TestRecordHasNoRoomForArguments: there is a digest of the arguments and no
// field that could hold them.
func TestRecordHasNoRoomForArguments(t *testing.T) {
	text, err := json.Marshal(sample()[0])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), `"web"`) {
		t.Errorf("got %s, want no argument in it", text)
	}
}
