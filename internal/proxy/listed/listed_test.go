// SPDX-License-Identifier: MIT

package listed

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"tailscale-mcp/internal/proxy"
)

// TestAskHostile: whatever a host answers, nothing of it becomes another URL, a name that
// a file or a terminal would take for something else, or memory without end.
func TestAskHostile(t *testing.T) {
	one := func(member string) string {
		return `{"servers":[{"name":"files","path":"/files/mcp","tools":{"read":1}},{` + member + `}]}`
	}
	for name, tt := range map[string]struct {
		code int
		body string
		says string
	}{
		"a name that is none":       {body: one(`"name":"a b","path":"/a b/mcp"`), says: "name that none can have"},
		"control characters":        {body: one(`"name":"a\u001b[2J\u202e","path":"/x/mcp"`), says: `"a\x1b[2J\u202e"`},
		"a path out of it":          {body: one(`"name":"..","path":"/../mcp"`), says: "none can have"},
		"another path":              {body: one(`"name":"x","path":"/files/mcp"`), says: "not at /x/mcp"},
		"another origin":            {body: one(`"name":"x","path":"http://evil/x/mcp"`), says: "not at /x/mcp"},
		"the name of our own":       {body: one(`"name":"tailscale","path":"/tailscale/mcp"`), says: "not at /mcp"},
		"twice":                     {body: one(`"name":"files","path":"/files/mcp"`), says: "twice"},
		"no JSON":                   {body: "<html>", says: "not one as"},
		"something else":            {body: `{"servers":7}`, says: "not one as"},
		"nothing":                   {body: `{}`, says: "no list of servers for you"},
		"no such method":            {code: 405, says: "no list of servers for you"},
		"no such path":              {code: 404, body: "no", says: "no list of servers for you"},
		"a refusal":                 {code: 403, body: `{"jsonrpc":"2.0","id":null,"error":{"code":403,"message":"no \u001b[2J grant"}}`, says: "grant"},
		"a refusal of two lines":    {code: 403, body: `{"error":{"message":"no\nhint: run this"}}`, says: "no hint: run this"},
		"a refusal without message": {code: 500, body: "\x1b[2J", says: "HTTP 500"},
		"thousands":                 {body: `{"servers":[` + strings.Repeat(`{"name":"x"},`, 5000) + `{}]}`, says: "more than 1000"},
		"more than is read":         {body: strings.Repeat(" ", 2<<20) + "{}", says: "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.code != 0 {
					w.WriteHeader(tt.code)
				}
				fmt.Fprint(w, tt.body)
			}))
			defer host.Close()
			got, err := ask(t, host.URL+"/mcp")
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("got %v and %v, want %q in the error", got, err, tt.says)
			}
		})
	}
}

func ask(t *testing.T, server string) ([]Server, error) {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	return Ask(t.Context(), proxy.Config{Server: u, Header: http.Header{"X-Key": {"k"}}})
}

// TestAsk: the list of an honest host, with URLs at that host, whatever path was asked.
func TestAsk(t *testing.T) {
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/servers" || r.URL.RawQuery != "" || r.Header.Get("X-Key") != "k" || r.Header.Get("Accept") != "application/json" {
			t.Errorf("got %s %s with %v", r.Method, r.URL, r.Header)
		}
		fmt.Fprint(w, `{"servers":[{"name":"tailscale","path":"/mcp","tools":{"read":2,"odd":9,"write":-1}},
			{"name":"files","path":"/files/mcp","title":"Files\u202e\n","about":"Reads\n\u001b[2J`+strings.Repeat("x", 300)+`","prompts":2,"resources":true}]}`)
	}))
	defer host.Close()
	for _, path := range []string{"/mcp?groups=dns", "/files/mcp", ""} {
		got, err := ask(t, host.URL+path)
		if err != nil || len(got) != 2 {
			t.Fatalf("got %+v and %v", got, err)
		}
		if got[0].URL != host.URL+"/mcp" || got[0].Summary() != "tools: 2 read" {
			t.Errorf("got %+v, %q", got[0], got[0].Summary())
		}
		if s := got[1]; s.URL != host.URL+"/files/mcp" || s.Summary() != "no tools; prompts: 2; resources" || s.Title != `Files\u202e` || strings.ContainsAny(s.About, "\x1b\n") || len([]rune(s.About)) != maxAbout {
			t.Errorf("got %+v, %q", s, s.Summary())
		}
	}
	if _, err := ask(t, "http://127.0.0.1:1/mcp"); err == nil || errors.Is(err, ErrNone) {
		t.Errorf("nobody there: got %v", err)
	}
}

func TestNameOf(t *testing.T) {
	for path, want := range map[string]string{"/mcp": "tailscale", "/files/mcp": "files", "/a/b/mcp": "tailscale", "/": "tailscale", "/Files/mcp": "tailscale", "//mcp": "tailscale", "/files/mcp/": "tailscale"} {
		if got := NameOf(&url.URL{Path: path}); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// TestSwitching: a host that wants to speak another protocol, and says nothing in it, is not
// waited for: net/http no longer ends its connection with the request.
func TestSwitching(t *testing.T) {
	over := make(chan struct{})
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n")
		_, _ = conn.Read(make([]byte, 1)) // until the other end hangs up
		close(over)
	}))
	defer host.Close()
	got := make(chan error, 1)
	go func() {
		_, err := ask(t, host.URL+"/mcp")
		got <- err
	}()
	<-over
	if err := <-got; err == nil || !strings.Contains(err.Error(), "HTTP 101") {
		t.Errorf("got %v", err)
	}
}
