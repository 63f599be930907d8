// SPDX-License-Identifier: MIT

package internal

import (
	"encoding/json"
	"go/ast"
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
		"internal/version":                 {},
		"internal/grant":                   {},
		"internal/caller":                  {"internal/grant"},
		"internal/audit":                   {"internal/audit/disk"},
		"internal/audit/disk":              {},
		"internal/visible":                 {},
		"internal/policy":                  {"internal/caller", "internal/cli/spelling", "internal/grant", "internal/policy/*"},
		"internal/failure":                 {},
		"internal/jsonrpc":                 {},
		"internal/credfile":                {},
		"internal/config":                  {"internal/cli/spelling", "internal/credfile", "internal/grant", "internal/tsapi/credential"},
		"internal/tsapi/credential":        {},
		"internal/service":                 {},
		"internal/listen":                  {},
		"internal/identity":                {"internal/caller", "internal/grant"},
		"internal/flight":                  {},
		"internal/redact":                  {"internal/visible"},
		"internal/localapi/socket":         {},
		"internal/localapi":                {"internal/failure", "internal/flight", "internal/localapi/socket", "internal/redact"},
		"internal/tsapi":                   {"internal/failure", "internal/flight", "internal/redact", "internal/tsapi/*"},
		"internal/tsapi/fault":             {"internal/failure", "internal/redact", "internal/tsapi/credential"},
		"internal/tsapi/object":            {},
		"internal/tsapi/limit":             {"internal/failure", "internal/tsapi/fault"},
		"internal/tsapi/token":             {"internal/failure", "internal/flight", "internal/tsapi/credential", "internal/tsapi/fault", "internal/tsapi/scope"},
		"internal/gate":                    {"internal/asking", "internal/audit", "internal/caller", "internal/cli/spelling", "internal/failure", "internal/gate/code", "internal/grant", "internal/visible"},
		"internal/gate/code":               {},
		"internal/tool":                    {"internal/failure", "internal/gate", "internal/grant", "internal/tsapi", "internal/tsapi/scope"},
		"internal/testbed/told":            {"internal/failure"},
		"internal/testbed/tooltest":        {"internal/audit", "internal/caller", "internal/failure", "internal/gate", "internal/grant", "internal/testbed/fakeapi", "internal/tool", "internal/tsapi", "internal/tsapi/credential"},
		"internal/tool/catalog":            {"internal/gate", "internal/grant", "internal/localapi", "internal/survey", "internal/tool", "internal/tool/*", "internal/tool/devices/lookup", "internal/tsapi", "internal/tsapi/scope"},
		"internal/tool/catalog/listing":    {"internal/grant", "internal/tool", "internal/tool/catalog"},
		"internal/tool/*":                  {"internal/caller", "internal/failure", "internal/grant", "internal/localapi", "internal/policy", "internal/policy/*", "internal/survey", "internal/tool", "internal/tool/devices/lookup", "internal/tool/devices/tags", "internal/tool/policy/past", "internal/tool/users/login", "internal/tsapi", "internal/tsapi/period", "internal/visible"},
		"internal/front":                   {"internal/caller", "internal/identity"},
		"internal/mcpserver":               {"internal/asking", "internal/caller", "internal/failure", "internal/front", "internal/gate", "internal/grant", "internal/jsonrpc", "internal/loglevel", "internal/mcpserver/*", "internal/session"},
		"internal/mcpserver/message":       {"internal/front"},
		"internal/mcpserver/catalogue":     {"internal/gate", "internal/grant"},
		"internal/mcpserver/brief":         {"internal/visible"},
		"internal/mcpserver/response":      {"internal/front"},
		"internal/session":                 {"internal/asking", "internal/loglevel"},
		"internal/loglevel":                {},
		"internal/asking":                  {"internal/visible"},
		"internal/mcpserver/parked":        {"internal/asking"},
		"internal/metrics":                 {"internal/audit"},
		"internal/proxy":                   {"internal/bridge", "internal/jsonrpc", "internal/jsonrpc/*", "internal/proxy/*", "internal/retry"},
		"internal/proxy/route":             {},
		"internal/jsonrpc/mirror":          {"internal/jsonrpc"},
		"internal/install":                 {"internal/cli/spelling", "internal/install/format"},
		"internal/install/format":          {},
		"internal/cli":                     {"internal/cli/spelling"},
		"internal/cli/spelling":            {},
		"internal/tool/devices":            {"internal/failure", "internal/grant", "internal/tool", "internal/tool/devices/*", "internal/tsapi"},
		"internal/tool/devices/change":     {"internal/failure", "internal/grant", "internal/tool", "internal/tool/devices/lookup", "internal/tool/devices/tags", "internal/tool/devices/view", "internal/tsapi"},
		"internal/tool/devices/lookup":     {"internal/failure", "internal/grant", "internal/tool", "internal/tool/devices/tags", "internal/tsapi"},
		"internal/tool/devices/view":       {"internal/tool", "internal/tool/devices/lookup", "internal/tsapi"},
		"internal/proxy/doctor":            {"internal/jsonrpc/fault", "internal/proxy", "internal/proxy/endpoint", "internal/proxy/route", "internal/proxy/transport"},
		"internal/proxy/listed":            {"internal/jsonrpc", "internal/proxy", "internal/proxy/endpoint", "internal/proxy/route", "internal/visible"},
		"internal/proxy/headers":           {"internal/cli", "internal/proxy/endpoint"},
		"internal/proxy/ending":            {},
		"internal/jsonrpc/fault":           {"internal/jsonrpc"},
		"internal/jsonrpc/httpsse":         {"internal/jsonrpc"},
		"internal/retry":                   {},
		"internal/bridge":                  {"internal/jsonrpc", "internal/jsonrpc/fault", "internal/loglevel", "internal/retry"},
		"internal/proxy/endpoint":          {"internal/jsonrpc", "internal/jsonrpc/*", "internal/proxy/route"},
		"internal/proxy/transport":         {"internal/jsonrpc", "internal/jsonrpc/fault", "internal/jsonrpc/httpsse", "internal/proxy/endpoint", "internal/retry"},
		"internal/upstream/frame":          {},
		"internal/upstream/npm":            {},
		"internal/upstream/unit":           {"internal/upstream/entry", "internal/upstream/npm"},
		"internal/upstream/pin":            {"internal/grant", "internal/visible"},
		"internal/upstream/entry":          {"internal/asking", "internal/cli/spelling", "internal/grant", "internal/visible"},
		"internal/policy/grammar":          {"internal/policy/nesting"},
		"internal/policy/tailnet":          {},
		"internal/policy/address":          {},
		"internal/policy/ports":            {},
		"internal/policy/posture":          {},
		"internal/policy/compiled":         {"internal/policy/address", "internal/policy/grammar", "internal/policy/ports", "internal/policy/posture", "internal/policy/selector", "internal/policy/tailnet"},
		"internal/policy/selector":         {"internal/policy/address", "internal/policy/grammar", "internal/policy/tailnet"},
		"internal/policy/effect":           {"internal/grant", "internal/policy", "internal/policy/*", "internal/policy/effect/*"},
		"internal/policy/effect/segment":   {"internal/policy/effect/words", "internal/policy/ports", "internal/policy/selector"},
		"internal/policy/effect/words":     {},
		"internal/policy/effect/condition": {},
		"internal/tsapi/period":            {"internal/failure"},
		"internal/survey":                  {"internal/failure", "internal/policy", "internal/policy/grammar", "internal/policy/tailnet", "internal/tsapi"},
		"internal/testbed":                 {"internal/policy", "internal/policy/grammar", "internal/policy/tailnet"},
		"internal/testbed/fakeapi":         {"internal/policy", "internal/policy/grammar", "internal/policy/tailnet"},
		"internal/tool/access":             {"internal/grant", "internal/policy", "internal/policy/address", "internal/policy/grammar", "internal/policy/ports", "internal/policy/tailnet", "internal/survey", "internal/tool", "internal/tool/access/held", "internal/tsapi", "internal/visible"},
		"internal/tool/access/held":        {"internal/cli/spelling", "internal/failure", "internal/grant", "internal/policy", "internal/policy/grammar", "internal/policy/tailnet", "internal/survey", "internal/tsapi", "internal/visible"},
		"internal/localapi/magicdns":       {},
		"internal/tool/local":              {"internal/failure", "internal/grant", "internal/localapi", "internal/localapi/magicdns", "internal/tool", "internal/tool/local/resolution"},
		"internal/tool/local/resolution":   {},
		"internal/tool/logs":               {"internal/failure", "internal/grant", "internal/tool", "internal/tool/devices/lookup", "internal/tsapi", "internal/tsapi/object", "internal/tsapi/period"},
		"internal/tool/policy/past":        {"internal/failure", "internal/tsapi", "internal/tsapi/period"},
		"internal/policy/difference":       {"internal/policy/nesting"},
		"internal/policy/edit":             {"internal/policy/nesting"},
		"internal/policy/nesting":          {},
		"internal/tool/review":             {"internal/failure", "internal/grant", "internal/policy/grammar", "internal/survey", "internal/tool", "internal/tool/access/held", "internal/tool/review/*", "internal/tsapi", "internal/visible"},
		"internal/tool/review/risk":        {"internal/grant", "internal/policy", "internal/policy/*", "internal/tool/access/held", "internal/tsapi", "internal/visible"},
		"internal/tool/review/leaving":     {"internal/policy/edit", "internal/policy/grammar", "internal/policy/ports"},
		"internal/tsapi/scope":             {},
		"internal/tool/catalog/typo":       {"internal/caller", "internal/cli/spelling", "internal/grant", "internal/tool/catalog"},
		"internal/tool/devices/tags":       {"internal/cli/spelling", "internal/policy/grammar", "internal/tool", "internal/tsapi"},
		"internal/tool/users/login":        {"internal/failure", "internal/tsapi"},
		"internal/upstream/process":        {"internal/asking", "internal/jsonrpc", "internal/jsonrpc/fault", "internal/loglevel", "internal/redact", "internal/retry", "internal/upstream/frame"},
		"internal/upstream/remote":         {"internal/credfile", "internal/jsonrpc", "internal/jsonrpc/*", "internal/redact", "internal/retry", "internal/upstream/entry", "internal/upstream/frame", "internal/upstream/process", "internal/version"},
		"internal/upstream/look":           {"internal/upstream/pin", "internal/upstream/process"},
		"internal/upstream/pool":           {"internal/asking", "internal/failure", "internal/jsonrpc", "internal/upstream/entry", "internal/upstream/process"},
		"internal/upstream/offer":          {"internal/failure", "internal/gate", "internal/jsonrpc", "internal/upstream/entry", "internal/upstream/frame", "internal/upstream/look", "internal/upstream/pin", "internal/upstream/process"},
		"internal/upstream/servers":        {"internal/asking", "internal/failure", "internal/gate", "internal/grant", "internal/jsonrpc", "internal/redact", "internal/session", "internal/upstream/*"},
		"internal/upstream/known":          {"internal/caller", "internal/cli/spelling", "internal/gate", "internal/grant", "internal/upstream/*", "internal/visible"},
		"internal/manage":                  {"internal/asking", "internal/cli", "internal/grant", "internal/visible", "internal/upstream/*"},
		"internal/gateway":                 {"internal/asking", "internal/caller", "internal/front", "internal/gate", "internal/mcpserver", "internal/mcpserver/parked", "internal/upstream/servers"},
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

// launcher is the only part of the product that starts a program.
const launcher = "cmd/tailscale-mcp-launch"

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
			case imported == "os/exec" && name != launcher:
				t.Errorf("%s imports os/exec: only the launcher of servers runs other programs", name)
			case strings.HasPrefix(imported, "github.com/mark3labs/mcp-go") && name != "internal/mcpserver" && path.Dir(name) != "internal/mcpserver":
				t.Errorf("%s imports mcp-go: only mcpserver and what is below it knows MCP", name)
			case imported == "net/http" && (name == "internal/tool" || strings.HasPrefix(name, "internal/tool/")):
				t.Errorf("%s imports net/http: tools do not know HTTP", name)
			case strings.Contains(imported, ".") && name == "internal/grant":
				t.Errorf("grant imports %s: it imports the standard library only", imported)
			case pure(name) && slices.Contains([]string{"io/fs", "net", "net/http", "os", "syscall"}, imported):
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

// TestForbiddenCalls: what starts a program without os/exec is called by the launcher
// only.
func TestForbiddenCalls(t *testing.T) {
	for name, p := range list(t) {
		if !product(name) || name == launcher {
			continue
		}
		for _, file := range p.GoFiles {
			path := filepath.Join(p.Dir, file)
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, call := range starts(f) {
				t.Errorf("%s has %s: only the launcher of servers runs other programs", path, call)
			}
		}
	}
}

// starts returns what of a file can start a program: each mention of such a function,
// and imports that would hide one.
func starts(f *ast.File) (found []string) {
	known := map[string]string{}
	for _, i := range f.Imports {
		imported := strings.Trim(i.Path.Value, `"`)
		switch imported {
		case "os", "syscall", "golang.org/x/sys/unix":
		default:
			continue
		}
		name := path.Base(imported)
		if i.Name != nil {
			name = i.Name.Name
		}
		if name == "." {
			found = append(found, "import . of "+imported)
		}
		known[name] = imported
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			x, isName := s.X.(*ast.Ident)
			if isName && known[x.Name] != "" && slices.Contains([]string{"StartProcess", "ForkExec", "Exec", "SYS_EXECVE", "SYS_EXECVEAT", "SYS_FORK", "SYS_CLONE"}, s.Sel.Name) {
				found = append(found, known[x.Name]+"."+s.Sel.Name)
			}
		}
		return true
	})
	return found
}

// TestForbiddenCallsFound: what the test before looks for, it finds.
func TestForbiddenCallsFound(t *testing.T) {
	for text, want := range map[string]string{
		"import \"os\"; var _ = os.StartProcess":                        "os.StartProcess",
		"import s \"syscall\"; func f() { s.ForkExec(\"\", nil, nil) }": "syscall.ForkExec",
		"import \"golang.org/x/sys/unix\"; var _ = unix.Exec":           "golang.org/x/sys/unix.Exec",
		"import . \"os\"; var _ = StartProcess":                         "import . of os",
		"import \"os\"; var _ = os.Open":                                "",
		"type t struct{}; func f(os t) { os.Exec() }":                   "",
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+text, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(starts(f), " "); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// TestSmallPrograms: what systemd starts at every boot and for every caller has neither
// Tailscale nor MCP nor HTTP in it.
func TestSmallPrograms(t *testing.T) {
	all := list(t)
	for _, name := range []string{launcher, "cmd/tailscale-mcp-generator"} {
		p, there := all[name]
		if !there {
			t.Errorf("there is no %s", name)
		}
		for _, dep := range p.Deps {
			if dep == "net/http" || dep == "crypto/tls" || strings.HasPrefix(dep, "tailscale.com/") || strings.HasPrefix(dep, "github.com/mark3labs/mcp-go") {
				t.Errorf("%s contains %s", name, dep)
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
