// SPDX-License-Identifier: MIT

package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"tailscale-mcp/internal/proxy"
)

// stdioAsker is a client on the standard input and output of the stdio proxy.
type stdioAsker struct {
	modern bool
	in     io.Writer
	out    *bufio.Reader
}

// behindProxy runs the stdio proxy to a server, for who dials from an address.
func behindProxy(t *testing.T, server, from string, modern bool) *stdioAsker {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	go func() {
		done <- proxy.Run(context.Background(), proxy.Config{Server: to, Agent: "test", Dial: dialer.DialContext}, inR, outW)
		_ = outW.Close()
	}()
	t.Cleanup(func() {
		_ = inW.Close()
		go func() { _, _ = io.Copy(io.Discard, outR) }()
		if err := <-done; err != nil {
			t.Errorf("the proxy ended with %v", err)
		}
	})
	c := &stdioAsker{modern, inW, bufio.NewReader(outR)}
	if !modern {
		c.send(t, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":`+everything+`,"clientInfo":{"name":"stdio","version":"1"}}}`)
		if got := c.line(t); !strings.Contains(got, `"protocolVersion"`) {
			t.Fatalf("initialize: %s", got)
		}
		c.send(t, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	}
	return c
}

func (c *stdioAsker) send(t *testing.T, msg string) {
	t.Helper()
	if _, err := io.WriteString(c.in, msg+"\n"); err != nil {
		t.Fatal(err)
	}
}

func (c *stdioAsker) line(t *testing.T) string {
	t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func (c *stdioAsker) call(t *testing.T, server, tool string, arguments map[string]any, result string) (text string, asked []question) {
	t.Helper()
	return c.request(t, server, "tools/call", map[string]any{"name": tool, "arguments": arguments}, result)
}

func (c *stdioAsker) request(t *testing.T, _, method string, params map[string]any, result string) (text string, asked []question) {
	t.Helper()
	if c.modern {
		params["_meta"] = map[string]any{"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": json.RawMessage(everything)}
	}
	ask := func() {
		body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
		if err != nil {
			t.Fatal(err)
		}
		c.send(t, string(body))
	}
	for ask(); ; {
		line := c.line(t)
		var m struct {
			ID json.RawMessage
			question
			Result struct {
				ResultType, RequestState string
				InputRequests            map[string]question
			}
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		switch {
		case m.Method != "" && m.ID != nil:
			asked = append(asked, m.question)
			c.send(t, `{"jsonrpc":"2.0","id":`+string(m.ID)+`,"result":`+result+`}`)
		case m.Method != "":
		case m.Result.ResultType == "input_required":
			answers := map[string]any{}
			for key, q := range m.Result.InputRequests {
				asked = append(asked, q)
				answers[key] = json.RawMessage(result)
			}
			params["inputResponses"] = answers
			if params["requestState"] = m.Result.RequestState; m.Result.RequestState == "" {
				delete(params, "requestState")
			}
			ask()
		default:
			return line, asked
		}
	}
}

// sessionless is a way to the bench on which no client gets a session, as where there are too
// many: clients of the older revisions are then bridged by the stdio proxy.
func (b *bench) sessionless(t *testing.T, from string) string {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	srv := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", b.addr, b.addr
		},
		Transport:      &http.Transport{DialContext: dialer.DialContext},
		ModifyResponse: func(r *http.Response) error { r.Header.Del("Mcp-Session-Id"); return nil },
		FlushInterval:  -1,
		ErrorLog:       log.New(io.Discard, "", 0), // it is cut while it copies
	})
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return srv.URL
}

// TestAskingThroughProxy: the cells of TestAskingCells through tailscale-mcp-proxy, whose
// client may be of either era, and without a session, too; and so the question whether a
// change is wanted.
func TestAskingThroughProxy(t *testing.T) {
	for era, args := range map[string][]string{"legacy": nil, "modern": {"-modern"}} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			b := askedBench(t, args...)
			b.Odd("careful", `{"confirm":["destructive"]}`, args...)
			b.approve(t, "careful", nil)
			b.grant("alice@example.com", `{"tools":["odd/*","careful/*"]}`)
			direct, bridged := "http://"+b.addr, b.sessionless(t, "127.0.0.2")
			for _, way := range []struct {
				name, url, from string
				modern          bool
			}{
				{"legacy client", direct, "127.0.0.2", false}, {"modern client", direct, "127.0.0.2", true},
				{"bridged client", bridged, "127.0.0.1", false},
			} {
				c := behindProxy(t, way.url+"/odd/mcp", way.from, way.modern)
				for _, a := range asks {
					text, asked := c.call(t, "odd", "ask", map[string]any{"method": a.method, "params": a.params, "rounds": 1}, a.answer)
					if len(asked) != 1 || asked[0].Method != a.method || !strings.Contains(string(asked[0].Params), a.seen) {
						t.Errorf("%s, %s: asked %s", way.name, a.name, asked)
					}
					var want, got any
					_ = json.Unmarshal([]byte(a.answer), &want)
					if !heardAnswer(text, &got) || !sameJSON(want, got) {
						t.Errorf("%s, %s: the server heard %s", way.name, a.name, text)
					}
				}
				c = behindProxy(t, way.url+"/careful/mcp", way.from, way.modern)
				if text, asked := c.call(t, "careful", "ask", form(nil), accept); len(asked) != 2 || !strings.Contains(text, "the client answers") {
					t.Errorf("%s: a call to confirm asks %s: %s", way.name, asked, text)
				}
			}
		})
	}
}
