// SPDX-License-Identifier: MIT

package survey

import (
	"context"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
)

// Evaluator compiles policy files for the tailnet as it is now. It does one at a time:
// what a large tailnet compiles to takes tens of megabytes.
type Evaluator struct {
	api     API
	details *details
	shares  *details
	room    chan struct{} // for a tailnet that is read or evaluated
	turn    chan struct{}
}

// Weight is that of a call of a tool that evaluates: one caller has 16 in line for the
// evaluator at most, and others wait behind those.
const Weight = 4

// tailnetsAtOnce bounds the tailnets in memory: the next is read while one is evaluated.
const tailnetsAtOnce = 2

// NewEvaluator returns an evaluator; all tools of a server share one.
func NewEvaluator(api API) *Evaluator {
	return &Evaluator{api, newDetails(), newDetails(), make(chan struct{}, tailnetsAtOnce), make(chan struct{}, 1)}
}

// Evaluation is one or more files compiled for the same tailnet.
type Evaluation struct {
	*Survey
	// Policies are of the files, in their order.
	Policies []*policy.Policy
}

// Evaluate waits for room, reads the tailnet, waits for its turn and hands the compiled
// files to use, which must keep nothing of them. Files that are too large for the tailnet
// are refused. first name the devices whose posture counts most.
func (e *Evaluator) Evaluate(ctx context.Context, first []string, files []*grammar.File, use func(Evaluation) error) error {
	needs := NeedsOf(files...)
	needs.First = first
	return e.evaluate(ctx, needs, files, use)
}

// Outline is Evaluate by two requests: it asks for nothing of single devices and Services,
// so what hangs on those is unknown.
func (e *Evaluator) Outline(ctx context.Context, file *grammar.File, use func(Evaluation) error) error {
	return e.evaluate(ctx, Needs{}, []*grammar.File{file}, use)
}

func (e *Evaluator) evaluate(ctx context.Context, needs Needs, files []*grammar.File, use func(Evaluation) error) error {
	if err := enter(ctx, e.room); err != nil {
		return err
	}
	defer func() { <-e.room }()
	survey, err := read(ctx, e.api, e.details, needs)
	if err != nil {
		return err
	}
	if err := bounded(len(survey.Devices), files); err != nil {
		return err
	}
	if err := enter(ctx, e.turn); err != nil {
		return err
	}
	defer func() { <-e.turn }()
	out := Evaluation{Survey: survey}
	for _, f := range files {
		out.Policies = append(out.Policies, policy.Compile(f, survey.Tailnet))
	}
	return use(out)
}

// enter takes a place, for as long as ctx lasts.
func enter(ctx context.Context, places chan<- struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
