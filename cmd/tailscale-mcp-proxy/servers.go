// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/proxy/listed"
	"tailscale-mcp/internal/proxy/transport"
)

// serversCommand lists the servers of a host that its user may use.
func serversCommand(s streams) *cobra.Command {
	opt, asJSON := &options{host: true}, false
	c := &cobra.Command{
		Use:   "servers --server URL [options]",
		Short: "list the servers of a host that you may use",
		Long:  serversDetails,
	}
	c.Flags().AddFlagSet(serverFlags(opt))
	c.Flags().BoolVar(&asJSON, "json", false, "print the servers as JSON")
	cli.CompleteFiles(c)
	cli.CompleteValues(c, "transport", transport.Words())
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := opt.finish(c.Flags(), c.CommandPath(), s.environ); err != nil {
			return err
		}
		return opt.list(c.Context(), s, c.OutOrStdout(), asJSON)
	}
	return c
}

// listedServer is a server with the command that enters it, as --json prints it.
type listedServer struct {
	listed.Server
	Install string `json:"install"`
}

// list prints the servers of the host.
func (opt *options) list(ctx context.Context, s streams, out io.Writer, asJSON bool) error {
	all, err := opt.servers(ctx, s)
	if err != nil {
		return err
	}
	if !asJSON {
		for _, server := range all {
			fmt.Fprintf(out, "%s  %s\n", server.Name, server.URL)
			for _, text := range []string{server.Title, server.About} {
				if text != "" {
					fmt.Fprintf(out, "    %s\n", text)
				}
			}
			fmt.Fprintf(out, "    %s\n    %s\n", server.Summary(), installLine(server))
		}
		fmt.Fprintf(out, sayAll, listed.Origin(opt.server))
		return nil
	}
	answer := struct {
		Host    string         `json:"host"`
		Servers []listedServer `json:"servers"`
	}{Host: listed.Origin(opt.server).String()}
	for _, server := range all {
		answer.Servers = append(answer.Servers, listedServer{server, installLine(server)})
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(answer)
}

// servers asks the host which servers its user may use.
func (opt *options) servers(ctx context.Context, s streams) ([]listed.Server, error) {
	if err := opt.readHeaders(s.environ); err != nil {
		return nil, err
	}
	log, closed := slog.New(slog.DiscardHandler), func() {}
	if opt.verbose || opt.debug || opt.logFile != "" {
		var err error
		if log, closed, err = opt.openLog(s.err); err != nil {
			return nil, err
		}
	}
	defer closed()
	all, err := listed.Ask(ctx, opt.config(log))
	if err != nil {
		return nil, cli.Hint(err, fmt.Sprintf("%s doctor --server %s/mcp", program, listed.Origin(opt.server)))
	}
	return all, nil
}

// installLine is the command that enters a server in the configuration of a client.
func installLine(s listed.Server) string {
	return program + " install CLIENT --server " + s.URL
}

// wholeServer is the URL s with the path of an endpoint, where it names a host only.
func wholeServer(s string) string {
	u, err := url.Parse(s)
	if err != nil || !strings.Contains(s, "://") || u.Path != "" && u.Path != "/" {
		return s
	}
	u.Path = "/mcp"
	return u.String()
}
