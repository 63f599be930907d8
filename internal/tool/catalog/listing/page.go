// SPDX-License-Identifier: MIT

package listing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/catalog"
)

const pageBegin = `# The tools of tailscale-mcp

Made by ` + "`tailscale-mcp tools --markdown`" + ` from the definitions. Which of these a caller may use, the grants in the policy file say; which of them a host offers at all,
` + "`TAILSCALE_MCP_ALLOW`" + `. A scope is what a scoped credential needs for the tool: ` + "`a | b`" + ` is one of them, by what is asked for. "None documented" means that the document of
the API states no scope: most such operations take only the token of a person.

Tools of the classes *destructive* and *escalating* have the person asked, where the client can do that; else they change nothing until ` + "`confirm`" + ` has the code
of the refusal that comes first (` + "`confirmation_required`" + `).
`

// Page returns the page of reference: a set in Markdown, with arguments, the operations
// of the API and the smallest scopes of a credential.
func Page(r tool.Set) string {
	var b strings.Builder
	b.WriteString(pageBegin)
	tools := r.Tools
	groups := map[string][]tool.Tool{}
	for _, t := range tools {
		groups[t.Group] = append(groups[t.Group], t)
	}
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		fmt.Fprintf(&b, "\n## Group `%s`\n", group)
		for _, t := range groups[group] {
			writeTool(&b, t)
		}
	}
	b.WriteString("\n## Resources\n\n| resource | what it is |\n| --- | --- |\n")
	for _, res := range r.Resources {
		meaning := cell(res.Description)
		if res.Template() {
			meaning += " Example: `" + strings.Split(res.URI, "{")[0] + res.Example + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", res.URI, meaning)
	}
	b.WriteString("\n## Prompts\n\nOffered to callers who may use every tool that they name.\n\n| prompt | tools | what it does |\n| --- | --- | --- |\n")
	for _, p := range r.Prompts {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.Name, listed(p.Tools, "`"), cell(p.Description))
	}
	writeOperations(&b, tools)
	writeScopes(&b, tools)
	return b.String()
}

func writeTool(b *strings.Builder, t tool.Tool) {
	fmt.Fprintf(b, "\n### `%s`\n\n%s. Class *%s*", t.Name, t.Title, t.Class)
	if len(t.Operations) == 0 {
		b.WriteString("; sends nothing to the Tailscale API")
	} else {
		fmt.Fprintf(b, "; operations %s; scopes %s", listed(t.Operations, "`"), scopeWords(t))
	}
	fmt.Fprintf(b, ".\n\n%s\n", t.Description)
	rows := arguments("", t.Input)
	if len(rows) == 0 {
		b.WriteString("\nNo arguments.\n")
		return
	}
	b.WriteString("\n| argument | type | meaning |\n| --- | --- | --- |\n" + strings.Join(rows, ""))
	fmt.Fprintf(b, "\nExample: `%s`\n", t.Example)
}

// scopeWords is scopesOf for a page.
func scopeWords(t tool.Tool) string {
	words := t.Needs()
	if len(words) == 0 {
		return "none documented"
	}
	text := listed(words, "`")
	if catalog.Unscoped(t) {
		text += "; of one none is documented"
	}
	return text
}

// arguments are the rows of a schema's properties and of those within them.
func arguments(path string, s *jsonschema.Schema) []string {
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		meaning := p.Description
		kind, item := p.Type, p
		if p.Items != nil {
			kind, item = "list of "+p.Items.Type+"s", p.Items
		}
		if len(item.Enum) > 0 {
			meaning += "; one of " + strings.Trim(fmt.Sprint(item.Enum), "[]")
		}
		meaning += bounds(p)
		if p.Default != nil {
			meaning += "; default " + string(p.Default)
		}
		if slices.Contains(s.Required, name) {
			kind += ", required"
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", path+name, kind, cell(meaning)))
		rows = append(rows, arguments(path+name+".", item)...)
	}
	return rows
}

// bounds are those of a number.
func bounds(s *jsonschema.Schema) string {
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		return fmt.Sprintf("; %v to %v", *s.Minimum, *s.Maximum)
	case s.Minimum != nil:
		return fmt.Sprintf("; %v or more", *s.Minimum)
	case s.Maximum != nil:
		return fmt.Sprintf("; %v at most", *s.Maximum)
	}
	return ""
}

func writeOperations(b *strings.Builder, tools []tool.Tool) {
	b.WriteString("\n## Operations of the Tailscale API\n\n| operation | request | scope | tools |\n| --- | --- | --- | --- |\n")
	for _, op := range catalog.Operations(tools) {
		by := "none: " + cmp.Or(op.Why, "not yet")
		if len(op.Tools) > 0 {
			by = listed(op.Tools, "`")
		}
		scope := cmp.Or(op.Scope, "none documented")
		if len(op.ByContent) > 0 {
			scope += "; by what is in it also " + listed(op.ByContent, "")
		}
		fmt.Fprintf(b, "| `%s` | %s `%s` | %s | %s |\n", op.ID, op.Method, op.Path, cell(scope), cell(by))
	}
}

func writeScopes(b *strings.Builder, tools []tool.Tool) {
	read := catalog.Credential(tools, grant.Read)
	fmt.Fprintf(b, "\n## The smallest scopes\n\nOf an OAuth client for every tool that reads:\n\n    %s\n", strings.Join(read, " "))
	if write := slices.DeleteFunc(read, func(s string) bool { return strings.HasSuffix(s, ":read") }); len(write) > 0 {
		fmt.Fprintf(b, "\nThe API wants scopes to write for some of what only reads: %s. Leave them out and the tools that need them are refused by the API.\n", listed(write, "`"))
	}
	fmt.Fprintf(b, "\nFor every tool of every class (a scope to write holds that to read):\n\n    %s\n", strings.Join(catalog.Credential(tools, grant.Classes()...), " "))
	b.WriteString("\nFor less, take those of the tools that you grant.\n")
}

// cell is text within a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", "\\|")
}
