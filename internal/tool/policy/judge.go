// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"tailscale-mcp/internal/tsapi"
)

type finding struct {
	User     string   `json:"user,omitempty" jsonschema:"whose test it was"`
	Errors   []string `json:"errors,omitempty" jsonschema:"what is wrong"`
	Warnings []string `json:"warnings,omitempty" jsonschema:"what may be wrong"`
}

// Verdict is the API's judgement of a policy file.
type Verdict struct {
	Valid    bool      `json:"valid" jsonschema:"whether the file may be set and its tests pass"`
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
