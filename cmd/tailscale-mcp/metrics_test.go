// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/metrics"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/upstream/servers"
)

// TestMetricsOfRequests: what a client does is in the metrics that it reads, by
// the methods and names that the dispatcher really records.
func TestMetricsOfRequests(t *testing.T) {
	counts := metrics.New("1.2.3")
	registry := catalog.New(catalog.Options{API: &tsapi.API{}, Ceiling: grant.Classes(), Metrics: counts.Text})
	log := slog.New(slog.DiscardHandler)
	dispatcher := gate.NewDispatcher(gate.Options{
		Registry: registry, Audit: counts.Audit(audit.NewJSONLines(&bytes.Buffer{}), offered(registry)), Log: log,
		Capability: "jaxxstorm.com/cap/mcp", Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
	})
	s := mcpserver.New(mcpserver.Options{Dispatcher: dispatcher, Version: "1.2.3", Log: log})
	way := front.New(front.Options{
		Resolve: func(_ context.Context, from netip.AddrPort) (caller.Caller, error) {
			switch from.Port() {
			case 1:
				return caller.Caller{}, fmt.Errorf("nobody knows %s", from)
			case 3:
				return caller.Caller{Login: "eve@example.com", NodeID: "nEve"}, nil
			}
			return caller.Operator("metrics"), nil
		},
		Names: func() []string { return []string{"example.com"} }, Health: func() string { return "up" },
		Refused: s.Refused, Observe: front.Observe{HTTP: counts.HTTP, Limited: counts.Limited}, Log: log,
	})
	way.Handle(mcpserver.Path, s.Serve)
	way.Handle(metricsPath, scrape(dispatcher))
	counts.Gauges(inUse(way, func() []servers.Stat { return nil }))
	scraped := func(port int, method string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "http://example.com/metrics", nil)
		r.RemoteAddr = fmt.Sprintf("100.64.0.1:%d", port)
		w := httptest.NewRecorder()
		way.Handler().ServeHTTP(w, r)
		return w
	}
	do := func(port int, method, params string) []byte {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "http://example.com/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":`+params+`}`))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = fmt.Sprintf("100.64.0.1:%d", port)
		w := httptest.NewRecorder()
		way.Handler().ServeHTTP(w, r)
		return w.Body.Bytes()
	}
	for method, params := range map[string]string{
		"tools/list": `{}`, "resources/list": `{}`, "resources/templates/list": `{}`, "prompts/list": `{}`,
		"tools/call":          `{"name":"whoami","arguments":{}}`,
		"prompts/get":         `{"name":"diagnose_peer","arguments":{"peer":"web-1"}}`,
		"completion/complete": `{"ref":{"type":"ref/prompt","name":"diagnose_peer"},"argument":{"name":"nothing","value":""}}`,
	} {
		do(2, method, params)
	}
	do(2, "tools/call", `{"name":"nothing","arguments":{}}`)
	do(1, "tools/call", `{"name":"whoami","arguments":{}}`)
	var answer struct {
		Result struct {
			Contents []struct{ URI, MIMEType, Text string }
		}
	}
	got := do(2, "resources/read", `{"uri":"bootstrap://metrics"}`)
	if err := json.Unmarshal(got, &answer); err != nil || len(answer.Result.Contents) != 1 || !strings.HasPrefix(answer.Result.Contents[0].MIMEType, "text/plain; version=0.0.4") {
		t.Fatalf("got %s and error %v, want the metrics", got, err)
	}
	for port, want := range map[int]int{1: 403, 2: 200, 3: 403} {
		if w := scraped(port, "GET"); w.Code != want {
			t.Errorf("GET /metrics from port %d: got %d %s, want %d", port, w.Code, w.Body, want)
		}
	}
	if w := scraped(2, "POST"); w.Code != 405 {
		t.Errorf("POST /metrics: got %d", w.Code)
	}
	w := scraped(2, "GET")
	text := w.Body.String()
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4") {
		t.Errorf("Content-Type: %q", got)
	}
	for _, labels := range []string{
		`decision="allowed",method="tools/list",name=""`,
		`decision="allowed",method="resources/list",name=""`,
		`decision="allowed",method="resources/templates/list",name=""`,
		`decision="allowed",method="prompts/list",name=""`,
		`decision="allowed",method="tools/call",name="whoami"`,
		`decision="refused",method="tools/call",name="unknown"`,
		`decision="allowed",method="prompts/get",name="diagnose_peer"`,
		`decision="allowed",method="completion/complete",name="diagnose_peer"`,
		`decision="allowed",method="resources/read",name="bootstrap://metrics"`,
		`decision="refused",method="POST /mcp",name=""`,
		`decision="refused",method="GET /metrics",name="unknown"`,
		`decision="refused",method="other",name=""`, // POST /metrics
		`decision="refused",method="GET /metrics",name="bootstrap://metrics"`,
	} {
		if !strings.Contains(text, "\ntailscale_mcp_decisions_total{"+labels+"} 1\n") {
			t.Errorf("there is no decision with %s", labels)
		}
	}
	if !strings.Contains(text, "\n"+`tailscale_mcp_outcomes_total{code="ok",method="tools/call",name="whoami"} 1`+"\n") {
		t.Error("there is no outcome of whoami")
	}
	for _, line := range []string{
		`tailscale_mcp_http_requests_total{path="/metrics",status="4xx"} 3`, `tailscale_mcp_limited_total{limit="calls"} 0`,
		`tailscale_mcp_calls_in_flight 1`, `tailscale_mcp_callers 2`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("there is no line %s", line)
		}
	}
	if strings.Contains(text, "100.64.0.1") || t.Failed() {
		t.Errorf("in\n%s", text)
	}
}

// TestMetricsStayReadable: however much has happened, the text fits in what the
// dispatcher lets a resource be.
func TestMetricsStayReadable(t *testing.T) {
	counts := metrics.New("1.2.3")
	o := offered(tool.NewRegistry(grant.Classes(), everything()))
	log := counts.Audit(audit.NewJSONLines(&bytes.Buffer{}), o)
	for method, names := range map[string][]string{
		"tools/call": o.Tools, "resources/read": o.Resources, "prompts/get": o.Prompts,
		"completion/complete": append(o.Resources, o.Prompts...),
	} {
		for _, name := range append(names, "unknown") {
			for _, r := range []audit.Record{{Event: audit.Decision}, {Event: audit.Decision, Allowed: true}} {
				r.Method, r.Name = method, name
				if err := log.Write(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 20 { // most have two or three codes
				if err := log.Write(t.Context(), audit.Record{Event: audit.Outcome, Method: method, Name: name, Code: fmt.Sprintf("upstream_unavailable%02d", i)}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, op := range tsapi.Operations() {
		for _, status := range []int{0, 200, 400, 500} {
			counts.Upstream(op.ID, status, fmt.Sprintf("upstream_unavailable%02d", status/100), 0)
		}
	}
	text, err := counts.Text(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if most := gate.DefaultResourceLimit * 9 / 10; len(text) > most {
		t.Errorf("got %d bytes, want %d at most", len(text), most)
	}
	t.Logf("%d bytes", len(text))
}
