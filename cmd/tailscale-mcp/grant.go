// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/tool"
)

type grantOptions struct {
	src, dst, resources  string
	devices, until, rate string
	read                 bool
}

func grantCommand() *cobra.Command {
	var o grantOptions
	c := &cobra.Command{
		Use:               "grant --src WHO [--read] [TOOL...]",
		Short:             "print a grant to paste into the tailnet policy file",
		ValidArgsFunction: cli.AllWords(toolNames),
		Args:              cobra.ArbitraryArgs,
		RunE:              func(c *cobra.Command, tools []string) error { return runGrant(c.Context(), personOf(c), o, tools) },
	}
	c.Flags().StringVar(&o.src, "src", "", "to `WHO`: a login, tag:NAME, group:NAME or autogroup:NAME (required)")
	c.Flags().StringVar(&o.dst, "dst", "", "this `HOST` as the policy file names it: its tag or Tailscale address (default: ask tailscaled)")
	c.Flags().BoolVar(&o.read, "read", false, "grant every tool that only reads, and every resource")
	c.Flags().StringVar(&o.resources, "resources", "", "comma-separated resource `SELECTORS`")
	c.Flags().StringVar(&o.devices, "devices", "", "only for these `DEVICES`, comma-separated: tags, logins, node IDs, machine names, autogroup:self")
	c.Flags().StringVar(&o.until, "until", "", "only before this `TIME`, such as 2026-12-24T18:00:00Z")
	c.Flags().StringVar(&o.rate, "rate", "", "only so many `CALLS` a caller, such as 30/m (s, m, h or d)")
	return c
}

// runGrant prints a grant for this host. It asks tailscaled how a grant names
// the host; without tailscaled the person says so.
func runGrant(ctx context.Context, p person, o grantOptions, tools []string) error {
	if o.src == "" {
		return cli.Misused("tailscale-mcp grant --src alice@example.com --read", "nobody is named to grant to")
	}
	var list []string
	if o.resources != "" {
		list = strings.Split(o.resources, ",")
	}
	if o.read {
		tools, list = append(tools, "read:*"), append(list, "*")
	}
	if len(tools)+len(list) == 0 {
		return cli.Misused("name tools, or use --read for everything that only reads; tailscale-mcp tools lists them", "nothing is named to grant")
	}
	if bad := ungrantable(tools, list); len(bad) > 0 {
		return cli.Misused("tailscale-mcp tools lists what can", "these cannot be granted: %s", strings.Join(bad, ", "))
	}
	missing := grant.Missing{Src: []string{o.src}, Tools: tools, Resources: list, Until: o.until, Rate: o.rate}
	if o.devices != "" {
		missing.Devices = strings.Split(o.devices, ",")
	}
	if err := missing.Check(); err != nil {
		return cli.Misused("man tailscale-mcp describes conditions", "%s", err.Error())
	}
	cfg, err := operatorConfig(p)
	if err != nil {
		return err
	}
	if o.dst == "" {
		asking, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		status, err := localapi.New(localClient(cfg)).Self(asking)
		var failed *failure.Error
		if errors.As(err, &failed) {
			return cli.Hint(errors.New(failed.Message), failed.Next+"; or say how the policy file names this host with --dst tag:NAME")
		}
		if err != nil {
			return err
		}
		o.dst = hostName(status)
	}
	missing.Capability, missing.Dst, missing.Port = cfg.Capability, o.dst, cfg.Port
	fmt.Fprintln(p.out, missing.String())
	if o.devices+o.until+o.rate != "" || slices.ContainsFunc(append(slices.Clone(tools), list...), grant.NamesServer) {
		p.note("%s", grant.Since)
	}
	for _, selector := range tools {
		if note := noteTool(selector, cfg.Allow); note != "" {
			p.note("%s", note)
		}
	}
	return nil
}

// noteTool says why a selector gives nothing here, if so. A wildcard gives what
// the host offers, and that may become more.
func noteTool(selector string, offered []grant.Class) string {
	var classes []grant.Class
	for _, t := range everything().Tools {
		if selector != "*" && grants(selector, t) {
			classes = append(classes, t.Class)
		}
	}
	switch {
	case selector == "*" || slices.ContainsFunc(classes, func(c grant.Class) bool { return slices.Contains(offered, c) }):
		return ""
	case len(classes) > 0:
		slices.Sort(classes)
		return fmt.Sprintf("this host does not offer %s: TAILSCALE_MCP_ALLOW lacks %s", selector, join(slices.Compact(classes)))
	case grant.NamesServer(selector):
		return fmt.Sprintf("this version has no servers behind it: %s gives nothing yet", selector)
	case grant.IsToolName(selector):
		return fmt.Sprintf("this version has no tool %q; tailscale-mcp tools lists them", selector)
	}
	return fmt.Sprintf("this version has no tools that %q means; tailscale-mcp tools lists them with their groups", selector)
}

// grants reports whether an entry with that selector alone gives the tool.
func grants(selector string, t tool.Tool) bool {
	entry, err := json.Marshal(map[string][]string{"tools": {selector}})
	if err != nil {
		return false
	}
	rules, err := grant.Parse([]string{string(entry)})
	return err == nil && rules.Tool(t.Granted()).Allowed
}

func join(classes []grant.Class) string {
	words := make([]string, len(classes))
	for i, c := range classes {
		words[i] = string(c)
	}
	return strings.Join(words, ", ")
}

// ungrantable are the selectors that no grant may hold. A printed grant would
// lack them without a word.
func ungrantable(tools, resources []string) (bad []string) {
	for _, s := range tools {
		if (grant.Missing{Tools: []string{s}}).String() == "" {
			bad = append(bad, fmt.Sprintf("the tool %q", s))
		}
	}
	for _, s := range resources {
		if (grant.Missing{Resources: []string{s}}).String() == "" {
			bad = append(bad, fmt.Sprintf("the resource %q", s))
		}
	}
	return bad
}
