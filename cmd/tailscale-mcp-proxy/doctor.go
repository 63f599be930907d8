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
	"tailscale-mcp/internal/proxy/route"
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
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := opt.finish(c.Flags(), c.CommandPath(), s.environ); err != nil {
			return err
		}
		s.out = c.OutOrStdout()
		return opt.diagnose(c.Context(), s, asJSON)
	}
	return c
}

// diagnose walks the way of a request, from the configuration to the tools
// that are granted, with what the relay itself uses, and stops at the first
// break.
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

	cfg := opt.config(log)
	w := &walk{opt: opt, cfg: cfg, path: route.NewPath(ctx, cfg.Route())}
	defer w.close()
	report := report{Server: opt.server.String(), OK: true}
	for _, step := range steps {
		f := finding{Step: step.name, Status: statusNotTried}
		if report.OK {
			f = step.try(ctx, w)
			f.Step = step.name
			report.OK = f.Status != statusFail
		}
		report.Steps = append(report.Steps, f)
		if !asJSON {
			f.print(s.out)
		}
	}
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

// report is what --json prints.
type report struct {
	Server string    `json:"server"`
	OK     bool      `json:"ok"`
	Steps  []finding `json:"steps"`
}

// finding is what a step found.
type finding struct {
	Step   string `json:"step"`
	Status status `json:"status"`
	Detail string `json:"detail,omitempty"` // what was found
	Next   string `json:"next,omitempty"`   // what to do about it
	Data   any    `json:"data,omitempty"`   // the same for a program
}

type status string

const (
	statusOK        status = "ok"
	statusNote      status = "note" // it goes on, but a person should know
	statusFail      status = "fail"
	statusNotNeeded status = "not needed"
	statusNotTried  status = "not tried"
)

func (f finding) print(w io.Writer) {
	const indent = "\n      "
	switch f.Status {
	case statusNotNeeded, statusNotTried:
		fmt.Fprintf(w, "-     %s: %s\n", f.Step, f.Status)
		return
	}
	fmt.Fprintf(w, "%-4s  %s: %s\n", f.Status, f.Step, strings.ReplaceAll(f.Detail, "\n", indent))
	if f.Next != "" {
		fmt.Fprintf(w, "      next: %s\n", strings.ReplaceAll(f.Next, "\n", indent))
	}
}

func found(format string, a ...any) finding {
	return finding{Status: statusOK, Detail: fmt.Sprintf(format, a...)}
}

// noted is found with what a person should know; "" when there is nothing.
func noted(detail, note string) finding {
	if note == "" {
		return found("%s", detail)
	}
	if detail != "" {
		detail += "; "
	}
	return finding{Status: statusNote, Detail: detail + note}
}

// broken is the break: err and what to do, which err may say itself.
func broken(err error, next string) finding {
	what, advice := route.Advice(err)
	if advice != "" {
		next = advice
	}
	return finding{Status: statusFail, Detail: what, Next: next}
}
