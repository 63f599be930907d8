// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/proxy/doctor"
	"tailscale-mcp/internal/proxy/headers"
	"tailscale-mcp/internal/proxy/transport"
	"tailscale-mcp/internal/version"
)

// doctorTimeout bounds the whole walk. Each step has a tighter bound of its
// own.
const doctorTimeout = 2 * time.Minute

func doctorCommand(s streams) *cobra.Command {
	opt, asJSON := &options{}, false
	c := &cobra.Command{
		Use:   "doctor --server URL [options]",
		Short: "walk the way of a request, and say where it breaks",
		Long:  doctorDetails,
	}
	c.Flags().AddFlagSet(serverFlags(opt))
	c.Flags().BoolVar(&asJSON, "json", false, "print the steps as JSON")
	cli.CompleteFiles(c)
	cli.CompleteValues(c, "transport", transport.Words())
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := opt.finish(c.Flags(), c.CommandPath(), s.environ); err != nil {
			return err
		}
		s.out = c.OutOrStdout()
		return opt.diagnose(c.Context(), s, asJSON)
	}
	return c
}

// diagnose walks the way of a request and prints what it finds.
func (opt *options) diagnose(ctx context.Context, s streams, asJSON bool) error {
	if err := opt.readHeaders(s.environ); err != nil {
		return err
	}
	log, closed := slog.New(slog.DiscardHandler), func() {}
	if opt.verbose || opt.debug || opt.logFile != "" {
		var err error
		if log, closed, err = opt.openLog(s.err); err != nil {
			return err
		}
	}
	defer closed()
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()

	report := doctor.Walk(ctx, doctor.Options{
		Client: program + "-doctor", Version: version.String(), Relay: opt.config(log), Note: headers.Exposed(opt.headerFile),
	}, func(f doctor.Finding) {
		if !asJSON {
			printFinding(s.out, f)
		}
	})
	if asJSON {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		if err := e.Encode(report); err != nil {
			return err
		}
	}
	if !report.OK {
		return cli.Code(cli.Failed)
	}
	return nil
}

// printFinding prints what a step found.
func printFinding(w io.Writer, f doctor.Finding) {
	const indent = "\n      "
	switch f.Status {
	case doctor.NotNeeded, doctor.NotTried:
		fmt.Fprintf(w, "-     %s: %s\n", f.Step, f.Status)
		return
	}
	fmt.Fprintf(w, "%-4s  %s: %s\n", f.Status, f.Step, strings.ReplaceAll(f.Detail, "\n", indent))
	if f.Next != "" {
		fmt.Fprintf(w, "      next: %s\n", strings.ReplaceAll(f.Next, "\n", indent))
	}
}
