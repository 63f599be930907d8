// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
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
	"tailscale-mcp/internal/tool/access/held"
	"tailscale-mcp/internal/tool/catalog/typo"
	"tailscale-mcp/internal/upstream/known"
)

func checkCommand() *cobra.Command {
	var as string
	c := &cobra.Command{
		Use:               "check [--as LOGIN|TAG|NODE|GROUP] [TOOL]",
		Short:             "who may use what here, and by which grant",
		ValidArgsFunction: cli.Words(callable),
		Args:              cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, names []string) error {
			if len(names) > 1 || c.Flags().Changed("as") && as == "" {
				return cli.Misused("tailscale-mcp check --as alice@example.com list_all_devices", "say who the caller is, and at most one tool")
			}
			return runCheck(c.Context(), personOf(c), as, names)
		},
	}
	c.Flags().StringVar(&as, "as", "", "the `CALLER`: a login, a tag, a node by name or address, or group:NAME (default: all, by the policy file)")
	return c
}

// checker answers for one run of check.
type checker struct {
	person
	cfg        config.Config
	status     *ipnstate.Status
	dispatcher *gate.Dispatcher
	file       *held.File // nil where it cannot be read
	tools      []tool.Tool
	one        bool // tools is the one that was asked about
	servers    known.Servers
	foreign    *grant.Tool // the one of a server that was asked about
}

// runCheck answers "who may do what here", and "what may X do here" with the very
// identity and decisions that a call of X would meet: it asks tailscaled about X's
// address. Where there is an API credential it names the lines of the policy file, and
// answers by the file alone for those of whom there is no node. names is one tool, or
// none for all.
func runCheck(ctx context.Context, p person, as string, names []string) error {
	cfg, err := operatorConfig(p)
	if err != nil {
		return err
	}
	if as == "" && cfg.Credential.IsZero() {
		return cli.Misused("name a caller, which takes none: tailscale-mcp check --as alice@example.com; or set one in "+config.File+", and run this with sudo",
			"who may use what here is in the policy file, which takes an API credential, and this account sees none")
	}
	k := checker{person: p, cfg: cfg, tools: everything().Tools}
	registry := tool.NewRegistry(grant.Classes(), everything())
	k.servers = behind(p, cfg, registry)
	switch {
	case len(names) == 1 && grant.NamesServer(names[0]):
		t, why := k.servers.Named(names[0])
		if why != "" {
			return cli.Hint(errors.New(why), "tailscale-mcp server list names the servers, and server show NAME the tools of one")
		}
		k.one, k.tools, k.foreign = true, nil, &t
	case len(names) == 1:
		k.one = true
		k.tools = slices.DeleteFunc(k.tools, func(t tool.Tool) bool { return t.Name != names[0] })
		if len(k.tools) == 0 {
			return cli.Hint(errors.New(typo.Of(names[0])), "tailscale-mcp tools lists them")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if k.status, err = localapi.New(localClient(cfg)).Peers(ctx); err != nil {
		return err
	}
	k.file, err = readFile(ctx, cfg, k.status, as)
	if k.file != nil {
		for _, what := range k.file.Unread() {
			p.note("not read, so not known here: %s", what)
		}
	}
	switch {
	case as == "" && err != nil:
		return err
	case as == "":
		return k.everybody()
	case err != nil:
		p.note("the policy file is left out of account: %v", err)
	}
	k.dispatcher = gate.NewDispatcher(gate.Options{
		Registry: registry, Audit: audit.NewJSONLines(p.err), Log: slog.New(slog.DiscardHandler), Capability: cfg.Capability,
		Host: func() gate.Host { return gate.Host{Name: hostName(k.status), Port: cfg.Port} },
	})
	nodes := nodesOf(k.status, as)
	switch {
	case len(nodes) > 0:
		return k.nodes(ctx, nodes)
	case k.file != nil:
		return k.absent(as)
	}
	if strings.HasPrefix(as, "group:") || strings.HasPrefix(as, "autogroup:") {
		return cli.Misused("set a credential in "+config.File+" and run this with sudo, or name one who is in it: tailscale-mcp check --as alice@example.com",
			"who is in %s and what it is granted is in the policy file, which takes an API credential, and this account sees none", as)
	}
	return cli.Hint(fmt.Errorf("this host sees no node of %s in its tailnet", as),
		"tailscale status lists the nodes that it sees; with an API credential, which "+config.File+" may hold, this answers by the policy file for others too")
}

// readFile reads the policy file and the tailnet, and returns nil without a credential.
func readFile(ctx context.Context, cfg config.Config, status *ipnstate.Status, as string) (*held.File, error) {
	api, err := newAPI(cfg, slog.New(slog.DiscardHandler))
	if err != nil || api == nil {
		return nil, err
	}
	defer api.Close()
	server := held.Server{Name: hostName(status), Capability: cfg.Capability, Port: cfg.Port}
	if status.Self != nil {
		server.ID = string(status.Self.ID)
	}
	file, err := held.Read(ctx, api, server, as)
	return file, refusedByAPI(err)
}

// nodes answers for nodes that are there, as tailscaled says who they are.
func (k checker) nodes(ctx context.Context, nodes []netip.Addr) error {
	resolver := identity.New(identity.Options{
		Tailscaled: localClient(k.cfg), Capability: k.cfg.Capability, AllowSelf: k.cfg.AllowSelf, Log: slog.New(slog.DiscardHandler),
		Self: func() (string, bool) { return string(k.status.Self.ID), true },
	})
	for _, addr := range nodes {
		c, err := resolver.Resolve(ctx, netip.AddrPortFrom(addr, 1))
		if err != nil {
			fmt.Fprintf(k.out, "%s (%s): every request is refused: %v\n", c, addr, err)
			continue
		}
		fmt.Fprintf(k.out, "%s (%s):\n", c, c.Addr.Addr())
		var by *held.Caller
		if k.file != nil {
			by = k.file.At(strings.Join(c.Principals(), ","), addr)
		}
		if err := k.explain(c, by, true); err != nil {
			return err
		}
	}
	return nil
}

// explain prints what c may use and by which entry, and for one tool that it may not
// use the grant that is missing. by is what the policy file says of c, if it was read;
// there is whether c is so by tailscaled, and not by the file.
func (k checker) explain(c caller.Caller, by *held.Caller, there bool) error {
	w := tabwriter.NewWriter(k.out, 0, 0, 2, ' ', 0)
	granted, perhaps := false, false
	linesOf := func(t grant.Tool) string { lines, _ := by.Lines(t, time.Now()); return lines }
	if k.foreign != nil {
		granted = c.Rules.At(time.Now()).Tool(*k.foreign).Allowed
		if err := k.servers.One(k.out, k.dispatcher, c, *k.foreign, linesOf); err != nil {
			return err
		}
	}
	if !k.one {
		k.sum(c)
	}
	for _, t := range k.tools {
		decision, missing := k.dispatcher.Explain(c, t.Name)
		lines, sure := by.Lines(t.Granted(), time.Now())
		switch {
		case t.ForEveryone:
			lines = ""
		case decision.Allowed && by != nil && lines == "":
			lines = ", by no line of the policy file as it is now"
		}
		granted = granted || decision.Allowed && !t.ForEveryone
		lack := lacking(t, k.cfg)
		switch {
		case !decision.Allowed && lines != "" && !sure && !there:
			perhaps = true
			fmt.Fprintf(w, "  may\t%s\t%s\tif the rule is for them%s\n", t.Name, t.Class, lines)
		case !decision.Allowed && lines != "" && sure:
			fmt.Fprintf(w, "  no\t%s\t%s\ttailscaled does not say so (yet), but it is granted%s\n", t.Name, t.Class, lines)
		case !decision.Allowed:
			fmt.Fprintf(w, "  no\t%s\t%s\t\n", t.Name, t.Class)
		case lack != "":
			fmt.Fprintf(w, "  no\t%s\t%s\tgranted by %s%s, but %s\n", t.Name, t.Class, decision.By, lines, lack)
		default:
			fmt.Fprintf(w, "  yes\t%s\t%s\tby %s%s\n", t.Name, t.Class, decision.By, lines)
		}
		if k.one && !decision.Allowed {
			if err := w.Flush(); err != nil {
				return err
			}
			fmt.Fprintf(k.out, "\nThis in \"grants\" of the tailnet policy file would allow it:\n%s\n", missing)
			if lack != "" {
				fmt.Fprintf(k.out, "But %s.\n", lack)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !k.one {
		if err := k.servers.Explain(k.out, k.dispatcher, c, linesOf); err != nil {
			return err
		}
		granted = granted || slices.ContainsFunc(k.servers.Registry.Servers(), c.Rules.At(time.Now()).Reach)
	}
	for _, m := range mistaken(c.Rules, k.servers) {
		if k.one && granted {
			break // it is not what keeps them from the tool
		}
		fmt.Fprintf(k.out, "\nAn entry of theirs names %q, which gives nothing: %s.\n", m.Selector, m.Why)
	}
	if by == nil {
		return nil
	}
	if perhaps {
		fmt.Fprintf(k.out, "\nIt is not known: %s.\n", strings.Join(by.Unknown, "; "))
	}
	if why, missing := k.file.NoWay(by); granted && why != "" {
		k.shut(why, missing)
	}
	return nil
}

// sum prints what a caller is granted, and how many tools of that this host offers.
func (k checker) sum(c caller.Caller) {
	var all []grant.Tool
	may, offered := map[string]bool{}, 0
	for _, t := range k.tools {
		if t.ForEveryone {
			continue
		}
		all = append(all, t.Granted())
		if decision, _ := k.dispatcher.Explain(c, t.Name); decision.Allowed {
			may[t.Name] = true
			if lacking(t, k.cfg) == "" {
				offered++
			}
		}
	}
	granted := strings.Join(grant.Summary(all, func(t grant.Tool) bool { return may[t.Name] }), ", ")
	switch {
	case len(may) == 0:
		granted = "nothing"
	case offered < len(may):
		granted += fmt.Sprintf("; %d of these are not offered here", len(may)-offered)
	}
	fmt.Fprintf(k.out, "  %d of %d tools: %s\n\n", len(may), len(all), granted)
}

// shut says that somebody has no way to the server, and the rule that would be one.
func (k checker) shut(why, missing string) {
	fmt.Fprintf(k.out, "\nBut %s.\n", why)
	if missing != "" {
		fmt.Fprintf(k.out, "This in \"grants\" of the tailnet policy file would let them:\n%s\n", missing)
	}
}

// lacking says why this host does not offer a tool, whoever is granted it.
func lacking(t tool.Tool, cfg config.Config) string {
	switch {
	case !slices.Contains(cfg.Allow, t.Class) && !t.ForEveryone:
		return "this host does not offer the class: TAILSCALE_MCP_ALLOW"
	case cfg.Groups != nil && !slices.Contains(cfg.Groups, t.Group) && !t.ForEveryone:
		return "this host does not offer the group: TAILSCALE_MCP_GROUPS"
	case cfg.Credential.IsZero() && !answeredLocally(t):
		return "it needs an API credential, and this account sees none"
	}
	return ""
}
