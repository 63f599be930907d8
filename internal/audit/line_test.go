// SPDX-License-Identifier: MIT

package audit

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// byTags is the line that encoding/json writes by the tags of Record, by which lines
// are read.
func byTags(t testing.TB, r Record) string {
	t.Helper()
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		t.Fatal(err)
	}
	return line.String()
}

// full is a record with all fields set, each to something else.
func full(t testing.TB) Record {
	t.Helper()
	r := Record{Time: time.Date(2026, 7, 28, 12, 0, 0, 120_000_000, time.FixedZone("", 2*60*60)), Addr: netip.MustParseAddrPort("100.64.0.11:4711")}
	fields := reflect.ValueOf(&r).Elem()
	for i := range fields.NumField() {
		name, field := fields.Type().Field(i).Name, fields.Field(i)
		switch {
		case !field.IsZero():
		case field.Kind() == reflect.String:
			field.SetString(strings.ToLower(name))
		case field.Kind() == reflect.Bool:
			field.SetBool(true)
		case field.CanInt():
			field.SetInt(int64(i))
		case field.Kind() == reflect.Slice:
			field.Set(reflect.ValueOf([]string{name, "b"}))
		default:
			t.Fatalf("%s: this test cannot set it", name)
		}
	}
	return r
}

func TestEncode(t *testing.T) {
	at := time.Date(2026, 7, 28, 12, 0, 0, 0, time.UTC)
	for what, r := range map[string]Record{
		"full":         full(t),
		"empty":        {},
		"only a zone":  {Time: at, Addr: netip.MustParseAddrPort(`[fe80::1%a"b]:1`)},
		"no address":   {Time: at, Addr: netip.AddrPortFrom(netip.Addr{}, 7)},
		"empty lists":  {Time: at, Tags: []string{}, Names: []string{""}},
		"escapes":      {Time: at, Name: "a\"b\\c\x00\b\f\n\r\t\x1f\x7f", By: "<&>", Reason: "é\u2028\u2029\U0001f642", Claimed: "\xff\xed\xa0\x80"},
		"local time":   {Time: time.Now()},
		"negative":     {Time: at, Duration: -1, UpstreamStatus: -2, Count: -3},
		"odd offset":   {Time: at.In(time.FixedZone("", 90*60))},
		"nanoseconds":  {Time: at.Add(123456789)},
		"event quoted": {Time: at, Event: "a\nb"},
	} {
		line, err := encode(r)
		if want := byTags(t, r); err != nil || string(line) != want {
			t.Errorf("%s:\ngot  %s (%v)\nwant %s", what, line, err, want)
		}
	}
	if _, err := encode(Record{Time: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Error("a time that no reader takes was written")
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("get_echo", "alice@example.com", true, 404)
	f.Add("a\"\\\x00\x7f\u2028<é\xff", "", false, -1)
	f.Fuzz(func(t *testing.T, name, other string, allowed bool, n int) {
		r := Record{Time: time.Unix(int64(n), 0), Event: Event(other), Name: name, Tags: []string{name, other}, Allowed: allowed, Duration: time.Duration(n), Count: n}
		if line, err := encode(r); err == nil && string(line) != byTags(t, r) {
			t.Errorf("got %s, want %s", line, byTags(t, r))
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	r := Record{
		Time: time.Now(), Event: Decision, RequestID: "J4KQ2QWERTYUIOPA", Login: "alice@example.com", Node: "alice-laptop.tail0000.ts.net", NodeID: "nABCDEFGH1CNTRL",
		Addr: netip.MustParseAddrPort("100.64.0.11:4711"), ClientName: "bench", ClientVersion: "1", Method: "tools/call", Name: "get_echo", Class: "read",
		Arguments: "0123456789abcdef0123456789abcdef", Allowed: true, By: `{"tools":["*"],"resources":["*"]}`,
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encode(r); err != nil {
			b.Fatal(err)
		}
	}
}
