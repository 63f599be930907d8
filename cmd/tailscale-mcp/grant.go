// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type grantOptions struct {
	src, dst, resources string
	read                bool
}

func grantFlags(o *grantOptions) *flag.FlagSet {
	flags := newFlags("grant")
	flags.StringVar(&o.src, "src", "", "to `WHO`: a login, tag:NAME, group:NAME or autogroup:NAME (required)")
	flags.StringVar(&o.dst, "dst", "", "this `HOST` as the policy file names it: its tag or Tailscale address (default: ask tailscaled)")
	flags.BoolVar(&o.read, "read", false, "grant every tool that only reads, and every resource")
	flags.StringVar(&o.resources, "resources", "", "comma-separated resource `SELECTORS`")
	return flags
}

// runGrant prints a grant for this host. It asks tailscaled how a grant names
// the host; without tailscaled the person says so.
func runGrant(ctx context.Context, s streams, args []string) error {
	var o grantOptions
	tools, err := parse(grantFlags(&o), args)
	if err != nil {
		return err
	}
	if o.src == "" {
		return misused("tailscale-mcp grant --src alice@example.com --read", "nobody is named to grant to")
	}
	var list []string
	if o.resources != "" {
		list = strings.Split(o.resources, ",")
	}
	if o.read {
		tools, list = append(tools, "read:*"), append(list, "*")
	}
	if len(tools)+len(list) == 0 {
		return misused("name tools, or use --read for everything that only reads; tailscale-mcp tools lists them", "nothing is named to grant")
	}
	if bad := ungrantable(tools, list); len(bad) > 0 {
		return misused("tailscale-mcp tools lists what can", "these cannot be granted: %s", strings.Join(bad, ", "))
	}
	cfg, err := operatorConfig(s)
	if err != nil {
		return err
	}
	if o.dst == "" {
		asking, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		status, err := tailnet.NewLocal(localClient(cfg)).Self(asking)
		var failed *tailnet.Error
		if errors.As(err, &failed) {
			return hinted{errors.New(failed.Message), failed.Next + "; or say how the policy file names this host with --dst tag:NAME"}
		}
		if err != nil {
			return err
		}
		o.dst = hostName(status)
	}
	text := grant.Missing{Capability: cfg.Capability, Src: []string{o.src}, Dst: o.dst, Port: cfg.Port, Tools: tools, Resources: list}.String()
	fmt.Fprintln(s.out, text)
	for _, selector := range tools {
		if note := noteTool(selector, cfg.Allow); note != "" {
			fmt.Fprintln(s.err, "note: "+note)
		}
	}
	return nil
}

// noteTool says why a selector gives nothing here, if so. A wildcard gives what
// the host offers, and that may become more.
func noteTool(selector string, offered []grant.Class) string {
	var classes []grant.Class
	for _, t := range everything().Tools() {
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
