// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type finding struct {
	User     string   `json:"user,omitempty" jsonschema:"whose test it was"`
	Errors   []string `json:"errors,omitempty" jsonschema:"what is wrong"`
	Warnings []string `json:"warnings,omitempty" jsonschema:"what may be wrong"`
}

// Verdict is the API's judgement of a policy file.
type Verdict struct {
	Valid    bool      `json:"valid" jsonschema:"whether the file may be set, its own tests included"`
	Problems []finding `json:"problems,omitempty" jsonschema:"why it is not valid"`
	Warnings []finding `json:"warnings,omitempty" jsonschema:"what does not keep it from being set"`
}

// judge has the API check a policy file. A refused file is an answer here, not an
// error.
//
// https://tailscale.com/api#tag/policyfile/POST/tailnet/{tailnet}/acl/validate
func judge(ctx context.Context, api API, text string) (Verdict, error) {
	o, err := api.Object(ctx, tsapi.Request{Op: "validateAndTestPolicyFile", Body: text, ContentType: "application/hujson"})
	var refused *tsapi.Error
	if errors.As(err, &refused) && refused.Status == 400 {
		return Verdict{Problems: []finding{{Errors: []string{refused.Message}}}}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Valid: true}
	message := o.Text("message")
	var findings []finding
	if data, ok := o.Field("data"); ok {
		if json.Unmarshal(data, &findings) != nil {
			findings = []finding{{Errors: []string{string(data)}}} // shown as it came
		}
	}
	if message != "" && len(findings) == 0 {
		findings = []finding{{Errors: []string{message}}}
	}
	for _, f := range findings {
		if len(f.Errors) > 0 {
			v.Problems = append(v.Problems, f)
		} else {
			v.Warnings = append(v.Warnings, f)
		}
	}
	// Only a message about warnings lets a file pass.
	v.Valid = len(v.Problems) == 0 && (message == "" || strings.Contains(message, "warning"))
	if !v.Valid && len(v.Problems) == 0 {
		v.Problems = []finding{{Errors: []string{message}}}
	}
	return v, nil
}

// opinion is what this server thinks of a policy file by itself. The Tailscale API is the
// judge; where the two differ, one of them is wrong, and that is told.
type opinion struct {
	wrong []string // why the file would be refused
	// sure is set where nothing wrong means that nothing is: every test has a verdict.
	sure bool
	// unsound is set where it is more than tests that fail.
	unsound bool
}

func opinionOf(f *grammar.File) opinion {
	o := opinion{sure: len(f.Tests)+len(f.SSHTests) == 0}
	for _, w := range grammar.Validate(f, nil) {
		o.wrong = append(o.wrong, fmt.Sprintf("line %d: %s", w.Line, seen(w.Message)))
	}
	o.unsound = len(o.wrong) > 0
	return o
}

// opinion is what this server thinks of a file. It reads the tailnet only where the
// verdict hangs on that; where it cannot, it is not sure.
func (c changer) opinion(ctx context.Context, call tool.Call, text string) opinion {
	f, err := parse(text)
	if err != nil {
		return opinion{}
	}
	o := opinionOf(f)
	if o.sure || o.unsound {
		return o
	}
	_ = c.Evaluator.Evaluate(ctx, callerNames(call), []*grammar.File{f}, func(v survey.Evaluation) error {
		o.try(ctx, v.Policies[0].Tests())
		return nil
	})
	return o
}

// The bounds of the verdicts on a file's own tests: others wait while they are judged.
const (
	mostVerdicts = 5000
	mostJudging  = 2 * time.Second
)

// try adds the verdicts of the file's own tests. Where they are too many it is not sure.
func (o *opinion) try(ctx context.Context, tests iter.Seq[policy.TestResult]) {
	ctx, cancel := context.WithTimeout(ctx, mostJudging)
	defer cancel()
	o.sure = true
	n := 0
	for t := range tests {
		if n++; n > mostVerdicts || ctx.Err() != nil {
			o.sure = false
			return
		}
		o.sure = o.sure && t.Pass != policy.Unknown
		if t.Pass == policy.No {
			o.wrong = append(o.wrong, fmt.Sprintf("line %d: %s", t.Rule.Line, seen(t.Text)))
		}
	}
}

// against says where the opinion differs from the verdict of the API; empty where it
// does not, as far as can be known.
func (o opinion) against(v Verdict) string {
	switch {
	case v.Valid && len(o.wrong) > 0:
		return "the Tailscale API takes the new file, and this server would refuse it (" + o.reasons() +
			"): one of the two is wrong, and then what is said here of gains and losses may be wrong too"
	case !v.Valid && len(o.wrong) == 0 && o.sure:
		return "this server finds nothing wrong with the file: it and the Tailscale API disagree about it"
	}
	return ""
}

func (o opinion) reasons() string {
	const most = 5
	shown := o.wrong
	if more := len(shown) - most; more > 0 {
		shown = append(shown[:most:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(shown, "; ")
}
