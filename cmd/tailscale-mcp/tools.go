// SPDX-License-Identifier: MIT

package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/tool/catalog/listing"
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
		return listing.JSON(p.out, r)
	case o.asMarkdown:
		_, err := io.WriteString(p.out, listing.Page(r))
		return err
	}
	if err := listing.Table(p.out, r); err != nil {
		return err
	}
	_, err := io.WriteString(p.out, aboutTools)
	return err
}
