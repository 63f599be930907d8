// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
)

// odd is JSON that decoding and encoding again would change.
const odd = `{"big":12345678901234567890,"one":1.0,"exp":1E+2,"text":"\u2028<&>\/\u00e9é","z":1,"a":2,"unknown":{"b":[ ],"a":null}}`

func TestPX1BytesUnchanged(t *testing.T) {
	ids := []string{`9007199254740993`, `12345678901234567890`, `"\u2028<&>"`, `-7`, `"plain"`, `""`, `1.0`}
	for _, how := range []string{"json", "events"} {
		s := serve(t, map[string]tool{"odd": func(w http.ResponseWriter, _ *http.Request, in received) {
			if how == "json" {
				reply(w, in, odd)
				return
			}
			events(w)("data: " + result(in, odd) + "\n\n")
		}})
		c := connect(t, s.url())
		c.open()
		for _, id := range ids {
			t.Run(how+"/"+id, func(t *testing.T) {
				msg := `{"params":{"arguments":` + odd + `,"name":"odd"} ,"id":` + id + `,"method":"tools/call","jsonrpc":"2.0","extra":[1.50]}`
				c.send(msg)
				if got := s.got("POST", "tools/call").body; got != msg {
					t.Errorf("upstream: got %s, want %s", got, msg)
				}
				want := `{"jsonrpc":"2.0","id":` + id + `,"result":` + odd + `}`
				if got := c.answer(id); got != want {
					t.Errorf("downstream: got %s, want %s", got, want)
				}
			})
		}
	}
}

// A server that keeps numbers as float64 answers with another id. On the
// response to its own POST it is the answer all the same.
func TestPX1RoundedIDIsGivenBack(t *testing.T) {
	rounded := func(form func(http.ResponseWriter, string)) tool {
		return func(w http.ResponseWriter, _ *http.Request, _ received) {
			form(w, `{"jsonrpc":"2.0","id":9007199254740992,"result":{}}`)
		}
	}
	s := serve(t, map[string]tool{
		"json": rounded(func(w http.ResponseWriter, m string) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, m)
		}),
		"events": rounded(func(w http.ResponseWriter, m string) { events(w)("data: " + m + "\n\n") }),
	})
	c := connect(t, s.url())
	c.open()
	for i, tool := range []string{"json", "events"} {
		id := fmt.Sprint(9007199254740993 + 2*i)
		c.send(legacyCall("9007199254740993", tool))
		if got, want := c.answer("9007199254740993"), `{"jsonrpc":"2.0","id":9007199254740993,"result":{}}`; got != want {
			t.Errorf("%s: got %s, want %s (%s)", tool, got, want, id)
		}
		c.mu.Lock()
		delete(c.asked, "9007199254740993") // used twice on purpose
		c.mu.Unlock()
	}
}

func TestPX2OneLinePerMessage(t *testing.T) {
	pretty := "{\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": %s,\n  \"result\": {\n    \"text\": \"a\\nb\"\n  }\n}\n"
	s := serve(t, map[string]tool{
		"pretty": func(w http.ResponseWriter, _ *http.Request, in received) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = fmt.Fprintf(w, pretty, in.msg.ID)
		},
		"folded": func(w http.ResponseWriter, _ *http.Request, in received) {
			events(w)("data: {\"jsonrpc\":\"2.0\",\ndata: \"id\":" + string(in.msg.ID) + ",\ndata:\"result\":{}}\n\n")
		},
	})
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "pretty"), legacyCall("2", "folded"))
	want := `{   "jsonrpc": "2.0",    "id": 1,   "result": {     "text": "a\nb"   } }`
	if got := c.answer("1"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := c.answer("2"), `{"jsonrpc":"2.0", "id":2, "result":{}}`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPX3Limit(t *testing.T) {
	s := serve(t, map[string]tool{
		"large": func(w http.ResponseWriter, _ *http.Request, in received) {
			reply(w, in, `"`+strings.Repeat("x", 2000)+`"`)
		},
		"large events": func(w http.ResponseWriter, _ *http.Request, in received) {
			events(w)("data: " + result(in, `"`+strings.Repeat("x", 2000)+`"`) + "\n\n")
		},
	})
	c := connect(t, s.url(), limit(1000))
	c.open()
	c.send(
		`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"`+strings.Repeat("x", 2000)+`"},"id":"last"}`,
		`{"jsonrpc":"2.0","method":"notifications/x","params":{"x":"`+strings.Repeat("x", 2000)+`"}}`,
		legacyCall("1", "fine"),
		legacyCall("2", "large"),
		legacyCall("3", "large events"),
	)
	for _, id := range []string{`"last"`, "2", "3"} {
		if f, _ := failureIn(t, c.answer(id)); f.Code != fault.CodeTooLarge {
			t.Errorf("%s: got %+v, want code %d", id, f, fault.CodeTooLarge)
		}
	}
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("a small message after a large one: got %+v, want a result", f)
	}
	if n := s.count(func(r received) bool { return strings.Contains(r.body, strings.Repeat("x", 2000)) }); n != 0 {
		t.Errorf("sent upstream: got %d messages over the limit, want 0", n)
	}
}

// Large messages pass in both directions.
func TestPX3LargeMessages(t *testing.T) {
	const size = largeTest
	text := strings.Repeat("0123456789abcdef", size/16)
	for _, how := range []string{"json", "chunked", "events"} {
		t.Run(how, func(t *testing.T) {
			s := serve(t, map[string]tool{"large": func(w http.ResponseWriter, _ *http.Request, in received) {
				res := result(in, `"`+text+`"`)
				switch how {
				case "json":
					w.Header().Set("Content-Type", "application/json")
					w.Header().Set("Content-Length", fmt.Sprint(len(res)))
					_, _ = io.WriteString(w, res)
				case "chunked":
					w.Header().Set("Content-Type", "application/json")
					w.(http.Flusher).Flush()
					_, _ = io.WriteString(w, res)
				default:
					events(w)("data: " + res + "\n\n")
				}
			}})
			c := connect(t, s.url())
			c.open()
			c.send(legacyCall("1", "large"))
			if got, want := c.answer("1"), `{"jsonrpc":"2.0","id":1,"result":"`+text+`"}`; got != want {
				t.Errorf("got %d bytes that differ, want %d", len(got), len(want))
			}
		})
	}
	t.Run("request", func(t *testing.T) {
		s := serve(t, nil)
		c := connect(t, s.url())
		c.open()
		msg := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":"` + text + `"}}`
		c.send(msg)
		c.answer("1")
		if got := s.got("POST", "tools/call").body; got != msg {
			t.Errorf("got %d bytes that differ, want the %d that were sent", len(got), len(msg))
		}
	})
}

// The parts of the relay that hold a message hold it at most twice.
func TestPX3MemoryOfOneMessage(t *testing.T) {
	const size = largeTest
	msg := []byte(`{"id":1,"result":"` + strings.Repeat("x", size) + `"}`)
	parts := map[string]func() []byte{
		"line": func() []byte {
			l, _ := jsonrpc.NewLineReader(io.MultiReader(bytes.NewReader(msg), strings.NewReader("\n")), 64<<20).Next()
			return l.Msg
		},
		"body": func() []byte { b, _ := jsonrpc.ReadAll(bytes.NewReader(msg), int64(len(msg)), 64<<20); return b },
		"body of unknown length": func() []byte {
			b, _ := jsonrpc.ReadAll(bytes.NewReader(msg), -1, 64<<20)
			return b
		},
		"event": func() []byte {
			s := jsonrpc.NewEventReader(io.MultiReader(strings.NewReader("data: "), bytes.NewReader(msg), strings.NewReader("\n\n")), 64<<20)
			defer s.Close()
			ev, _ := s.Next()
			return ev.Data
		},
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := part()
			_, _ = jsonrpc.Scan(got)
			runtime.ReadMemStats(&after)
			if !bytes.Equal(got, msg) {
				t.Fatalf("got %d bytes that differ, want %d", len(got), len(msg))
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 2*size+2<<20 {
				t.Errorf("got %d bytes for a message of %d, want at most twice as many", used, size)
			}
		})
	}
}

func TestPX4BadLines(t *testing.T) {
	tests := []struct {
		name, line string
		code       int
		id         string
	}{
		{"garbage", `garbage`, fault.ParseError, "null"},
		{"cut off", `{"jsonrpc":"2.0","id":1,"method":"pi`, fault.ParseError, "null"},
		{"not UTF-8", "{\"id\":1,\"method\":\"\xff\"}", fault.ParseError, "null"},
		{"batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, fault.InvalidRequest, "null"},
		{"empty batch", `[]`, fault.InvalidRequest, "null"},
		{"scalar", `42`, fault.InvalidRequest, "null"},
		{"null id", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, fault.InvalidRequest, "null"},
		{"object id", `{"jsonrpc":"2.0","id":{},"method":"ping"}`, fault.InvalidRequest, "null"},
		{"neither", `{"jsonrpc":"2.0","id":5}`, fault.InvalidRequest, "5"},
	}
	s := serve(t, nil)
	c := connect(t, s.url())
	c.open()
	s.got("POST", "notifications/initialized")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c.send(tt.line)
			got := c.next()
			if f, _ := failureIn(t, got); f.Code != tt.code || answerTo(got) != tt.id {
				t.Errorf("got %s, want code %d for id %s", got, tt.code, tt.id)
			}
		})
	}
	before := len(s.all())
	c.send("", "  ", "\r", legacyCall("1", "x"))
	if got := c.next(); answerTo(got) != "1" {
		t.Errorf("after blank lines: got %s, want the answer to 1", got)
	}
	s.got("POST", "tools/call")
	if got := s.count(func(r received) bool { return r.verb == "POST" }) - before; got > 2 { // and perhaps the GET before
		t.Errorf("bad lines: got %d POSTs, want none", got-1)
	}
}
