// SPDX-License-Identifier: MIT

package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/audit"
)

// TestServers: requests to servers are counted by what these offer, and by nothing that a
// caller, or anybody who is no administrator, could make up.
func TestServers(t *testing.T) {
	m := New("1.2.3")
	o := offered
	o.Server = func(server, tool string) bool { return server == "files" && (tool == "" || tool == "read_file") }
	log := m.Audit(sink{}, o)
	call := func(event audit.Event, server, name, code string, allowed, isError bool) {
		r := audit.Record{Event: event, Method: "tools/call", Server: server, Name: server + "/" + name, Code: code, Allowed: allowed, IsError: isError}
		if event == audit.Outcome {
			r.Duration = 200 * time.Millisecond
		}
		if err := log.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	call(audit.Decision, "files", "read_file", "", true, false)
	call(audit.Outcome, "files", "read_file", "", true, false)
	call(audit.Outcome, "files", "read_file", "tool_failed", true, true)
	call(audit.Outcome, "files", "read_file", "upstream_timeout", true, false)
	call(audit.Confirmation, "files", "read_file", "", true, false)
	call(audit.Decision, "files", "read_file", "", false, false)
	for i := range 50 {
		call(audit.Decision, "files", fmt.Sprint("made_up_", i), "", false, false)
		call(audit.Decision, fmt.Sprint("other", i), "read_file", "", false, false)
	}
	if err := log.Write(t.Context(), audit.Record{Event: audit.Outcome, Method: "resources/read", Server: "files", Name: "files/file:///x", Allowed: true}); err != nil {
		t.Fatal(err)
	}
	m.ServerStart("files", "started")
	m.ServerStart("files", "died_early")
	m.ServerStart("files", "who knows")
	m.Gauges(func() Gauges { return Gauges{Servers: []Server{{"files", 3, 1}, {"notes", 0, 0}}} })
	has(t, m,
		`tailscale_mcp_server_calls_total{outcome="ok",server="files",tool="read_file"} 1`,
		`tailscale_mcp_server_calls_total{outcome="is_error",server="files",tool="read_file"} 1`,
		`tailscale_mcp_server_calls_total{outcome="upstream_timeout",server="files",tool="read_file"} 1`,
		`tailscale_mcp_server_calls_total{outcome="refused",server="files",tool="read_file"} 1`,
		`tailscale_mcp_server_calls_total{outcome="refused",server="files",tool="unknown"} 50`,
		`tailscale_mcp_server_calls_total{outcome="refused",server="unknown",tool="unknown"} 50`,
		`tailscale_mcp_server_calls_total{outcome="ok",server="files",tool=""} 1`,
		`tailscale_mcp_server_call_duration_seconds_count{server="files"} 4`,
		`tailscale_mcp_server_starts_total{result="started",server="files"} 1`,
		`tailscale_mcp_server_starts_total{result="died_early",server="files"} 1`,
		`tailscale_mcp_server_starts_total{result="other",server="files"} 1`,
		`tailscale_mcp_server_processes{server="files"} 3`,
		`tailscale_mcp_server_withheld{server="files"} 1`,
		`tailscale_mcp_server_processes{server="notes"} 0`,
	)
	text, err := m.Text(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "made_up") || strings.Contains(line, "other1") || strings.HasPrefix(line, "tailscale_mcp_decisions_total") {
			t.Errorf("counted: %s", line)
		}
	}
}
