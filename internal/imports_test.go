// SPDX-License-Identifier: MIT

package internal

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "tailscale-mcp/"

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Deps       []string
}

func list(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps=false", "-json=ImportPath,Dir,GoFiles,Imports,Deps", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]pkg{}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p pkg
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(p.ImportPath, module)] = p
	}
	if len(all) < 15 {
		t.Fatalf("go list shows only %d packages", len(all))
	}
	return all
}

// product reports whether a package is part of what is shipped.
func product(name string) bool { return !strings.Contains(name, "testbed") }

// TestImportDirection holds the import rule of doc.go: for each package, what
// of this module it may import besides itself.
func TestImportDirection(t *testing.T) {
	may := map[string][]string{
		"internal/version":          {},
		"internal/grant":            {},
		"internal/caller":           {"internal/grant"},
		"internal/audit":            {},
		"internal/visible":          {},
		"internal/policy":           {"internal/caller", "internal/grant", "internal/cli/spelling", "internal/policy/*"},
		"internal/policy/grammar":   {},
		"internal/policy/tailnet":   {},
		"internal/policy/address":   {},
		"internal/policy/ports":     {},
		"internal/policy/posture":   {},
		"internal/policy/compiled":  {"internal/policy/address", "internal/policy/grammar", "internal/policy/ports", "internal/policy/posture", "internal/policy/selector", "internal/policy/tailnet"},
		"internal/policy/selector":  {"internal/policy/address", "internal/policy/grammar", "internal/policy/tailnet"},
		"internal/failure":          {},
		"internal/jsonrpc":          {},
		"internal/config":           {"internal/grant", "internal/cli/spelling", "internal/tsapi/credential"},
		"internal/tsapi/credential": {},
		"internal/service":          {},
		"internal/listen":           {},
		"internal/identity":         {"internal/caller", "internal/grant"},
		"internal/flight":           {},
		"internal/redact":           {"internal/visible"},
		"internal/localapi/socket":  {},
		"internal/localapi":         {"internal/failure", "internal/flight", "internal/localapi/socket", "internal/redact"},
		"internal/tsapi":            {"internal/failure", "internal/flight", "internal/redact", "internal/tsapi/credential"},
		"internal/tsapi/period":     {"internal/failure"},
		"internal/gate":             {"internal/caller", "internal/grant", "internal/audit", "internal/failure", "internal/visible"},
		"internal/tool":             {"internal/gate", "internal/failure", "internal/grant", "internal/tsapi"},
		"internal/survey":           {"internal/failure", "internal/policy", "internal/policy/grammar", "internal/policy/tailnet", "internal/tsapi"},
		"internal/testbed":          {"internal/policy", "internal/policy/grammar", "internal/policy/tailnet"},
		"internal/testbed/fakeapi":  {"internal/policy", "internal/policy/grammar", "internal/policy/tailnet"},
		"internal/testbed/told":     {"internal/failure"},
		"internal/testbed/tooltest": {"internal/gate", "internal/tool", "internal/failure", "internal/grant", "internal/audit", "internal/caller", "internal/tsapi", "internal/testbed/fakeapi", "internal/tsapi/credential"},
		"internal/tool/catalog":     {"internal/gate", "internal/tool", "internal/tool/*", "internal/grant", "internal/localapi", "internal/survey", "internal/tsapi"},
		"internal/tool/access":      {"internal/tool", "internal/grant", "internal/policy", "internal/policy/grammar", "internal/survey", "internal/tsapi", "internal/visible"},
		"internal/tool/*":           {"internal/tool", "internal/tool/devices", "internal/tsapi/period", "internal/tool/policy/past", "internal/caller", "internal/failure", "internal/grant", "internal/policy", "internal/policy/*", "internal/localapi", "internal/tsapi", "internal/visible"},
		"internal/tool/policy/past": {"internal/failure", "internal/tsapi/period", "internal/tsapi"},
		"internal/front":            {"internal/identity", "internal/caller"},
		"internal/mcpserver":        {"internal/front", "internal/gate", "internal/caller", "internal/failure", "internal/grant"},
		"internal/metrics":          {"internal/audit"},
		"internal/proxy":            {"internal/version", "internal/jsonrpc", "internal/proxy/*"},
		"internal/proxy/route":      {},
		"internal/proxy/mirror":     {"internal/jsonrpc"},
		"internal/install":          {"internal/cli/spelling"},
		"internal/cli":              {"internal/cli/spelling"},
		"internal/cli/spelling":     {},

		"internal/policy/difference": {"internal/policy/nesting"},
		"internal/policy/edit":       {"internal/policy/nesting"},
		"internal/policy/nesting":    {},
	}
	for name, p := range list(t) {
		allowed, known := may[name]
		if dir := path.Dir(name); !known && dir == "internal/tool" {
			allowed, known = may["internal/tool/*"]
		}
		if !known {
			if strings.HasPrefix(name, "internal/") && product(name) && name != "internal" {
				t.Errorf("%s has no rule: enter it here and in doc.go", name)
			}
			continue
		}
		for _, imported := range p.Imports {
			ours, ok := strings.CutPrefix(imported, module)
			if ok && !slices.ContainsFunc(allowed, func(rule string) bool { m, _ := path.Match(rule, ours); return m }) {
				t.Errorf("%s imports %s, against the flow", name, ours)
			}
		}
	}
}

// pure reports whether a package decides by what it is given, and does no I/O.
func pure(name string) bool {
	return name == "internal/grant" || name == "internal/policy" || strings.HasPrefix(name, "internal/policy/")
}

// TestForbiddenImports holds what the product does not contain.
func TestForbiddenImports(t *testing.T) {
	all := list(t)
	for name, p := range all {
		if !product(name) {
			continue
		}
		for _, imported := range p.Imports {
			switch {
			case imported == "os/exec":
				t.Errorf("%s imports os/exec: the product runs no other program", name)
			case strings.HasPrefix(imported, "github.com/mark3labs/mcp-go") && name != "internal/mcpserver":
				t.Errorf("%s imports mcp-go: only mcpserver knows MCP", name)
			case imported == "net/http" && (name == "internal/tool" || strings.HasPrefix(name, "internal/tool/")):
				t.Errorf("%s imports net/http: tools do not know HTTP", name)
			case strings.Contains(imported, ".") && name == "internal/grant":
				t.Errorf("grant imports %s: it imports the standard library only", imported)
			case pure(name) && slices.Contains([]string{"io", "io/fs", "net", "net/http", "os", "syscall"}, imported):
				t.Errorf("%s imports %s: it does no I/O", name, imported)
			}
		}
		if pure(name) {
			for _, dep := range p.Deps {
				if dep == "net/http" || dep == module+"internal/tsapi" || dep == module+"internal/localapi" {
					t.Errorf("%s contains %s: it does no I/O", name, dep)
				}
			}
		}
		if name == "internal/gate" {
			for _, dep := range p.Deps {
				if dep == "net/http" || strings.HasPrefix(dep, "tailscale.com/") || strings.HasPrefix(dep, "github.com/mark3labs/mcp-go") {
					t.Errorf("gate contains %s: it knows neither Tailscale nor MCP nor HTTP", dep)
				}
			}
		}
		if strings.HasPrefix(name, "cmd/") {
			for _, dep := range p.Deps {
				if dep == "tailscale.com/tsnet" || dep == "testing" || !product(dep) {
					t.Errorf("%s contains %s", name, dep)
				}
			}
		}
	}
}

// TestPackageDocs: every package says what it is for.
func TestPackageDocs(t *testing.T) {
	for name, p := range list(t) {
		documented := false
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil && !strings.HasPrefix(f.Doc.Text(), "SPDX")
		}
		if !documented {
			t.Errorf("%s has no doc comment", name)
		}
	}
}
