// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/identity"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/tool"
)

func checkCommand() *cobra.Command {
	var as string
	c := &cobra.Command{
		Use:               "check --as LOGIN|TAG|NODE [TOOL]",
		Short:             "what a caller may use here, and by which grant",
		ValidArgsFunction: cli.Words(toolNames),
		Args:              cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, names []string) error {
			if as == "" || len(names) > 1 {
				return cli.Misused("tailscale-mcp check --as alice@example.com list_all_devices", "say who the caller is, and at most one tool")
			}
			return runCheck(c.Context(), personOf(c), as, names)
		},
	}
	c.Flags().StringVar(&as, "as", "", "the `CALLER`: a login, a tag, or a node by name or address (required)")
	return c
}

// runCheck answers "what may X do here" with the very identity and decisions
// that a call of X would meet: it asks tailscaled about X's address. names is one
// tool, or none for all.
func runCheck(ctx context.Context, p person, as string, names []string) error {
	cfg, err := operatorConfig(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	lc := localClient(cfg)
	status, err := localapi.New(lc).Peers(ctx)
	if err != nil {
		return err
	}
	nodes := nodesOf(status, as)
	if len(nodes) == 0 {
		return cli.Hint(fmt.Errorf("this host sees no node of %s in its tailnet", as), "tailscale status lists the nodes that it sees")
	}
	resolver := identity.New(identity.Options{
		Tailscaled: lc, Capability: cfg.Capability, AllowSelf: cfg.AllowSelf, Log: slog.New(slog.DiscardHandler),
		Self: func() (string, bool) { return string(status.Self.ID), true },
	})
	dispatcher := gate.NewDispatcher(gate.Options{
		Registry: tool.NewRegistry(grant.Classes(), everything()), Audit: audit.NewJSONLines(p.err), Log: slog.New(slog.DiscardHandler), Capability: cfg.Capability,
		Host: func() gate.Host { return gate.Host{Name: hostName(status), Port: cfg.Port} },
	})
	for _, addr := range nodes {
		c, err := resolver.Resolve(ctx, netip.AddrPortFrom(addr, 1))
		if err != nil {
			fmt.Fprintf(p.out, "%s (%s): every request is refused: %v\n", c, addr, err)
			continue
		}
		if err := explain(p, dispatcher, c, names, cfg); err != nil {
			return err
		}
	}
	return nil
}

// explain prints what c may use and by which entry, and for one tool that it
// may not use the grant that is missing.
func explain(p person, d *gate.Dispatcher, c caller.Caller, names []string, cfg config.Config) error {
	fmt.Fprintf(p.out, "%s (%s):\n", c, c.Addr.Addr())
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, t := range everything().Tools {
		if len(names) == 1 && t.Name != names[0] {
			continue
		}
		decision, missing := d.Explain(c, t.Name)
		switch {
		case !decision.Allowed:
			fmt.Fprintf(w, "  no\t%s\t%s\t\n", t.Name, t.Class)
		case lacking(t, cfg) != "":
			fmt.Fprintf(w, "  no\t%s\t%s\tgranted by %s, but %s\n", t.Name, t.Class, decision.By, lacking(t, cfg))
		default:
			fmt.Fprintf(w, "  yes\t%s\t%s\tby %s\n", t.Name, t.Class, decision.By)
		}
		if len(names) == 1 && !decision.Allowed {
			if err := w.Flush(); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "\nThis in \"grants\" of the tailnet policy file would allow it:\n%s\n", missing)
			if lack := lacking(t, cfg); lack != "" {
				fmt.Fprintf(p.out, "But %s.\n", lack)
			}
		}
		if len(names) == 1 {
			return w.Flush()
		}
	}
	if len(names) == 1 {
		return cli.Hint(fmt.Errorf("there is no tool %q", names[0]), "tailscale-mcp tools")
	}
	return w.Flush()
}

// lacking says why this host does not offer a tool, whoever is granted it.
func lacking(t tool.Tool, cfg config.Config) string {
	switch {
	case !slices.Contains(cfg.Allow, t.Class) && !t.ForEveryone:
		return "this host does not offer the class: TAILSCALE_MCP_ALLOW"
	case cfg.Credential.IsZero() && !answeredLocally(t):
		return "it needs an API credential, and this account sees none"
	}
	return ""
}

// nodesOf finds the addresses of the nodes that as names: one node, or all of
// a login or a tag.
func nodesOf(status *ipnstate.Status, as string) []netip.Addr {
	addr, err := netip.ParseAddr(as)
	var found []netip.Addr
	all := []*ipnstate.PeerStatus{status.Self}
	for _, key := range status.Peers() {
		all = append(all, status.Peer[key])
	}
	for _, p := range all {
		if p == nil || len(p.TailscaleIPs) == 0 {
			continue
		}
		name := strings.TrimSuffix(p.DNSName, ".")
		label, _, _ := strings.Cut(name, ".")
		tagged := p.Tags != nil && p.Tags.Len() > 0
		login := status.User[p.UserID].LoginName
		if err == nil && slices.Contains(p.TailscaleIPs, addr) ||
			strings.EqualFold(name, as) || strings.EqualFold(label, as) ||
			tagged && slices.Contains(p.Tags.AsSlice(), as) ||
			!tagged && login == as {
			found = append(found, p.TailscaleIPs[0])
		}
	}
	return found
}
