// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"context"
	"net/netip"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/catalog/listing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file that is in the repository, or rewrites it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the code says now; run `make golden` and read the difference", file)
	}
}

// TestGoldenConfiguration: the table of variables is made from their definitions.
func TestGoldenConfiguration(t *testing.T) {
	const page, begin, end = "../../packaging/doc/configuration.md", "<!-- variables: begin -->\n", "<!-- variables: end -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the marks of the table", page)
	}
	golden(t, page, before+begin+variableTable()+end+after)
}

// TestGoldenTools: the page of tools is made from the definitions.
func TestGoldenTools(t *testing.T) {
	golden(t, "../../packaging/doc/tools.md", listing.Page(everything()))
}

func variableTable() string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n| --- | --- | --- |\n")
	for _, v := range config.Reference() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, v.Default, strings.ReplaceAll(v.Description, "|", "\\|"))
	}
	return b.String()
}

// TestGoldenClientView is what a client that may use everything is shown.
func TestGoldenClientView(t *testing.T) {
	s := mcpserver.New(mcpserver.Options{
		Dispatcher: gate.NewDispatcher(gate.Options{
			Registry: tool.NewRegistry(grant.Classes(), everything()), Audit: audit.NewJSONLines(&bytes.Buffer{}), Log: slog.New(slog.DiscardHandler),
			Capability: "jaxxstorm.com/cap/mcp", Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
		}),
		Version: "golden",
		Log:     slog.New(slog.DiscardHandler),
	})
	f := front.New(front.Options{
		Resolve: func(context.Context, netip.AddrPort) (caller.Caller, error) { return caller.Operator("golden"), nil },
		Names:   func() []string { return []string{"example.com"} },
		Health:  func() string { return "up" },
		Log:     slog.New(slog.DiscardHandler),
	})
	f.Handle(mcpserver.Path, s.Serve)
	var view bytes.Buffer
	for _, method := range []string{"tools/list", "resources/list", "resources/templates/list", "prompts/list"} {
		r := httptest.NewRequest("POST", "http://example.com/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"`+method+`"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		f.Handler().ServeHTTP(w, r)
		var answer struct{ Result json.RawMessage }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Result == nil {
			t.Fatalf("%s: %d %s", method, w.Code, w.Body)
		}
		fmt.Fprintf(&view, "%s\n", method)
		if err := json.Indent(&view, answer.Result, "", "  "); err != nil {
			t.Fatal(err)
		}
		view.WriteByte('\n')
	}
	golden(t, "testdata/client-view.golden", view.String())
}
