// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/proxy/doctor"
)

// answers is a server by what it answers to each method: a result, an error
// that begins with {"code", or an HTTP status.
type answers map[string]string

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID     json.RawMessage
		Method string
		Params struct{ Cursor string }
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &in)
	what, ok := a[strings.TrimSpace(in.Method+" "+in.Params.Cursor)]
	var status int
	_, notNumber := fmt.Sscanf(what, "%d", &status)
	switch {
	case r.Method != http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case in.ID == nil:
		w.WriteHeader(http.StatusAccepted)
	case ok && notNumber == nil:
		http.Error(w, strings.TrimLeft(what, "0123456789 "), status)
	default:
		member := "result"
		if !ok {
			what = `{"code":-32601,"message":"there is no such method"}`
		}
		if strings.HasPrefix(what, `{"code"`) {
			member = "error"
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%q:%s}`, in.ID, member, what)
	}
}

const (
	discovered = `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"some","version":"1"}}}`
	opened     = `{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"old","version":"2"}}`
)

// me is a result of whoami.
func me(missing string) string {
	text := `{"login":"alice@example.com","node":"laptop.example.ts.net","address":"100.64.0.1","host":"tag:mcp (tcp:8080)","classes":["read"]` + missing + `}`
	return fmt.Sprintf(`{"resultType":"complete","content":[{"type":"text","text":%q}]}`, text)
}

// TestDoctorServer: what a server may answer, and where that breaks the way.
func TestDoctorServer(t *testing.T) {
	const two = `{"resultType":"complete","tools":[{"name":"whoami"},{"name":"b"}],"nextCursor":"2"}`
	const more = `{"resultType":"complete","tools":[{"name":"a"}]}`
	const only = `{"resultType":"complete","tools":[{"name":"whoami"}]}`
	tests := []struct {
		name   string
		server answers
		failed string // the step
		says   []string
	}{
		{
			"a server of the modern era", answers{"server/discover": discovered, "tools/call": me(""), "tools/list": two, "tools/list 2": more}, "",
			[]string{
				"-     tailscaled: not needed\n", "ok    connection: to 127.0.0.1:", "ok    protocol: some 1 speaks MCP 2026-07-28 over Streamable HTTP\n",
				"ok    identity: tag:mcp (tcp:8080) takes you for alice@example.com on laptop.example.ts.net (100.64.0.1) and offers the classes: read\n",
				"ok    tools: 3: a, b, whoami\n", "ok    latency: ",
			},
		},
		{
			"a server of the legacy era", answers{"initialize": opened, "tools/call": me(`,"missing":{"tools":["x","y"],"grant":"G"}`), "tools/list": more}, "",
			[]string{"ok    protocol: old 2 speaks MCP 2025-06-18 over Streamable HTTP\n", "ok    tools: 1: a; 2 more are not granted", "ok    latency: "},
		},
		{"one without whoami", answers{"server/discover": discovered, "tools/call": `{"code":-32602,"message":"no such tool"}`, "tools/list": more}, "", []string{"note  identity: there is no tool whoami: the server is no tailscale-mcp, or is behind one", "doctor --server http://127.0.0.1:", "/mcp\n"}},
		{"one whose whoami is another", answers{"initialize": opened, "tools/call": `{"content":[{"type":"text","text":"you"}]}`, "tools/list": more}, "", []string{"note  identity: the server's whoami is not that of tailscale-mcp"}},
		{"one whose whoami fails", answers{"initialize": opened, "tools/call": `{"isError":true,"content":[{"type":"text","text":"no"}]}`, "tools/list": more}, "", []string{"note  identity: the server did not say"}},
		{"no MCP", answers{"server/discover": "404 not found", "initialize": "404 not found"}, "protocol", []string{"fail  protocol: the server answered HTTP 404 Not Found\n      next: check the path of --server (that of tailscale-mcp is /mcp)\n-  "}},
		{"a web server", answers{"server/discover": "501 no POST", "initialize": "501 no POST"}, "protocol", []string{"fail  protocol: the server answered HTTP 501 Not Implemented\n      next: check the path of --server (that of tailscale-mcp is /mcp)\n-  "}},
		{"out of order", answers{"server/discover": "500 oh", "initialize": "500 oh"}, "protocol", []string{"fail  protocol: the server answered HTTP 500 Internal Server Error\n      next: on the server's host run: sudo tailscale-mcp doctor\n"}},
		{
			"refused by tailscale-mcp", answers{"server/discover": `{"code":403,"message":"calls from this very host are refused; call from another node"}`, "initialize": `{"code":403,"message":"calls from this very host are refused; call from another node"}`}, "protocol",
			[]string{"fail  protocol: calls from this very host are refused; call from another node\n-  "},
		},
		{
			"a server behind that is not granted", answers{"server/discover": `{"code":404,"message":"there is nothing here for you"}`, "initialize": `{"code":404,"message":"there is nothing here for you"}`}, "protocol",
			[]string{"fail  protocol: there is nothing here for you\n      next: see what you may use there: tailscale-mcp-proxy servers --server http://127.0.0.1:"},
		},
		{"a server that wants a token", answers{"server/discover": "401 who are you", "initialize": "401 who are you"}, "protocol", []string{"HTTP 401 Unauthorized\n      next: it wants to know who asks: send it what proves that with --header-file or --header-env\n"}},
		{"an error of its own", answers{}, "protocol", []string{"fail  protocol: there is no such method\n      next: is http://127.0.0.1:", "/mcp the URL of tailscale-mcp (its path is /mcp)?"}},
		{"an initialize that is none", answers{"initialize": `{}`}, "protocol", []string{"names no version of the protocol"}},
		{"not let in", answers{"server/discover": "403 who are you", "initialize": "403 who are you"}, "protocol", []string{"HTTP 403 Forbidden\n      next: it does not let this node or user in: ask its administrator for a grant\n"}},
		{"calls fail", answers{"server/discover": discovered, "tools/call": `{"code":-32000,"message":"broken"}`}, "identity", []string{"fail  identity: broken\n", "next: on the server's host run: sudo tailscale-mcp doctor"}},
		{"lists fail", answers{"server/discover": discovered, "tools/call": me(""), "tools/list": `{"code":-32000,"message":"broken"}`}, "tools", []string{"fail  tools: broken\n"}},
		{"lists without end", answers{"server/discover": discovered, "tools/call": me(""), "tools/list": two, "tools/list 2": two}, "", []string{"ok    tools: 200: "}},
		{
			"nothing is granted", answers{"server/discover": discovered, "tools/call": me(`,"missing":{"tools":["a"],"grant":"{\n  \"src\": [\"alice@example.com\"]\n}"}`), "tools/list": only}, "tools",
			[]string{"fail  tools: nothing is granted to you there\n", "next: an administrator adds this", "\n        \"src\": [\"alice@example.com\"]\n"},
		},
		{"nothing is offered", answers{"server/discover": discovered, "tools/call": me(""), "tools/list": only}, "tools", []string{"fail  tools: the server offers no tool\n", "tailscale-mcp tools"}},
		{"no answer that is one", answers{"initialize": `"text"`}, "protocol", []string{"not as MCP has it"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(tt.server)
			defer s.Close()
			mustDiagnose(t, here, []string{"--server", s.URL + "/mcp"}, tt.failed, tt.says...)
		})
	}
	gone := httptest.NewServer(answers{"server/discover": "404 not found", "initialize": "404 not found"})
	defer gone.Close()
	mustDiagnose(t, here, []string{"--server", gone.URL + "/mcp", "--transport", "sse"}, "protocol", "; or leave out --transport sse, and the proxy finds out what the server speaks\n")
	mustDiagnose(t, here, []string{"--server", "http://127.0.0.1:1/mcp"}, "connection", "127.0.0.1:1 refused the connection", "sudo tailscale-mcp doctor")
	mustDiagnose(t, here, []string{"--server", "http://127.0.0.1:1/mcp", "--require-tailscale"}, "tailscaled", "127.0.0.1 is this machine itself", "leave out --require-tailscale")
	mustDiagnose(t, here, []string{"--server", "http://ts-mcp:1/mcp", "--tailscaled-socket", "/nonexistent/socket", "--require-tailscale"}, "tailscaled", "no tailscaled answers", "say where it is with --tailscaled-socket")
	mustDiagnose(t, here, []string{"--server", "http://ts-mcp.invalid:1/mcp", "--tailscaled-socket", "/nonexistent/socket"}, "name",
		"note  tailscaled: no identity is sent: no tailscaled answers on this machine: ", "-     state: not needed\n", `does not know the name "ts-mcp.invalid", and tailscaled, which may know it, cannot say`, "say where it is with --tailscaled-socket")
	plain := httptest.NewServer(answers{})
	defer plain.Close()
	mustDiagnose(t, here, []string{"--server", strings.Replace(plain.URL, "http", "https", 1) + "/mcp"}, "protocol", "the server speaks http there\n      next: write "+plain.URL+"/mcp\n")
	s := httptest.NewServer(answers{"server/discover": discovered, "tools/call": me(""), "tools/list": more})
	defer s.Close()
	mustDiagnose(t, here, []string{"--server", s.URL + "/mcp", "--identity-to", "127.0.0.1", "--tailscaled-socket", "/nonexistent/socket"}, "",
		"note  tailscaled: no identity is sent: no tailscaled answers on this machine: ", "-     state: not needed\n", "ok    name: 127.0.0.1 is an address\n",
		"-     node: not needed\n", "ok    identity: tag:mcp (tcp:8080) takes you for alice@example.com", "ok    tools: 1: a\n")
}

// mustDiagnose runs the doctor, twice, with commands made by one like here. It
// wants the break where it is said to be
// ("" for none), every step before it tried and none after it, and the report
// to have those texts.
func mustDiagnose(t *testing.T, command func(context.Context, string, ...string) *exec.Cmd, args []string, failed string, says ...string) {
	t.Helper()
	steps := doctor.Steps()
	diagnosed := func(args ...string) string {
		out, errs, code := diagnosis(t, command, args)
		if want := map[bool]int{true: cli.Done, false: cli.Failed}[failed == ""]; code != want {
			t.Errorf("%q: got exit code %d, want %d", args, code, want)
		}
		if errs != "" {
			t.Errorf("%q: got on stderr: %s", args, errs)
		}
		return out
	}
	text := diagnosed(args...)
	for _, want := range says {
		if !strings.Contains(text, want) {
			t.Errorf("%q: got\n%s\nwant %q in it", args, text, want)
		}
	}

	var got doctor.Report
	if err := json.Unmarshal([]byte(diagnosed(append(slices.Clone(args), "--json")...)), &got); err != nil {
		t.Fatal(err)
	}
	if got.OK != (failed == "") || len(got.Steps) != len(steps) {
		t.Errorf("%q: got %+v, want the end of %d steps", args, got, len(steps))
	}
	before := true
	for i, f := range got.Steps {
		bad := f.Status == doctor.Fail
		tried := f.Status != doctor.NotTried
		if f.Step != steps[i] || bad != (f.Step == failed) || tried != before || bad && (f.Detail == "" || f.Next == "" && f.Step != "protocol") {
			t.Errorf("%q: step %s: got %+v", args, steps[i], f)
		}
		before = before && !bad
	}
	if failed == "" && !before {
		t.Errorf("%q: got %+v, want no break", args, got)
	}
}

// diagnosis runs the doctor, with a command made by one like here.
func diagnosis(t *testing.T, command func(context.Context, string, ...string) *exec.Cmd, args []string) (stdout, stderr string, code int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	c := command(t.Context(), exe, append([]string{"doctor"}, args...)...)
	c.Env = environment(asCommand+"=1", "GORACE=atexit_sleep_ms=0")
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run() // how it ended is in its exit code
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// What the URL asks the server for goes with every request, and the doctor says what it
// leaves out, whatever text there is beside the structured content.
func TestDoctorWithQuery(t *testing.T) {
	const query = "groups=devices,policy&text=short"
	of := func(tools string) *httptest.Server {
		server := answers{
			"server/discover": discovered,
			"tools/call": `{"resultType":"complete","content":[{"type":"text","text":"login: alice"}],` +
				`"structuredContent":{"login":"alice@example.com","node":"laptop","host":"tag:mcp","classes":["read"],"groups":["devices","policy"]}}`,
			"tools/list": `{"resultType":"complete","tools":[` + tools + `]}`,
		}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != query {
				t.Errorf("%s came with the query %q", r.Method, r.URL.RawQuery)
			}
			server.ServeHTTP(w, r)
		}))
		t.Cleanup(s.Close)
		return s
	}
	s := of(`{"name":"a"},{"name":"whoami"}`)
	mustDiagnose(t, here, []string{"--server", s.URL + "/mcp?" + query}, "",
		"ok    configuration: server "+s.URL+"/mcp?"+query, "takes you for alice@example.com", "ok    tools: 2: a, whoami; the URL asks for the groups devices, policy only")
	s = of(`{"name":"whoami"}`)
	mustDiagnose(t, here, []string{"--server", s.URL + "/mcp?" + query}, "tools", "fail  tools: you may use no tool of the groups that the URL asks for: devices, policy\n")
}
