// SPDX-License-Identifier: MIT

package catalog

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestNamesOfTools: whatever the texts tell a model or a person to call exists,
// in descriptions, errors and prompts alike.
func TestNamesOfTools(t *testing.T) {
	registry := newRig(t, setup{}).offers
	known, verbs := map[string]bool{}, map[string]bool{}
	for _, d := range registry.Tools {
		known[d.Name] = true
		verb, _, _ := strings.Cut(d.Name, "_")
		verbs[verb] = true
	}
	for _, p := range registry.Prompts {
		known[p.Name] = true
	}
	known["policy_file"] = true // a scope
	delete(verbs, "whoami")
	delete(verbs, "audit") // so begin metrics and a code, too
	name := regexp.MustCompile(`\b(` + strings.Join(slices.Sorted(maps.Keys(verbs)), "|") + `)_[a-z0-9_]+\b`)
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../*/*.go") // tool, tailnet, mcpserver and the rest
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range slices.Concat(files, more) {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "tooltest") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range name.FindAllString(text, -1) {
				seen++
				if !known[found] && found != "list_changed" { // that is the protocol's
					t.Errorf("%s speaks of %s, which is no tool: %.120s", file, found, text)
				}
			}
			return true
		})
	}
	if seen < 100 {
		t.Errorf("found %d names only", seen)
	}
}
