// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/version"
)

// everything is all that this program can offer, whatever this host is configured
// for. It is for looking at, not for calling.
func everything() tool.Set { return catalog.Everything(version.String()) }

// answeredLocally reports whether a tool needs no API credential.
func answeredLocally(t tool.Tool) bool {
	local := catalog.Offered(catalog.Options{Ceiling: grant.Classes(), Version: version.String()})
	return slices.ContainsFunc(local.Tools, func(other tool.Tool) bool { return other.Name == t.Name })
}

// toolNames are the names of all tools.
func toolNames() []string {
	var names []string
	for _, t := range everything().Tools {
		names = append(names, t.Name)
	}
	return names
}

// toolsOptions say in which form the tools are listed.
type toolsOptions struct{ asJSON, asMarkdown bool }

func toolsCommand() *cobra.Command {
	var o toolsOptions
	c := &cobra.Command{
		Use:   "tools [--json | --markdown]",
		Short: "list the tools, resources and prompts that this version has, with class, group and scopes",
		RunE:  func(c *cobra.Command, _ []string) error { return runTools(personOf(c), o) },
	}
	c.Flags().BoolVar(&o.asJSON, "json", false, "as JSON, with descriptions, schemas, operations and scopes")
	c.Flags().BoolVar(&o.asMarkdown, "markdown", false, "as the page of reference, in Markdown, with arguments and the smallest scopes of a credential")
	return c
}

func runTools(p person, o toolsOptions) error {
	r := everything()
	switch {
	case o.asJSON && o.asMarkdown:
		return cli.Misused("leave out one of them", "--json and --markdown exclude each other")
	case o.asJSON:
		return writeJSON(p, r)
	case o.asMarkdown:
		_, err := io.WriteString(p.out, toolsPage(r))
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
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
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(p.out, aboutTools)
	return err
}

// scopesOf are the scopes that a tool needs, in words.
func scopesOf(t tool.Tool) string {
	scopes := catalog.Scopes(t)
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

func writeJSON(p person, r tool.Set) error {
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
	out := map[string][]row{}
	for _, t := range r.Tools {
		out["tools"] = append(out["tools"], row{t.Name, t.Title, t.Class, t.Group, t.Description, t.Operations, catalog.Scopes(t), t.Example, t.Input, t.Output})
	}
	for _, res := range r.Resources {
		out["resources"] = append(out["resources"], row{Name: res.URI, Title: res.Title, Class: grant.Read, Description: res.Description})
	}
	for _, prompt := range r.Prompts {
		out["prompts"] = append(out["prompts"], row{Name: prompt.Name, Title: prompt.Title, Class: grant.Read, Description: prompt.Description})
	}
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
