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
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/tool"
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

// TestGoldenReadme: the README's tables are made from the definitions.
func TestGoldenReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	out := string(text)
	for name, table := range map[string]string{"tools": toolTable(), "variables": variableTable()} {
		begin, end := "<!-- "+name+": begin -->\n", "<!-- "+name+": end -->"
		before, rest, ok := strings.Cut(out, begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("the README lacks the marks of %s", name)
		}
		out = before + begin + table + end + after
	}
	golden(t, "../../README.md", out)
}

// TestGoldenTools: the page of reference is made from the definitions too.
func TestGoldenTools(t *testing.T) {
	golden(t, "../../packaging/doc/tools.md", toolsPage(everything()))
}

func toolTable() string {
	var b strings.Builder
	b.WriteString("| tool | class | group | scope | what it does |\n| --- | --- | --- | --- | --- |\n")
	r := everything()
	for _, v := range r.Tools() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", v.Name, v.Class, v.Group, cell(scopesOf(v)), v.Title)
	}
	b.WriteString("\n| resource | what it is |\n| --- | --- |\n")
	for _, v := range r.Resources() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", v.URI, v.Title)
	}
	b.WriteString("\n| prompt | uses |\n| --- | --- |\n")
	for _, v := range r.Prompts() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", v.Name, strings.Join(v.Tools, ", "))
	}
	return b.String()
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
		Dispatcher: tool.NewDispatcher(tool.Options{
			Registry: everything(), Audit: audit.NewJSONLines(&bytes.Buffer{}), Log: slog.New(slog.DiscardHandler),
			Capability: "jaxxstorm.com/cap/mcp", Host: func() tool.Host { return tool.Host{Name: "tag:mcp", Port: 8080} },
		}),
		Resolve: func(context.Context, netip.AddrPort) (caller.Caller, error) { return caller.Operator("golden"), nil },
		Names:   func() []string { return []string{"example.com"} },
		Health:  func() string { return "up" },
		Version: "golden",
		Log:     slog.New(slog.DiscardHandler),
	})
	var view bytes.Buffer
	for _, method := range []string{"tools/list", "resources/list", "resources/templates/list", "prompts/list"} {
		r := httptest.NewRequest("POST", "http://example.com/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"`+method+`"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
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
