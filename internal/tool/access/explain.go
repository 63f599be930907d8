// SPDX-License-Identifier: MIT

package access

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
)

type explainInput struct {
	Destination string `json:"destination" jsonschema:"device, tag, login, group, host, Service or address, such as tag:db"`
	Source      string `json:"source,omitempty" jsonschema:"likewise; absent: who reaches it"`
	Port        int    `json:"port,omitempty" jsonschema:"such as 5432; absent is any" min:"0" max:"65535"`
	Protocol    string `json:"protocol,omitempty" jsonschema:"such as udp, icmp" default:"tcp"`
}

type explainOutput struct {
	Answer  string   `json:"answer" jsonschema:"yes, no or unknown, all layers considered; without a source: whether anybody reaches it"`
	Summary string   `json:"summary" jsonschema:"the answer in a sentence"`
	Layers  []layer  `json:"layers,omitempty" jsonschema:"what was looked at, the policy first"`
	Access  []access `json:"access,omitempty" jsonschema:"without a source: who reaches it, by rule"`
	Unknown []string `json:"unknown,omitempty" jsonschema:"what would have to be known for a sure answer"`
}

// layer is one thing that has to hold for a connection.
type layer struct {
	Layer string `json:"layer" jsonschema:"policy, ssh, route, source, destination, name, ping or path"`
	Holds string `json:"holds" jsonschema:"yes, no or unknown"`
	Text  string `json:"text"`
	Rules []rule `json:"rules,omitempty" jsonschema:"the rules that decide it"`
	Next  string `json:"next,omitempty" jsonschema:"what would change it"`
}

// rule is a rule of the policy file.
type rule struct {
	Section string `json:"section"`
	Line    int    `json:"line" jsonschema:"in the file as get_policy shows it"`
	Text    string `json:"text" jsonschema:"as its author wrote it"`
}

// access is what one rule gives.
type access struct {
	Rule    rule     `json:"rule"`
	Sure    bool     `json:"sure" jsonschema:"false: it hangs on what is unknown"`
	By      []string `json:"by,omitempty" jsonschema:"the sources of the rule that stand for these"`
	People  []string `json:"people,omitempty" jsonschema:"logins"`
	Tags    []string `json:"tags,omitempty" jsonschema:"tags of tagged devices"`
	Devices int      `json:"devices" jsonschema:"how many devices they have"`
	Ranges  []string `json:"ranges,omitempty" jsonschema:"addresses of no device"`
	Ports   []string `json:"ports,omitempty"`
	Via     []string `json:"via,omitempty" jsonschema:"devices that carry it"`
	Unknown []string `json:"unknown,omitempty"`
}

type explainer struct {
	api       API
	host      Host
	evaluator *survey.Evaluator
}

func (e explainer) tool() tool.Tool {
	return tool.New(tool.Definition{
		Name: "explain_access", Title: "Explain who reaches what", Group: group, Class: grant.Read,
		Weight:      survey.Weight,
		Operations:  append(operations(), "getDnsPreferences"),
		Example:     json.RawMessage(`{"source":"bob@example.com","destination":"tag:web","port":443}`),
		Description: "Says whether a source reaches a destination, or who does, by which rules, and why not (rule, ssh, route, state, posture, name). Use it instead of reading the policy file.",
	}, e.explain)
}

func (e explainer) explain(ctx context.Context, call tool.Call, in explainInput) (out explainOutput, err error) {
	proto, err := protocol(in.Protocol)
	if err != nil {
		return out, err
	}
	if strings.TrimSpace(in.Destination) == "" {
		return out, tool.Invalidf("name a device, tag, login, group, host alias, Service or address", "the argument destination is empty")
	}
	p, err := e.api.Policy(ctx)
	if err != nil {
		return out, err
	}
	file, err := grammar.Parse(p.HuJSON)
	if err != nil {
		return out, unreadable(err)
	}
	var between ends
	err = e.evaluator.Evaluate(ctx, []string{in.Source, in.Destination}, []*grammar.File{file}, func(v survey.Evaluation) error {
		q := question{v, v.Policies[0], policy.Question{Proto: proto, Port: uint16(in.Port)}, in} //nolint:gosec // bounded by the schema
		if q.Dst, err = q.policy.Endpoint(in.Destination); err != nil {
			return tool.Invalidf("name it as list_all_devices, list_users or the policy file does", "destination: %v", err)
		}
		if in.Source == "" {
			out = q.everybody()
			return nil
		}
		if q.Src, err = q.policy.Endpoint(in.Source); err != nil {
			return tool.Invalidf("name it as list_all_devices, list_users or the policy file does", "source: %v", err)
		}
		out.Layers, out.Unknown = q.layers()
		between = q.ends()
		return nil
	})
	if err != nil || in.Source == "" {
		return out, err
	}
	out.Layers = append(out.Layers, e.live(ctx, between)...)
	out.conclude(fmt.Sprintf("%s to %s at %s", tool.Clip(in.Source), tool.Clip(in.Destination), service(proto, uint16(in.Port)))) //nolint:gosec // bounded by the schema
	if out.Answer != policy.No.String() {
		out.Layers = append(out.Layers, e.elsewhere(ctx, between)...)
	}
	return out, nil
}

// unreadable is the error of a policy file that the service has and this program cannot
// read: nobody's argument is wrong.
func unreadable(err error) error {
	return fmt.Errorf("the policy file of the tailnet cannot be read by this program: %w", err)
}
