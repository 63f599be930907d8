// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// golden holds every answer byte for byte, with the records that it left.
const golden = "testdata/answers.golden"

// usualMeta is _meta as most requests of 2026-07-28 have it.
const usualMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

// signed is how a result of 2026-07-28 says who answers.
const signed = `"io.modelcontextprotocol/serverInfo":{"name":"tailscale-mcp","version":"test"}`

// chance is what differs from run to run (cursors, codes, keys), and icons, which are
// long.
var chance = regexp.MustCompile(`(nextCursor\\*":\\*")[\w-]+|(confirm set to )\w{4}-\w{4}|(inputRequests":\{")[\w-]+|(data:image/svg)[^"]*`)

// question is one message, without the members that its revision adds.
type question struct {
	// id is JSON; empty for a notification.
	id, method, params string
	// meta holds further members of _meta, and headers what differs from the usual
	// ones; an empty value removes a header.
	meta    string
	headers map[string]string
	bare    bool // without _meta, in either revision
	asks    bool // the client can ask a person
}

var ids = []string{`1`, `"a"`, `9007199254740993`, `1.0`, `1e3`, `"\u2028<&>"`, `"\ud800"`, `-0`}

func questions() (out []question) {
	add := func(method string, params ...string) {
		for _, p := range params {
			out = append(out, question{id: "7", method: method, params: p})
		}
	}
	for _, id := range append(slices.Clone(ids), "") {
		out = append(out, question{id: id, method: "tools/call", params: `"name":"get_echo","arguments":{"text":"<&>\u2028"}`},
			question{id: id, method: "prompts/list"}, question{id: id, method: "tools/call", params: `"name":"nothing"`})
	}
	add("initialize", `"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}`,
		`"protocolVersion":"2024-11-05","capabilities":{}`, `"protocolVersion":"1999"`, `"protocolVersion":1`, ``)
	add("ping", ``, `"x":1`)
	add("server/discover", ``)
	add("logging/setLevel", `"level":"info"`, `"level":1`)
	for _, method := range []string{"tools/list", "resources/list", "resources/templates/list", "prompts/list"} {
		add(method, ``, `"cursor":""`, `"cursor":"YQ=="`, `"cursor":"enp6eg=="`, `"cursor":"!"`, `"cursor":1`, `"cursor":null`, `"x":1`)
	}
	add("tools/call", ``, `"name":"get_echo"`, `"name":"get_echo","arguments":null`, `"name":"get_echo","arguments":[]`,
		`"name":"get_echo","arguments":{"nope":1}`, `"name":"get_echo","arguments":{"text":1}`, `"name":"get_echo","arguments":"x"`,
		`"name":"get_error"`, `"name":"get_panic"`, `"name":"set_echo","arguments":{"text":"x"}`, `"name":"get_large"`, `"name":"get_stuck"`,
		`"name":"whoami"`, `"name":""`, `"name":null`, `"name":1`, `"name":"get_echo","task":{}`, `"name":"get_echo","task":1`,
		`"name":"get_echo","inputResponses":1`, `"name":"get_echo","inputResponses":{"a":1}`, `"name":"get_echo","requestState":1`,
		`"name":"get_echo","x":{"y":1}`, `"name":"create_key","arguments":{"text":"k"}`, `"name":"list_things","arguments":{"limit":2}`,
		`"name":"get_echo","arguments":{"text":"a","text":"b"}`)
	add("resources/read", ``, `"uri":"test://fixed"`, `"uri":"test://thing/one"`, `"uri":"test://thing/a%3Ab"`, `"uri":"test://thing/a:b@c"`,
		`"uri":"test://thing/none"`, `"uri":"test://thing/"`, `"uri":"test://thing/a/b"`, `"uri":"test://no<thing>"`, `"uri":"nothing"`, `"uri":1`, `"uri":null`,
		`"uri":"test://fixed","arguments":1`, `"uri":"test://fixed","arguments":{}`, `"uri":"test://thing/%00"`, `"uri":"test://thing/{id}"`)
	add("resources/subscribe", `"uri":"test://fixed"`, ``)
	add("resources/unsubscribe", `"uri":"test://fixed"`)
	add("prompts/get", ``, `"name":"ask"`, `"name":"ask","arguments":{"what":"<this>"}`, `"name":"ask","arguments":{"what":1}`, `"name":"ask","arguments":[]`,
		`"name":"nothing"`, `"name":"ask","arguments":{"what":"w","more":"m"}`, `"name":"ask","arguments":null`)
	ref := func(ref, argument string) string { return `"ref":` + ref + `,"argument":` + argument }
	add("completion/complete", ``, ref(`{"type":"ref/prompt","name":"ask"}`, `{"name":"what","value":"x"}`),
		ref(`{"type":"ref/prompt","name":"ask"}`, `{"name":"how","value":"x"}`), ref(`{"type":"ref/prompt","name":"no"}`, `{"name":"how","value":"x"}`),
		ref(`{"type":"ref/resource","uri":"test://thing/{id}"}`, `{"name":"id","value":"o"}`), ref(`{"type":"ref/resource","uri":"test://fixed"}`, `{"name":"id","value":"o"}`),
		ref(`{"type":"ref/resource","uri":"test://nope"}`, `{"name":"id","value":"o"}`), ref(`{"type":"x"}`, `{"name":"id","value":"o"}`), ref(`{}`, `{}`), ref(`1`, `{}`),
		ref(`{"type":"ref/prompt","name":"ask"}`, `1`), ref(`{"type":"ref/prompt","name":"ask"}`, `{"name":"what","value":"x"},"context":{"arguments":{"how":"h"}}`),
		ref(`{"type":"ref/prompt","name":1}`, `{"name":"what","value":"x"}`), ref(`{"type":"ref/prompt","name":"ask"}`, `{"name":1,"value":"x"}`),
		ref(`{"type":"ref/prompt","name":"ask"}`, `{"name":"what","value":"x"},"context":1`), `"argument":{"name":"what","value":"x"}`)
	add("tasks/get", `"taskId":"1"`)
	add("tasks/list", ``)
	add("tasks/cancel", `"taskId":"1"`)
	add("no/such", ``, `"x":1`)
	add("notifications/initialized", ``)
	for _, method := range []string{"notifications/initialized", "notifications/cancelled", "notifications/none", "ping", "no/such", "resources/read", "completion/complete"} {
		out = append(out, question{method: method, params: `"requestId":7`})
	}
	out = append(out,
		question{id: "7", method: "tools/call", params: `"name":"get_slow","arguments":{"steps":2,"text":"t"}`, meta: `"progressToken":9007199254740993`},
		question{id: "7", method: "tools/call", params: `"name":"get_slow","arguments":{"steps":2}`, meta: `"progressToken":"p<"`},
		question{id: "7", method: "tools/call", params: `"name":"get_slow","arguments":{"steps":2}`},
		question{id: "7", method: "tools/call", params: `"name":"delete_asked","arguments":{"text":"web"}`},
		question{id: "7", method: "tools/call", params: `"name":"delete_asked","arguments":{"text":"web"}`, asks: true},
		question{id: "7", method: "subscriptions/listen", params: `"notifications":{}`},
		question{id: "7", method: "subscriptions/listen"},
		question{id: "7", method: "subscriptions/listen", params: `"notifications":1`},
		question{id: `"\u2028"`, method: "subscriptions/listen", params: `"notifications":{"resourceSubscriptions":["test://fixed"]}`},
		question{method: "subscriptions/listen", params: `"notifications":{"toolsListChanged":true}`},
	)
	for _, method := range []string{"tools/call", "resources/read", "initialize", "completion/complete", "subscriptions/listen"} {
		params := `"name":"get_echo","uri":"test://fixed"`
		q := question{id: "7", method: method, params: params}
		for _, header := range []string{"Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name"} {
			for _, value := range []string{"", "2025-06-18", "other", "=?base64?Z2V0X2VjaG8=?=", "=?base64?!?="} {
				q.headers = map[string]string{header: value}
				out = append(out, q)
			}
		}
		q.headers = map[string]string{"Last-Event-Id": "1", "Mcp-Session-Id": "s"}
		out = append(out, q)
		q.headers, q.bare = nil, true
		out = append(out, q)
		q.bare = false
		for _, meta := range []string{`"io.modelcontextprotocol/clientCapabilities":1`, `"io.modelcontextprotocol/logLevel":1`, `"io.modelcontextprotocol/clientInfo":1`, `"traceparent":"x"`} {
			q.meta = meta
			out = append(out, q)
		}
	}
	return out
}

// request writes the question as a client of that revision does.
func (q question) request(ctx context.Context, c *client) *http.Request {
	var meta []string
	if c.revision == modern && !q.bare {
		meta = append(meta, `"io.modelcontextprotocol/protocolVersion":"`+modern+`"`)
		capabilities := `{}`
		if q.asks {
			capabilities = `{"elicitation":{}}`
		}
		if !strings.Contains(q.meta, "clientCapabilities") {
			meta = append(meta, `"io.modelcontextprotocol/clientCapabilities":`+capabilities)
		}
	}
	if q.meta != "" {
		meta = append(meta, q.meta)
	}
	members := []string{`"jsonrpc":"2.0"`}
	if q.id != "" {
		members = append(members, `"id":`+q.id)
	}
	members = append(members, `"method":"`+q.method+`"`)
	var params []string
	if q.params != "" {
		params = append(params, q.params)
	}
	if len(meta) > 0 {
		params = append(params, `"_meta":{`+strings.Join(meta, ",")+`}`)
	}
	if len(params) > 0 {
		members = append(members, `"params":{`+strings.Join(params, ",")+`}`)
	}
	r := c.raw(ctx, "{"+strings.Join(members, ",")+"}")
	if c.revision == modern {
		r.Header.Set("Mcp-Method", q.method)
		_, rest, _ := strings.Cut(q.params, `"name":"`)
		if q.method == "resources/read" {
			_, rest, _ = strings.Cut(q.params, `"uri":"`)
		}
		if name, _, ok := strings.Cut(rest, `"`); ok && (q.method == "tools/call" || q.method == "resources/read" || q.method == "prompts/get") {
			r.Header.Set("Mcp-Name", name)
		}
	}
	for name, value := range q.headers {
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

func heading(headers map[string]string) string {
	if headers == nil {
		return ""
	}
	return fmt.Sprintf(" %q", headers)
}

// TestAnswersStayAsTheyWere holds every kind of answer, in both eras, to the bytes
// that clients have seen before.
func TestAnswersStayAsTheyWere(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*","escalating:*"],"resources":["*"]}`)
	b.grant("bob@example.com", `{"tools":["get_echo"]}`)
	var out strings.Builder
	seen := map[string]bool{}
	for _, revision := range []string{legacy, modern} {
		for _, who := range []*client{b.alice(t, revision), b.bob(t, revision)} {
			for _, q := range questions() {
				r := q.request(t.Context(), who)
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				answer, err := who.http.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(answer.Body)
				_ = answer.Body.Close()
				if err != nil {
					t.Fatal(err)
				}
				var headers []string
				for name := range answer.Header {
					if name != "Date" && name != "X-Request-Id" && name != "Content-Length" {
						headers = append(headers, name+": "+strings.Join(answer.Header[name], "|"))
					}
				}
				slices.Sort(headers)
				text = bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\n\n"), []byte("\n")))
				steady := chance.ReplaceAllString(strings.ReplaceAll(string(text), answer.Header.Get("X-Request-Id"), "REQUEST"), "$1$2$3$4")
				steady = strings.ReplaceAll(steady, signed, "SIGNED")
				if seen[steady] && len(steady) > 400 {
					steady = "as before"
				}
				seen[steady] = true
				fmt.Fprintf(&out, "%s %s\n%d %s\n%s\n", who.revision, strings.ReplaceAll(string(body), usualMeta, "META")+heading(q.headers), answer.StatusCode, strings.Join(headers, "; "), steady)
				for _, record := range b.audit.Records() {
					if record.Method == "subscriptions/listen" {
						continue // written beside the answer
					}
					fmt.Fprintf(&out, "\t%s %s %q allowed=%t code=%q reason=%q\n", record.Event, record.Method, record.Name, record.Allowed, record.Code, strings.ReplaceAll(record.Reason, answer.Header.Get("X-Request-Id"), "REQUEST"))
				}
				b.audit.Forget()
				out.WriteString("\n")
			}
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.Split(out.String(), "\n\n"), strings.Split(string(want), "\n\n")
	if len(got) != len(wanted) {
		t.Fatalf("got %d answers, want %d", len(got), len(wanted))
	}
	for i := range got {
		if got[i] != wanted[i] {
			t.Errorf("got\n%s\n\nwant\n%s", got[i], wanted[i])
		}
	}
}
