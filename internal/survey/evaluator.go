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
	turn    chan struct{}
}

// NewEvaluator returns an evaluator; all tools of a server share one.
func NewEvaluator(api API) *Evaluator { return &Evaluator{api, newDetails(), make(chan struct{}, 1)} }

// Evaluation is one or more files compiled for the same tailnet.
type Evaluation struct {
	*Survey
	// Policies are of the files, in their order.
	Policies []*policy.Policy
}

// Evaluate waits for its turn, reads the tailnet and hands the compiled files to use,
// which must keep nothing of them. first name the devices whose posture counts most.
func (e *Evaluator) Evaluate(ctx context.Context, first []string, files []*grammar.File, use func(Evaluation) error) error {
	needs := NeedsOf(files...)
	needs.First = first
	survey, err := read(ctx, e.api, e.details, needs)
	if err != nil {
		return err
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	out := Evaluation{Survey: survey}
	for _, f := range files {
		out.Policies = append(out.Policies, policy.Compile(f, survey.Tailnet))
	}
	return use(out)
}
