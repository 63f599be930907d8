// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/tool/catalog/listing"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/credential"
	"tailscale-mcp/internal/tsapi/fault"
	"tailscale-mcp/internal/tsapi/scope"
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

// scopesLacking compares scopes with what the tools of those classes and groups need; nil
// groups are all.
func scopesLacking(have scope.Set, classes []grant.Class, groups []string) []catalog.Lack {
	if len(have) == 0 {
		return nil // not known
	}
	return catalog.Lacking(slices.DeleteFunc(everything().Tools, func(t tool.Tool) bool {
		return !slices.Contains(classes, t.Class) || groups != nil && !slices.Contains(groups, t.Group)
	}), have)
}

// warnScopes says in the log, once, which scopes tools lack that are offered. Nothing
// hangs on it: while the API does not answer, each call says so.
func warnScopes(ctx context.Context, api *tsapi.API, classes []grant.Class, groups []string, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	have, err := api.Scopes(ctx)
	lacks := scopesLacking(have, classes, groups)
	if err != nil || len(lacks) == 0 {
		return
	}
	var scopes, tools []string
	for _, l := range lacks {
		scopes, tools = append(scopes, l.Scope), append(tools, l.Tools...)
	}
	slices.Sort(tools)
	log.Warn("the API credential lacks scopes of tools that this host offers", "scopes", strings.Join(scopes, ", "), "tools", len(slices.Compact(tools)),
		"next", "give it those that are used at "+fault.AdminCredentials+"; tailscale-mcp doctor says which tools need which")
}

// checkScopes says which tools that are offered lack which scope.
func checkScopes(ctx context.Context, cfg config.Config, api *tsapi.API, ok, note func(string, ...any)) error {
	if cfg.Credential.Kind() == credential.APIKey {
		note("the credential is an API access token, which has no scopes: it may do what the role of its person may")
		return nil
	}
	have, err := api.Scopes(ctx)
	if err != nil {
		return refusedByAPI(err)
	}
	lacks := scopesLacking(have, cfg.Allow, cfg.Groups)
	switch {
	case len(have) == 0:
		note("the API does not say which scopes the credential has")
		return nil
	case len(lacks) == 0:
		ok("the credential has the scopes of all tools that this host offers")
		return nil
	}
	const most = 4
	var lines strings.Builder
	for _, l := range lacks {
		names, more := l.Tools, ""
		if len(names) > most {
			names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
		}
		fmt.Fprintf(&lines, "\n      %s: %s%s", strings.ReplaceAll(l.Scope, " | ", " or "), strings.Join(names, ", "), more)
	}
	note("the credential lacks scopes of tools that this host offers, which are refused by the API, or answer in part; give it those that are used, at %s:%s",
		fault.AdminCredentials, lines.String())
	return nil
}
