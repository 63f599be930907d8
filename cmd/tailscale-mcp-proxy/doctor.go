// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"tailscale-mcp/internal/proxy"
)

// doctorTimeout bounds the whole walk. Each step has a tighter bound of its
// own.
const doctorTimeout = 2 * time.Minute

const doctorDetails = `
It takes the flags of the relay as they stand in the client's configuration, and
asks the server as the client does.
`

func doctorFlags(opt *options, asJSON *bool) *flag.FlagSet {
	flags := serverFlags("doctor", opt)
	flags.BoolVar(asJSON, "json", false, "print the steps as JSON")
	return flags
}

// runDoctor walks the way of a request, from the configuration to the tools
// that are granted, with what the relay itself uses, and stops at the first
// break.
func runDoctor(ctx context.Context, s streams, args []string) error {
	opt, asJSON := &options{}, false
	if err := opt.read(doctorFlags(opt, &asJSON), args, s.environ); err != nil {
		return err
	}
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
	w := &walk{opt: opt, cfg: cfg, path: proxy.NewPath(ctx, cfg)}
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
		return exitCode(exitFailed)
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
	what, advice := proxy.Advice(err)
	if advice != "" {
		next = advice
	}
	return finding{Status: statusFail, Detail: what, Next: next}
}
