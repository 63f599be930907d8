// SPDX-License-Identifier: MIT

package manage

import (
	"bufio"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/upstream/entry"
)

// Command returns the subcommand server. host returns the host for a verb that only reads,
// or changes; the function gives back what it holds.
func Command(host func(ctx context.Context, changes bool) (Host, func(), error)) *cobra.Command {
	v := &verbs{host: host}
	c := &cobra.Command{
		Use:   "server",
		Short: "add, approve and look after MCP servers behind this one, see tailscale-mcp-server(8)",
		Args:  cli.NoArguments,
	}
	c.AddCommand(v.add(), v.list(), v.check(), v.apply(), v.show(), v.approve(), v.remove())
	return c
}

// verbs are the commands below server.
type verbs struct {
	host      func(ctx context.Context, changes bool) (Host, func(), error)
	yes, json bool
}

// verb completes a command that does something with the host.
func (v *verbs) verb(c *cobra.Command, changes bool, do func(ctx context.Context, h Host, p Person, args []string) error) *cobra.Command {
	if changes {
		c.Flags().BoolVar(&v.yes, "yes", false, "answer every question with yes")
	} else {
		c.Flags().BoolVar(&v.json, "json", false, "as JSON")
	}
	if strings.Contains(c.Use, "NAME") && c.Name() != "add" { // whose name is a new one
		c.ValidArgsFunction = cli.Words(func() []string { return v.names(c.Context()) })
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		h, done, err := v.host(c.Context(), changes)
		if err != nil {
			return err
		}
		defer done()
		return do(c.Context(), h, Person{In: bufio.NewReader(c.InOrStdin()), Out: c.OutOrStdout(), Yes: v.yes, JSON: v.json}, args)
	}
	return c
}

// names are those of the servers, to complete.
func (v *verbs) names(ctx context.Context) (names []string) {
	h, done, err := v.host(ctx, false)
	if err != nil {
		return nil
	}
	defer done()
	files, _ := entry.Dir(h.Dir)
	for _, f := range files {
		names = append(names, f.Name)
	}
	return names
}

func (v *verbs) list() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "which servers there are, and how they stand", Args: cli.NoArguments}
	return v.verb(c, false, func(ctx context.Context, h Host, p Person, _ []string) error { return h.List(ctx, p) })
}

func (v *verbs) check() *cobra.Command {
	c := &cobra.Command{Use: "check [NAME]", Short: "what is wrong with the entries, by file and line; nothing is changed", Args: cli.OptionalArgument}
	return v.verb(c, false, func(ctx context.Context, h Host, p Person, args []string) error {
		return h.Check(ctx, p, append(args, "")[0])
	})
}

func (v *verbs) show() *cobra.Command {
	c := &cobra.Command{Use: "show NAME", Short: "all about one server: its sandbox, its tools, what runs of it", Args: cli.OneArgument("the NAME of the server")}
	return v.verb(c, false, func(ctx context.Context, h Host, p Person, args []string) error { return h.Show(ctx, p, args[0]) })
}

func (v *verbs) apply() *cobra.Command {
	var a Applying
	c := &cobra.Command{Use: "apply", Short: "have the host be what the entries say: packages, units, sockets", Args: cli.NoArguments}
	c.Flags().BoolVar(&a.Now, "now", false, "end the processes that run, and the sessions with servers elsewhere, so that the next request finds what the entry says")
	c.Flags().BoolVar(&a.Unpinned, "unpinned", false, "install packages of npm that have no version")
	return v.verb(c, true, func(ctx context.Context, h Host, p Person, _ []string) error { return h.Apply(ctx, p, a) })
}

func (v *verbs) approve() *cobra.Command {
	var a Approval
	var classes []string
	c := &cobra.Command{Use: "approve NAME", Short: "show how a server differs from what was approved, and approve it", Args: cli.OneArgument("the NAME of the server")}
	approvalFlags(c, &a, &classes)
	return v.verb(c, true, func(ctx context.Context, h Host, p Person, args []string) (err error) {
		if a.Classes, err = ParseClasses(classes); err != nil {
			return err
		}
		return h.Approve(ctx, p, args[0], a)
	})
}

func approvalFlags(c *cobra.Command, a *Approval, classes *[]string) {
	c.Flags().StringArrayVar(classes, "class", nil, "the class of tools: `CLASS=NAME[,NAME...]`, a name may end in *; may be repeated; without one a tool is destructive")
	c.Flags().BoolVar(&a.Suggested, "suggested", false, "give new tools the class that they claim for themselves")
	c.Flags().BoolVar(&a.AsIs, "as-is", false, "approve what is withheld because it looks wrong, where that can be")
}

func (v *verbs) remove() *cobra.Command {
	c := &cobra.Command{Use: "remove NAME", Short: "take a server away: its entry, what was approved, its package, what runs", Args: cli.OneArgument("the NAME of the server")}
	return v.verb(c, true, func(ctx context.Context, h Host, p Person, args []string) error { return h.Remove(ctx, p, args[0]) })
}

// startedOnly and remoteOnly are the options of add for one kind of server.
var (
	startedOnly = []string{"read", "write", "user", "env", "unpinned"}
	remoteOnly  = []string{"header", "type", "ca"}
)

// remote checks the command line that adds a server by its URL.
func (a *Adding) remote(c *cobra.Command, args []string) error {
	if len(args) != 1 || c.ArgsLenAtDash() >= 0 {
		return cli.Misused("server add NAME --url URL [options]", "a server that runs elsewhere has a NAME and no command")
	}
	if a.URL == "" {
		return cli.Misused("server add NAME --url URL [options]", "--url is empty")
	}
	for _, name := range startedOnly {
		if c.Flags().Changed(name) {
			return cli.Misused("server add NAME --url URL [options]", "--%s is for a server that is started here", name)
		}
	}
	return nil
}

func (v *verbs) add() *cobra.Command {
	var a Adding
	var classes []string
	c := &cobra.Command{
		Use: "add NAME [options] -- COMMAND [ARGUMENT...]", Short: "add a server: one that is started here, or by --url one that runs elsewhere",
		Args: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("url") {
				return a.remote(c, args)
			}
			for _, name := range remoteOnly {
				if c.Flags().Changed(name) {
					return cli.Misused("server add NAME --url URL [options]", "--%s is for a server that runs elsewhere", name)
				}
			}
			if c.ArgsLenAtDash() != 1 || len(args) < 2 {
				return cli.Misused("write: "+c.UseLine()+"; or: tailscale-mcp server add NAME --url URL [options]",
					"a server to add takes one NAME, and behind -- the command that starts it, or --url")
			}
			return nil
		},
		Example: "  sudo tailscale-mcp server add files --read /srv/docs -- npx -y @modelcontextprotocol/server-filesystem@2026.8.31 /srv/docs\n" +
			"  sudo tailscale-mcp server add tickets --url https://tickets.example.com/mcp --header 'Authorization: Bearer ${credential:tickets.token}'",
	}
	c.Flags().StringArrayVar(&a.Read, "read", nil, "a `PATH` that it sees; may be repeated")
	c.Flags().StringArrayVar(&a.Write, "write", nil, "a `PATH` that it may change; may be repeated; needs --user")
	c.Flags().StringVar(&a.User, "user", "", "the `ACCOUNT` that it runs under for all callers, who are not apart then")
	c.Flags().StringVar(&a.Network, "network", "", "what it reaches: none (default), internet (with --url the default), unconfined, or `NETWORKS` with commas")
	c.Flags().StringArrayVar(&a.Env, "env", nil, "a variable: `NAME=VALUE`; may be repeated; a secret is better a credential, see tailscale-mcp-server(5)")
	c.Flags().BoolVar(&a.Unpinned, "unpinned", false, "install a package of npm that has no version")
	c.Flags().StringVar(&a.URL, "url", "", "the `URL` of a server that runs elsewhere, in place of a command")
	c.Flags().StringArrayVar(&a.Headers, "header", nil, "a header for it: `NAME: VALUE`, with a secret as ${credential:NAME.x}; may be repeated")
	c.Flags().StringVar(&a.Type, "type", "", "its `TRANSPORT`: http (default) or sse")
	c.Flags().StringVar(&a.CA, "ca", "", "a `FILE` with the authorities whose certificates hold for it, and no others")
	approvalFlags(c, &a.Approval, &classes)
	cli.CompleteFiles(c)
	cli.CompleteValues(c, "type", []string{string(entry.Streamable), string(entry.SSE)})
	cli.CompleteValues(c, "network", []string{"none", "internet", "unconfined"})
	return v.verb(c, true, func(ctx context.Context, h Host, p Person, args []string) (err error) {
		if a.Classes, err = ParseClasses(classes); err != nil {
			return err
		}
		a.Name, a.Command = args[0], args[1:] // none beside --url
		return h.Add(ctx, p, a)
	})
}
