// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/install"
)

func installCommand(s streams) *cobra.Command {
	opt := &installOptions{}
	c := &cobra.Command{
		Use:   "install CLIENT --server URL [options] [-- OPTIONS]",
		Short: "enter the proxy in the configuration of a client",
		Long:  installDetails,
	}
	c.Flags().StringVar(&opt.server, "server", "", "the `URL` of the server's MCP endpoint (or MCP_SERVER)")
	c.Flags().Var(&opt.groups, "groups", "show the client these `GROUPS` of tools only, such as devices,policy")
	c.Flags().StringVar(&opt.text, "text", "", "what stands beside the structured content of an answer: full or short, by `KIND`")
	c.Flags().BoolVar(&opt.list, "list", false, "list the clients and their files")
	c.Flags().BoolVar(&opt.printOnly, "print", false, "only print what to enter and where")
	c.Flags().BoolVar(&opt.force, "force", false, "replace another server of that name")
	behind := pflag.NewFlagSet("", pflag.ContinueOnError)
	serverFlags(&options{}).VisitAll(func(f *pflag.Flag) {
		if f.Name != "server" { // which install takes itself
			behind.AddFlag(f)
		}
	})
	c.Flags().BoolVar(&opt.all, "all", false, "enter every server of the host that you may use, each by its name")
	return opt.command(s, c, cli.WithBehind(cli.Words(install.Names), behind), doInstall)
}

func uninstallCommand(s streams) *cobra.Command {
	opt := &installOptions{}
	c := &cobra.Command{
		Use:   "uninstall CLIENT [options]",
		Short: "undo what install has done",
		Long:  uninstallDetails,
	}
	c.Flags().BoolVar(&opt.printOnly, "print", false, "only print what would be changed")
	c.Flags().BoolVar(&opt.force, "force", false, "remove another server of that name")
	return opt.command(s, c, cli.Words(install.Names), doUninstall)
}

// command completes either command, which do carries out.
func (opt *installOptions) command(s streams, c *cobra.Command, words cobra.CompletionFunc, do func(context.Context, setting, person) error) *cobra.Command {
	c.Flags().StringVar(&opt.name, "name", install.DefaultName, "the `NAME` of the server in the client")
	c.Flags().StringVar(&opt.config, "config", "", "the client's configuration `FILE`, when not the usual one")
	c.Flags().BoolVarP(&opt.yes, "yes", "y", false, "do not ask")
	cli.CompleteFiles(c)
	c.ValidArgsFunction = words
	c.Args = opt.arguments
	c.RunE = func(c *cobra.Command, _ []string) error {
		s.out = c.OutOrStdout()
		return runEither(c.Context(), opt, s, do)
	}
	return c
}

// asHinted takes over the hint of a refusal.
func asHinted(err error) error {
	var r *install.Refusal
	if errors.As(err, &r) {
		return cli.Hint(err, r.Hint)
	}
	return err
}

// setting is what both commands start from.
type setting struct {
	opt     *installOptions
	environ []string
	here    install.System
	self    string
}

func runEither(ctx context.Context, opt *installOptions, s streams, do func(context.Context, setting, person) error) (err error) {
	env := func(name string) string { return lookup(s.environ, name) }
	from := setting{opt: opt, environ: s.environ}
	if from.here, err = install.Here(env); err != nil {
		return cli.AsUsage(err)
	}
	if from.self, err = install.Executable(os.Args[0], env("PATH")); err != nil {
		return cli.AsUsage(err)
	}
	return do(ctx, from, person{s.in, s.out, s.err})
}

// client is the client named and its file.
func (s setting) client() (install.Client, string, error) {
	c, err := install.Find(s.opt.client)
	if err != nil {
		return c, "", asHinted(err)
	}
	if s.opt.config != "" {
		return c, s.opt.config, nil
	}
	return c, c.File(s.here), nil
}

func doInstall(ctx context.Context, s setting, p person) error {
	if s.opt.list {
		return s.list(p.stdout)
	}
	if s.opt.all {
		return doInstallAll(ctx, s, p)
	}
	c, path, err := s.client()
	if err != nil {
		return cli.AsUsage(err)
	}
	e, err := s.opt.entry(s.self, s.here.Home, s.environ)
	if err != nil {
		return cli.AsUsage(err)
	}
	if err := c.Check(s.here, e); err != nil {
		return cli.AsUsage(asHinted(err))
	}
	if !s.opt.named {
		if err := s.nameAfter(c, path, e); err != nil {
			return asHinted(err)
		}
	}
	if install.Temporary(e.Command) {
		fmt.Fprintf(p.stderr, sayTemporary, e.Command)
	}
	if s.opt.printOnly {
		return s.show(p.stdout, c, path, e)
	}
	plan, err := install.PlanInstall(c, path, s.opt.name, e, s.opt.force)
	if err != nil {
		return asHinted(err)
	}
	done, err := p.apply(plan, "Write", s.opt)
	if done {
		fmt.Fprintf(p.stdout, sayNext, c.After)
		s.mention(p.stdout)
	}
	return err
}

func doUninstall(_ context.Context, s setting, p person) error {
	c, path, err := s.client()
	if err != nil {
		return cli.AsUsage(err)
	}
	plan, err := install.PlanUninstall(c, path, s.opt.name, s.self, s.opt.force)
	if err != nil {
		return asHinted(err)
	}
	done, err := p.apply(plan, "Remove", s.opt)
	if done {
		for _, copied := range plan.Copies() {
			fmt.Fprintf(p.stdout, sayCopy, copied)
		}
		fmt.Fprintf(p.stdout, sayStartAgain, c.Product)
	}
	for _, name := range plan.Others {
		fmt.Fprintf(p.stdout, sayOther, name, name)
	}
	return err
}

// show prints what a person has to enter and where.
func (s setting) show(w io.Writer, c install.Client, path string, e install.Entry) error {
	text, err := c.Snippet(s.opt.name, e)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, sayPut, path, text)
	if command := c.Command(s.here, s.opt.name, e); command != "" {
		fmt.Fprintf(w, sayOrRun, command)
	}
	fmt.Fprintf(w, sayThen, c.After)
	s.mention(w)
	for _, source := range c.Sources {
		fmt.Fprintf(w, saySource, source)
	}
	return nil
}

// mention says what the entry needs that does not stand in it.
func (s setting) mention(w io.Writer) {
	for _, name := range s.opt.variables {
		fmt.Fprintf(w, sayVariable, name)
	}
}

// list prints the clients, what stands in their files, and where these are on
// this machine.
func (s setting) list(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range install.Clients() {
		path := c.File(s.here)
		shown := path
		if rest, ok := strings.CutPrefix(path, s.here.Home+string(filepath.Separator)); ok {
			shown = "~" + string(filepath.Separator) + rest
		}
		fmt.Fprintf(table, "%s\t%s\n\t%s\n", c.ID, c.State(path, s.opt.name, s.self), shown)
	}
	return table.Flush()
}
