// SPDX-License-Identifier: MIT

// Package listing writes out what a set of tools, resources and prompts is, for people
// and programs that read about them: as a table, as JSON, and as the page of reference.
//
// It imports package tool and its catalog, which know operations and scopes, and grant
// for the classes. It fails only where its writer does.
package listing

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/catalog"
)

// Table writes a set as a table for a terminal, without descriptions.
func Table(out io.Writer, r tool.Set) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TOOL\tCLASS\tGROUP\tTITLE\tSCOPES\tOPERATIONS OF THE API")
	for _, t := range r.Tools {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Name, t.Class, t.Group, t.Title, scopesOf(t), listed(t.Operations, ""))
	}
	fmt.Fprintln(w, "\nRESOURCE\t\t\t")
	for _, res := range r.Resources {
		fmt.Fprintf(w, "%s\tread\t\t%s\n", res.URI, res.Title)
	}
	fmt.Fprintln(w, "\nPROMPT\t\t\t")
	for _, prompt := range r.Prompts {
		fmt.Fprintf(w, "%s\tread\t%s\t%s\n", prompt.Name, "uses "+strings.Join(prompt.Tools, ", "), prompt.Title)
	}
	return w.Flush()
}

// scopesOf are the scopes that a tool needs, in words.
func scopesOf(t tool.Tool) string {
	scopes := t.Needs()
	if catalog.Unscoped(t) {
		scopes = append(scopes, "none documented")
	}
	return listed(scopes, "")
}

// listed joins words, each in that quote; a dash for none.
func listed(words []string, quote string) string {
	if len(words) == 0 {
		return "-"
	}
	return quote + strings.Join(words, quote+", "+quote) + quote
}

// JSON writes a set as JSON, with descriptions, schemas, operations and scopes.
func JSON(out io.Writer, r tool.Set) error {
	type row struct {
		Name        string      `json:"name"`
		Title       string      `json:"title"`
		Class       grant.Class `json:"class"`
		Group       string      `json:"group,omitempty"`
		Description string      `json:"description"`
		Operations  []string    `json:"operations,omitempty"`
		Scopes      []string    `json:"scopes,omitempty"`
		Example     any         `json:"example,omitempty"`
		Input       any         `json:"inputSchema,omitempty"`
		Output      any         `json:"outputSchema,omitempty"`
	}
	rows := map[string][]row{}
	for _, t := range r.Tools {
		rows["tools"] = append(rows["tools"], row{t.Name, t.Title, t.Class, t.Group, t.Description, t.Operations, t.Needs(), t.Example, t.Input, t.Output})
	}
	for _, res := range r.Resources {
		rows["resources"] = append(rows["resources"], row{Name: res.URI, Title: res.Title, Class: grant.Read, Description: res.Description})
	}
	for _, prompt := range r.Prompts {
		rows["prompts"] = append(rows["prompts"], row{Name: prompt.Name, Title: prompt.Title, Class: grant.Read, Description: prompt.Description})
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(rows)
}
