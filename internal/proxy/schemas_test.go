// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/proxy/endpoint"
)

// ofProxy reports whether the proxy asked this for itself.
func ofProxy(r received) bool {
	return strings.HasPrefix(string(r.msg.ID), `"tailscale-mcp-proxy/`)
}

func isList(r received) bool { return r.msg.Method == "tools/list" }
func isCall(r received) bool { return r.msg.Method == "tools/call" }

// lists makes the server answer tools/list.
func (s *faultServer) lists(list tool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = list
}

// listing answers tools/list with this list, of one page.
func listing(tools ...string) tool {
	return func(w http.ResponseWriter, _ *http.Request, in received) {
		reply(w, in, `{"tools":[`+strings.Join(tools, ",")+`]}`)
	}
}

// defined is the definition of a tool with these properties.
func defined(name, properties string) string {
	return `{"name":"` + name + `","inputSchema":` + inputSchema(properties) + `}`
}

const region = `"region":{"type":"string","x-mcp-header":"Region"}`

// callWith is a call of a tool with arguments in revision 2026-07-28.
func callWith(id, tool, arguments string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `,` + meta + `}}`
}

func listPage(id, cursor string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/list","params":{` + cursor + meta + `}}`
}

// demanding refuses calls without the header for the argument region, as the
// specification asks of servers.
func demanding(w http.ResponseWriter, r *http.Request, in received) {
	if r.Header.Get("Mcp-Param-Region") != "r" {
		body(http.StatusBadRequest, endpoint.TypeJSON, `{"jsonrpc":"2.0","id":`+string(in.msg.ID)+`,"error":{"code":-32020,"message":"Header mismatch: Mcp-Param-Region"}}`)(w, r, in)
		return
	}
	ok(w, r, in)
}

// records is a log that a test reads.
type records struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	wrote chan struct{} // if not nil, gets something for every record
}

func (l *records) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wrote != nil {
		select {
		case l.wrote <- struct{}{}:
		default: // who waits has one to look at
		}
	}
	return l.buf.Write(p)
}

// await waits for a record with this in it.
func (l *records) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(patience)
	for !strings.Contains(l.String(), text) {
		select {
		case <-l.wrote:
		case <-late:
			t.Fatalf("the log says %s, want %q in it", l, text)
		}
	}
}

func (l *records) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// TestPX17Learn: what the client's own lists say of headers holds for its
// calls, whatever page and form it came in, and the lists stay as they are.
func TestPX17Learn(t *testing.T) {
	first := `{"tools" : [ {"x":1.0,"name":"a","inputSchema":` + inputSchema(region+`,"n":{"type":"integer","x-mcp-header":"N"}`) + `} ],"nextCursor":"p2", "ttlMs":0}`
	second := `{"tools":[` + defined("b", `"where":{"type":"object","properties":{`+region+`}}`) + `,{"name":"plain"}]}`
	s := serve(t, nil)
	s.lists(func(w http.ResponseWriter, _ *http.Request, in received) {
		if !strings.Contains(in.body, `"cursor":"p2"`) {
			reply(w, in, first)
			return
		}
		send := events(w)
		send("data: " + result(in, second) + "\n\n")
	})
	c := connect(t, s.url())
	c.send(listPage("1", ""))
	if got, want := c.answer("1"), `{"jsonrpc":"2.0","id":1,"result":`+first+`}`; got != want {
		t.Errorf("first page: got %s, want %s", got, want)
	}
	c.send(listPage("2", `"cursor":"p2",`))
	if got, want := c.answer("2"), `{"jsonrpc":"2.0","id":2,"result":`+second+`}`; got != want {
		t.Errorf("second page: got %s, want %s", got, want)
	}
	c.send(
		callWith("3", "a", `{"region":"europe","n":9007199254740993,"other":"x"}`),
		callWith("4", "b", `{"region":"no","where":{"region":"zürich"}}`),
		callWith("5", "plain", `{"region":"no"}`),
		`{"jsonrpc":"2.0","id":6,"method":"prompts/get","params":{"name":"a","arguments":{"region":"no"},`+meta+`}}`,
	)
	want := map[string][2]string{"3": {"europe", "9007199254740993"}, "4": {"=?base64?esO8cmljaA==?=", ""}, "5": {}, "6": {}}
	for id := range want {
		c.answer(id)
	}
	for _, r := range s.all() {
		got := [2]string{r.header.Get("Mcp-Param-Region"), r.header.Get("Mcp-Param-N")}
		if got != want[string(r.msg.ID)] {
			t.Errorf("request %s: got %q, want %q", r.msg.ID, got, want[string(r.msg.ID)])
		}
	}
	if n := s.count(isList); n != 2 {
		t.Errorf("got %d tools/list, want the two of the client", n)
	}
}

// TestPX17Invalid: tools that a client may not be shown are cut out of the
// list, nothing else of it changes, and the log says which and why, once.
func TestPX17Invalid(t *testing.T) {
	bad := `{"name":"bad","inputSchema":` + inputSchema(`"v":{"type":"number","x-mcp-header":"V"}`) + `}`
	worse := `{"inputSchema":{"oneOf":[` + inputSchema(region) + `]},"name":"worse"}`
	s := serve(t, nil)
	s.lists(func(w http.ResponseWriter, _ *http.Request, _ received) {
		w.Header().Set("Content-Type", endpoint.TypeJSON)
		// The id is lost, and stands after the list.
		_, _ = io.WriteString(w, `{"result":{"tools":[ `+bad+" ,\r\n"+defined("good", region)+" , "+worse+`],"a":1e2},"id":null,"jsonrpc":"2.0","error":null}`)
	})
	log := &records{}
	c := connectWith(t, Config{Server: mustURL(t, s.url()), Log: slog.New(slog.NewTextHandler(log, nil))})
	for _, id := range []string{"1", "2"} {
		c.send(listPage(id, ""))
		want := `{"result":{"tools":[ ` + defined("good", region) + `],"a":1e2},"id":` + id + `,"jsonrpc":"2.0","error":null}`
		if got := c.answer(id); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	c.send(callWith("3", "good", `{"region":"r"}`), callWith("4", "bad", `{"v":1,"region":"r"}`))
	c.answer("3")
	c.answer("4")
	for _, r := range s.all() {
		want := map[string]string{"3": "r"}[string(r.msg.ID)]
		if got := r.header.Get("Mcp-Param-Region") + r.header.Get("Mcp-Param-V"); got != want {
			t.Errorf("request %s: got %q, want %q", r.msg.ID, got, want)
		}
	}
	said := log.String()
	for _, want := range []string{"tool=bad", "number", "tool=worse", "oneOf"} {
		if !strings.Contains(said, want) {
			t.Errorf("the log says %s, want %q in it", said, want)
		}
	}
	if n := strings.Count(said, "level=WARN"); n != 2 {
		t.Errorf("got %d warnings, want one for each tool: %s", n, said)
	}
}

// TestPX17Changed: what was learned is forgotten when the server says that its
// tools changed, on whatever stream.
func TestPX17Changed(t *testing.T) {
	changed := "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n"
	s := serve(t, map[string]tool{"tell": func(w http.ResponseWriter, _ *http.Request, in received) {
		send := events(w)
		send(changed)
		send("data: " + result(in, `{}`) + "\n\n")
	}})
	s.lists(listing(defined("a", region), `{"name":"tell"}`))
	c := connect(t, s.url())
	c.send(callWith("1", "a", `{"region":"r"}`))
	c.answer("1")
	s.lists(listing(defined("a", `"region":{"type":"string","x-mcp-header":"Zone"}`), `{"name":"tell"}`))
	c.send(callWith("2", "a", `{"region":"r"}`))
	c.answer("2")
	c.send(callWith("3", "tell", `{}`))
	c.method("notifications/tools/list_changed")
	c.answer("3")
	c.send(callWith("4", "a", `{"region":"r"}`))
	c.answer("4")
	want := map[string][2]string{"1": {"r", ""}, "2": {"r", ""}, "4": {"", "r"}}
	for _, r := range s.all() {
		got := [2]string{r.header.Get("Mcp-Param-Region"), r.header.Get("Mcp-Param-Zone")}
		if got != want[string(r.msg.ID)] {
			t.Errorf("request %s: got %q, want %q", r.msg.ID, got, want[string(r.msg.ID)])
		}
	}
	if n := s.count(isList); n != 2 {
		t.Errorf("got %d tools/list, want 2", n)
	}
}

// TestPX17Legacy: in a session nothing is read, changed, mirrored or asked.
func TestPX17Legacy(t *testing.T) {
	list := `{"tools":[` + defined("a", region) + `,{"name":"bad","inputSchema":{"x-mcp-header":""}}]}`
	s := serve(t, map[string]tool{"a": demanding})
	s.lists(func(w http.ResponseWriter, _ *http.Request, in received) { reply(w, in, list) })
	c := connect(t, s.url())
	c.open()
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	if got, want := c.answer("1"), `{"jsonrpc":"2.0","id":1,"result":`+list+`}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.send(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","arguments":{"region":"r"}}}`)
	if f, _ := failureIn(t, c.answer("2")); f.Code != fault.HeaderMismatch {
		t.Errorf("got %+v, want the server's refusal", f)
	}
	if lists, calls := s.count(isList), s.count(isCall); lists != 1 || calls != 1 {
		t.Errorf("got %d tools/list and %d tools/call, want one of each", lists, calls)
	}
}

// A legacy client across the bridge has its arguments mirrored too, and is not
// shown what a modern client may not be shown.
func TestPX17Bridged(t *testing.T) {
	s := serveModern(t, map[string]tool{"where": demanding})
	s.lists(listing(defined("where", region), defined("bad", `"a":{"type":"string","x-mcp-header":""}`)))
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"where","arguments":{"region":"r"}}}`, `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`)
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("got %+v, want the call with its header", f)
	}
	if got := c.answer("2"); !strings.Contains(got, `"where"`) || strings.Contains(got, `"bad"`) {
		t.Errorf("got %s, want the tool that follows the rules", got)
	}
}

// TestPX17Plain: a call of a tool that mirrors nothing is looked up and nothing
// more, however large its arguments.
func TestPX17Plain(t *testing.T) {
	c := connect(t, serve(t, nil).url())
	r := c.relay
	r.schemas.Learn(0, nil, []byte(`{"result":{"tools":[{"name":"a"}]}}`), nil)
	msg := []byte(callWith("1", "a", `{"x":"`+strings.Repeat("y", 1<<20)+`"}`))
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		t.Fatal(err)
	}
	call, h := &call{env: e, msg: msg, modern: true}, http.Header{}
	n := testing.AllocsPerRun(100, func() {
		r.learnTools(t.Context(), call)
		r.mirror(call, h)
	})
	if n != 0 || len(h) != 0 {
		t.Errorf("got %v allocations and headers %v, want none", n, h)
	}
}

// inputSchema is an input schema with these properties.
func inputSchema(properties string) string {
	return `{"type":"object","properties":{` + properties + `}}`
}
