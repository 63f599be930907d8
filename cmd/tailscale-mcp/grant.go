// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/tool/access/held"
	"tailscale-mcp/internal/tool/catalog/typo"
	"tailscale-mcp/internal/upstream/known"
)

type grantOptions struct {
	src, dst, resources  string
	prompts              string
	devices, until, rate string
	read, admin          bool
	groups               []string
}

func grantCommand() *cobra.Command {
	var o grantOptions
	c := &cobra.Command{
		Use:               "grant --src WHO [--read | --admin] [--group NAME[:CLASS]]... [TOOL|CLASS:*|group:NAME[:CLASS]]...",
		Short:             "print a grant to paste into the tailnet policy file",
		Long:              "Of a server behind this one: SERVER/TOOL, SERVER/CLASS:* or SERVER/* (all but escalating).",
		ValidArgsFunction: cli.AllWords(callable),
		Args:              cobra.ArbitraryArgs,
		RunE:              func(c *cobra.Command, tools []string) error { return runGrant(c.Context(), personOf(c), o, tools) },
	}
	c.Flags().StringVar(&o.src, "src", "", "to `WHO`: a login, tag:NAME, group:NAME or autogroup:NAME (required)")
	c.Flags().StringVar(&o.dst, "dst", "", "this `HOST` as the policy file names it: its tag or Tailscale address (default: ask tailscaled)")
	c.Flags().BoolVar(&o.read, "read", false, "grant every tool that only reads, and every resource")
	c.Flags().BoolVar(&o.admin, "admin", false, "grant every tool of every class, and every resource")
	c.Flags().StringArrayVar(&o.groups, "group", nil, "grant the tools of a group, `NAME` or NAME:CLASS, such as devices:read; may be repeated")
	c.Flags().StringVar(&o.resources, "resources", "", "comma-separated resource `SELECTORS`")
	c.Flags().StringVar(&o.prompts, "prompts", "", "comma-separated `SELECTORS` of prompts of servers: SERVER/NAME or SERVER/*")
	c.Flags().StringVar(&o.devices, "devices", "", "only for these `DEVICES`, comma-separated: tags, logins, node IDs, machine names, autogroup:self")
	c.Flags().StringVar(&o.until, "until", "", "only before this `TIME`, such as 2026-12-24T18:00:00Z")
	c.Flags().StringVar(&o.rate, "rate", "", "only so many `CALLS` a caller, such as 30/m (s, m, h or d)")
	return c
}

// given are the selectors of tools and resources that the options and arguments mean.
func (o grantOptions) given(tools []string) (_, resources []string) {
	if o.resources != "" {
		resources = strings.Split(o.resources, ",")
	}
	for _, group := range o.groups {
		tools = append(tools, "group:"+strings.TrimPrefix(group, "group:"))
	}
	if o.read {
		tools, resources = append(tools, "read:*"), append(resources, "*")
	}
	if o.admin {
		tools, resources = append(tools, "*", "escalating:*"), append(resources, "*")
	}
	return tools, resources
}

// runGrant prints a grant for this host. It asks tailscaled how a grant names
// the host; without tailscaled the person says so.
func runGrant(ctx context.Context, p person, o grantOptions, tools []string) error {
	if o.src == "" {
		return cli.Misused("tailscale-mcp grant --src alice@example.com --read", "nobody is named to grant to")
	}
	if why := held.SourceForm(o.src); why != "" {
		return cli.Misused("write a login (alice@example.com), tag:NAME, group:NAME or autogroup:NAME", "--src %q %s", o.src, why)
	}
	tools, list := o.given(tools)
	var prompts []string
	if o.prompts != "" {
		prompts = strings.Split(o.prompts, ",")
	}
	if len(tools)+len(list)+len(prompts) == 0 {
		return cli.Misused("name tools, or use --read for everything that only reads; tailscale-mcp tools lists them", "nothing is named to grant")
	}
	if bad := ungrantable(tools, list, prompts); len(bad) > 0 {
		hint := "tailscale-mcp tools lists what can"
		if len(prompts) > 0 || strings.Contains(strings.Join(slices.Concat(tools, list), " "), "/") {
			hint += "; of a server behind this one: SERVER/NAME, SERVER/read:*, SERVER/*, and tailscale-mcp server list has the servers"
		}
		return cli.Misused(hint, "these cannot be granted: %s", strings.Join(bad, ", "))
	}
	for _, selector := range tools {
		if why := typo.Of(selector); why != "" {
			return cli.Misused("tailscale-mcp tools lists them, with their groups and classes; those of a server behind this one are SERVER/NAME", "%s", why)
		}
	}
	missing := grant.Missing{Src: []string{o.src}, Tools: tools, Resources: list, Prompts: prompts, Until: o.until, Rate: o.rate}
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
	servers := behind(p, cfg, gate.NewRegistry(nil))
	if err := checkSource(ctx, p, cfg, o.src); err != nil {
		return err
	}
	if o.dst == "" {
		if o.dst, err = namedHere(ctx, cfg); err != nil {
			return err
		}
	}
	missing.Capability, missing.Dst, missing.Port = cfg.Capability, o.dst, cfg.Port
	fmt.Fprintln(p.out, missing.String())
	if o.devices+o.until+o.rate != "" || slices.ContainsFunc(slices.Concat(tools, list, prompts), grant.NamesServer) {
		p.note("%s", grant.Since)
	}
	if o.admin {
		p.note("whoever is granted this may change everything that the API credential may, the policy file and so this grant included")
	}
	for _, selector := range tools {
		if note := noteTool(selector, cfg.Allow, servers); note != "" && !o.admin {
			p.note("%s", note)
		}
	}
	for _, m := range servers.Of(nil, list, prompts) {
		p.note("%s gives nothing now: %s", m.Selector, m.Why)
	}
	return nil
}

// checkSource refuses a source that the policy file does not know, where that can be read.
func checkSource(ctx context.Context, p person, cfg config.Config, src string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	api, err := newAPI(cfg, slog.New(slog.DiscardHandler))
	if err != nil || api == nil {
		return err
	}
	defer api.Close()
	note, wrong, err := held.Source(ctx, api, src)
	switch {
	case err != nil:
		p.note("whether the policy file knows %s is not known: %v", src, refusedByAPI(err))
	case wrong != nil:
		return cli.Misused("correct the name, or write it into the policy file first", "%v", wrong)
	case note != "":
		p.note("%s", note)
	}
	return nil
}

// namedHere asks tailscaled how a grant names this host.
func namedHere(ctx context.Context, cfg config.Config) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	status, err := localapi.New(localClient(cfg)).Self(ctx)
	var failed *failure.Error
	switch {
	case errors.As(err, &failed):
		return "", cli.Hint(errors.New(failed.Message), failed.Next+"; or say how the policy file names this host with --dst tag:NAME")
	case err != nil:
		return "", err
	}
	return hostName(status), nil
}

// noteTool says why a selector gives nothing here, if so. A wildcard gives what
// the host offers, and that may become more.
func noteTool(selector string, offered []grant.Class, servers known.Servers) string {
	if grant.NamesServer(selector) {
		return servers.Tool(selector)
	}
	var classes []grant.Class
	for _, t := range typo.Given(selector) {
		classes = append(classes, t.Class)
	}
	switch {
	case selector == "*" || slices.ContainsFunc(classes, func(c grant.Class) bool { return slices.Contains(offered, c) }):
		return ""
	case len(classes) > 0:
		slices.Sort(classes)
		return fmt.Sprintf("this host does not offer %s: TAILSCALE_MCP_ALLOW lacks %s", selector, join(slices.Compact(classes)))
	}
	return typo.Of(selector)
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
func ungrantable(tools, resources, prompts []string) (bad []string) {
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
	for _, s := range prompts {
		if (grant.Missing{Prompts: []string{s}}).String() == "" {
			bad = append(bad, fmt.Sprintf("the prompt %q", s))
		}
	}
	return bad
}
