// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"testing"
	"time"
)

// heard is an outcome with these answers, as a conversation hears them.
func heard(t *testing.T, lines ...string) outcome {
	t.Helper()
	o := outcome{took: 12 * time.Millisecond}
	for _, line := range lines {
		r := reply{line: []byte(line)}
		if err := json.Unmarshal(r.line, &r); err != nil {
			t.Fatal(err)
		}
		o.answers = append(o.answers, r)
	}
	return o
}

const (
	fine    = `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`
	refused = `{"jsonrpc":"2.0","id":1,"error":{"code":-31003,"message":"no grant for this tool"}}`
	wrapped = `{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"HTTP 403: no grant for this tool"}}`
	odd     = `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"odd"}}`
)

func TestVerdicts(t *testing.T) {
	silent := outcome{waited: 5 * time.Second}
	ok, failed := heard(t, fine), heard(t, odd)
	tests := []struct {
		fault string
		seen  seen
		want  verdict
	}{
		{"request id " + oddID, seen{asked: ok}, verdict{"answered", true}},
		{"request id " + oddID, seen{asked: heard(t, fine, fine)}, verdict{"2 answers", false}},
		{"request id " + oddID, seen{asked: silent, stray: []string{"9007199254740992"}}, verdict{"no answer in 5 s, but one to 9007199254740992", false}},
		{"request id " + oddID, seen{asked: outcome{exited: true}}, verdict{"process exited", false}},
		{"request id " + oddID, seen{asked: heard(t, `{"id":1}`)}, verdict{"an answer without result or error", false}},
		{"request id " + oddID, seen{asked: ok, noise: 1}, verdict{"answered; other things on stdout", false}},

		{"string id, unknown fields both ways", seen{asked: ok, server: facts{Extra: true}}, verdict{"the result lost its field", false}},
		{"string id, unknown fields both ways", seen{asked: ok}, verdict{"the request lost its field", false}},
		{"string id, unknown fields both ways", seen{asked: heard(t, `{"id":"a","result":{`+unknownField+`}}`), server: facts{Extra: true}}, verdict{"all arrived", true}},
		{"string id, unknown fields both ways", seen{asked: failed}, verdict{"error -32603", false}},

		{"12345678901234567890, 1.0 and 1e-7 in a result", seen{asked: heard(t, `{"id":1,"result":{`+exactNumbers+`}}`)}, verdict{"unchanged", true}},
		{"12345678901234567890, 1.0 and 1e-7 in a result", seen{asked: heard(t, `{"id":1,"result":{"structuredContent":{"large":12345678901234567000,"one":1,"small":1e-7}}}`)}, verdict{"changed: 12345678901234567000, 1, 1e-7", false}},
		{"12345678901234567890, 1.0 and 1e-7 in a result", seen{asked: heard(t, `{"id":1,"result":[]}`)}, verdict{"lost", false}},

		{"tools/list_changed on the GET stream", seen{heard: []string{listChanged}}, verdict{"delivered", true}},
		{"tools/list_changed on the GET stream", seen{server: facts{Streamed: true}}, verdict{"not delivered", false}},
		{"tools/list_changed on the GET stream", seen{}, verdict{"no GET stream", false}},

		{largeAnswer, seen{asked: ok}, verdict{"answered in 12 ms", true}},
		{largeAnswer, seen{asked: failed}, verdict{"error -32603", false}},

		{"request of 11 MiB", seen{asked: heard(t, `{"id":1,"result":{"content":[{"text":"11534336"}]}}`), after: ok}, verdict{"answered in 12 ms", true}},
		{"request of 11 MiB", seen{asked: ok, after: ok}, verdict{"arrived cut", false}},
		{"request of 11 MiB", seen{asked: silent, after: silent}, verdict{"no answer in 5 s, nor to anything later", false}},
		{"request of 11 MiB", seen{asked: silent, after: ok}, verdict{"no answer in 5 s", false}},
		{"request of 11 MiB", seen{asked: outcome{exited: true}, after: outcome{exited: true}}, verdict{"process exited", false}},

		{"HTTP 403 with a JSON-RPC error", seen{asked: heard(t, refused)}, verdict{"that error", true}},
		{"HTTP 403 with a JSON-RPC error", seen{asked: heard(t, wrapped)}, verdict{"error -32000 with it as text", false}},
		{"HTTP 403 with a JSON-RPC error", seen{asked: failed}, verdict{"error -32603 without it", false}},
		{"HTTP 403 with a JSON-RPC error", seen{asked: ok}, verdict{"answered", false}},

		{"HTTP 429 with Retry-After", seen{asked: heard(t, `{"id":1,"error":{"code":-1,"message":"HTTP 429"}}`)}, verdict{"error -1", true}},
		{"HTTP 429 with Retry-After", seen{asked: failed}, verdict{"error -32603 without 429", false}},
		{"HTTP 500", seen{asked: heard(t, `{"id":1,"error":{"code":-1,"message":"x","data":{"httpStatus":500}}}`)}, verdict{"error -1", true}},
		{"HTTP 500", seen{asked: silent}, verdict{"no answer in 5 s", false}},

		{"event stream cut before the answer", seen{asked: failed, server: facts{Ran: map[string]int{"cut": 1}}}, verdict{"error -32603", true}},
		{"event stream cut before the answer", seen{asked: failed, server: facts{Ran: map[string]int{"cut": 3}}}, verdict{"error -32603, run 3 times", false}},
		{"event stream cut before the answer", seen{asked: silent, server: facts{Ran: map[string]int{"cut": 1}}}, verdict{"no answer in 5 s", false}},
		{"the same after an event id", seen{asked: ok, server: facts{Ran: map[string]int{"resumed": 1}}}, verdict{"answered", true}},
		{"the same after an event id", seen{asked: ok, server: facts{Ran: map[string]int{"resumed": 2}}}, verdict{"answered, run 2 times", false}},
		{"the same after an event id", seen{asked: failed, server: facts{Ran: map[string]int{"resumed": 1}}}, verdict{"error -32603", false}},

		{"a line that is no JSON", seen{after: ok, nulls: []int{-32700}}, verdict{"-32700, goes on", true}},
		{"a line that is no JSON", seen{after: ok}, verdict{"says nothing, goes on", false}},
		{"a line that is no JSON", seen{after: outcome{exited: true}, nulls: []int{-32700}}, verdict{"then process exited", false}},
		{"a notification", seen{after: ok}, verdict{"not answered", true}},
		{"a notification", seen{after: ok, nulls: []int{-32603}}, verdict{"answered with error -32603", false}},
		{"a notification", seen{after: silent}, verdict{"then no answer in 5 s", false}},

		{"a slow call and a fast one", seen{asked: ok, after: ok, first: true}, verdict{"not held up", true}},
		{"a slow call and a fast one", seen{asked: ok, after: ok}, verdict{"held up until the slow one is answered", false}},
		{"a slow call and a fast one", seen{asked: ok, after: silent}, verdict{"the fast one: no answer in 5 s", false}},
		{"a slow call and a fast one", seen{asked: failed, after: ok, first: true}, verdict{"the slow one: error -32603", false}},

		{"notifications/cancelled", seen{server: facts{Slow: "7", Cancelled: []string{"7"}}}, verdict{"forwarded", true}},
		{"notifications/cancelled", seen{server: facts{Slow: "7", Cancelled: []string{"8"}}}, verdict{"forwarded with another id", false}},
		{"notifications/cancelled", seen{server: facts{Slow: "7"}}, verdict{"not forwarded", false}},
		{"notifications/cancelled", seen{}, verdict{"the call never arrived", false}},

		{"256 calls at once", seen{many: gateSize, server: facts{AtOnce: gateSize}}, verdict{"all at once", true}},
		{"256 calls at once", seen{many: gateSize, server: facts{AtOnce: 6}}, verdict{"answered, 6 at once", false}},
		{"256 calls at once", seen{many: 255, server: facts{AtOnce: gateSize}}, verdict{"255 of 256 answered, 256 at once", false}},

		{"the server forgets the session (404)", seen{asked: ok, after: ok, server: facts{Ran: map[string]int{"echo": 3}}}, verdict{"answered once, in 12 ms", true}},
		{"the server forgets the session (404)", seen{asked: ok, after: ok, server: facts{Ran: map[string]int{"echo": 4}}}, verdict{"3 calls were run 4 times", false}},
		{"the server forgets the session (404)", seen{asked: failed, after: ok}, verdict{"error -32603, then recovered", false}},
		{"the server forgets the session (404)", seen{asked: failed, after: failed}, verdict{"error -32603, and so for ever", false}},

		{"the server down, then back", seen{asked: failed, after: ok}, verdict{"error, then answered", true}},
		{"the server down, then back", seen{asked: failed, after: silent}, verdict{"error, then no answer in 5 s", false}},
		{"the server down, then back", seen{asked: silent, after: ok}, verdict{"no answer in 5 s, then answered", false}},

		{exitCase, seen{exit: &ending{0, 30 * time.Millisecond}, server: facts{Deleted: 1}}, verdict{"exits 0 in 30 ms, DELETE", true}},
		{exitCase, seen{exit: &ending{0, 30 * time.Millisecond}}, verdict{"exits 0 in 30 ms, no DELETE", false}},
		{exitCase, seen{exit: &ending{1, 30 * time.Millisecond}, server: facts{Deleted: 1}}, verdict{"exits 1 in 30 ms, DELETE", false}},
		{exitCase, seen{exit: &ending{0, 3100 * time.Millisecond}, server: facts{Deleted: 1}}, verdict{"exits 0 in 3.1 s, DELETE", false}},
		{exitCase, seen{}, verdict{"does not exit", false}},
	}
	judged := map[string][2]bool{} // for each case: a good and a bad one
	for _, tt := range tests {
		for i := range faults {
			if faults[i].name != tt.fault {
				continue
			}
			got := faults[i].verdict(tt.seen)
			if got != tt.want {
				t.Errorf("%s: got %+v, want %+v", tt.fault, got, tt.want)
			}
			both := judged[tt.fault]
			both[0], both[1] = both[0] || got.good, both[1] || !got.good
			judged[tt.fault] = both
		}
	}
	for i := range faults {
		if judged[faults[i].name] != [2]bool{true, true} {
			t.Errorf("%s: not judged both good and bad here", faults[i].name)
		}
	}
}

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 3 * time.Millisecond: "3 ms", 994 * time.Millisecond: "994 ms", 996 * time.Millisecond: "1 s",
		2500 * time.Millisecond: "2.5 s", 5 * time.Second: "5 s", 10 * time.Second: "10 s",
	} {
		if got := brief(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestAnswered(t *testing.T) {
	for line, want := range map[string]int{
		fine: 1, `{"result":{},"jsonrpc":"2.0","id":42}`: 42, `{"method":"notifications/x"}`: -1, `{"id":"a"}`: -1, `{"id":null}`: -1,
	} {
		if got := answered([]byte(line)); got != want {
			t.Errorf("%s: got %d, want %d", line, got, want)
		}
	}
}
