// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/asking"
	codes "tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/mcpserver/brief"
	"tailscale-mcp/internal/mcpserver/parked"
)

// named is the request with the name of what it asks for, as the dispatcher decides
// about it and records it.
func (x *exchange) named(name string) gate.Request {
	x.decided = true
	r := x.request
	r.Name = name
	return r
}

// callTool answers tools/call. An error of the tool is a result that the model reads;
// it carries no structured content, which clients would hold against the output schema.
func (x *exchange) callTool() ([]byte, *failure) {
	if f := x.checkMirrored(); f != nil {
		return nil, f
	}
	var more struct {
		Task *mcp.TaskParams `json:"task"`
		mcp.MultiRoundTripParams
	}
	if x.m.Rounds {
		if f := x.read(&more); f != nil {
			return nil, f
		}
	}
	request := x.named(x.m.Name)
	if x.m.Modern && x.m.Asks {
		request.Answer = func(key string) gate.Answer { return answerOf(more.InputResponses, key) }
	}
	out, err := x.made(gate.ATool, request, x.agreed)
	if err == nil {
		if f := x.visit.Hold(x.work, len(out.Raw)); f != nil {
			return nil, f
		}
		return x.toolResult(out), nil
	}
	var told *gate.Error
	var first *asksFirst
	var not *notGoing
	switch {
	case errors.As(err, &first):
		return x.inputRequired(first.Step), nil
	case errors.As(err, &not):
		return nil, not.failure
	case errors.As(err, &told) && told.Ask != nil && x.m.Modern:
		return x.inputRequired(parked.Step{Requests: confirmation(*told.Ask)}), nil
	case told != nil && told.Answer != nil && (told.Answer.Code == asking.URLRequired || x.m.Modern && told.Answer.Code == mcp.MISSING_REQUIRED_CLIENT_CAPABILITY):
		return nil, x.answered(told) // the client acts on these
	case told != nil && told.Code == codes.UnknownName:
		return nil, ownFailure(told)
	}
	return x.toolResult(gate.Result{Content: mustJSON([]mcp.Content{mcp.NewTextContent(err.Error())}), IsError: true}), nil
}

// asksFirst is the error of a call whose client is to be asked first.
type asksFirst struct{ parked.Step }

// Error implements error.
func (*asksFirst) Error() string { return "the client is asked first" }

// notGoing is the error of a call that does not go on with this request.
type notGoing struct{ *failure }

// Error implements error.
func (n *notGoing) Error() string { return n.Message }

// inputRequired is the response that has the client ask.
func (x *exchange) inputRequired(step parked.Step) []byte {
	return append(append(x.begin(0, nil), step.Members()...), "}}"...)
}

// toolResult is the response of a call. Content that follows from the structured
// answer is its text.
func (x *exchange) toolResult(out gate.Result) []byte {
	if out.Raw != nil {
		return x.raw(out.Raw, completed)
	}
	b := x.begin(3*len(out.Structured)+len(out.Content)+len(out.Meta)+envelope, out.Meta)
	b = append(b, `"content":`...)
	if out.Content != nil {
		b = append(b, out.Content...)
	} else {
		b = append(b, `[{"type":"text","text":`...)
		if x.asked.short {
			b, _ = jsontext.AppendQuote(b, brief.Text(out.Structured))
		} else {
			b, _ = jsontext.AppendQuote(b, out.Structured) // what is not UTF-8 is replaced
		}
		b = append(b, "}]"...)
	}
	if out.IsError {
		b = append(b, `,"isError":true`...)
	}
	if x.m.Modern {
		b = append(b, `,"resultType":"complete"`...)
	}
	if out.Structured != nil {
		b = append(b, `,"structuredContent":`...)
		b = append(b, out.Structured...)
	}
	return append(b, "}}"...)
}

// relay is the response with a result of a server behind the gate, unless too much waits
// for its caller to read it.
func (x *exchange) relay(result json.RawMessage, missing string) ([]byte, *failure) {
	if f := x.visit.Hold(x.work, len(result)); f != nil {
		return nil, f
	}
	return x.raw(result, missing), nil
}

// madeRaw is the response with what a server behind the gate answers to a call, or asks first.
func (x *exchange) madeRaw(kind gate.Kind, r gate.Request, missing string, call func(context.Context, gate.Request) (gate.Result, error)) ([]byte, *failure) {
	out, err := x.made(kind, r, call)
	var first *asksFirst
	var not *notGoing
	switch {
	case errors.As(err, &first):
		return x.inputRequired(first.Step), nil
	case errors.As(err, &not):
		return nil, not.failure
	case err != nil:
		return nil, x.asFailure(err)
	}
	return x.relay(out.Raw, missing)
}

func (x *exchange) readResource() ([]byte, *failure) {
	var p mcp.ReadResourceParams
	if f := x.read(&p); f != nil {
		return nil, f
	}
	if !isURI(p.URI) {
		x.dispatcher.Refused(x.work, x.caller, x.named(p.URI), "no such resource")
		return nil, notFound(x.m)
	}
	if x.dispatcher.Snapshot().Others() {
		return x.madeRaw(gate.AResource, x.named(p.URI), kept, func(ctx context.Context, r gate.Request) (gate.Result, error) {
			return x.dispatcher.ReadOther(ctx, x.caller, r)
		})
	}
	text, mimeType, err := x.dispatcher.Read(x.work, x.caller, x.named(p.URI))
	if err != nil {
		return nil, x.asFailure(err)
	}
	return x.with(kept, "contents", []mcp.TextResourceContents{{URI: p.URI, MIMEType: mimeType, Text: text}})
}

// isURI reports whether a text has the characters of a URI only (RFC 3986, 2): a
// template is none, and would otherwise read as the member that is named {id}.
func isURI(s string) bool {
	const others = "-._~:/?#[]@!$&'()*+,;=%"
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(others, r)
	})
}

func (x *exchange) getPrompt() ([]byte, *failure) {
	var p mcp.GetPromptParams
	if f := x.read(&p); f != nil {
		return nil, f
	}
	if x.s.o.Behind != nil {
		return x.madeRaw(gate.APrompt, x.named(p.Name), completed, func(ctx context.Context, r gate.Request) (gate.Result, error) {
			return x.dispatcher.Prompt(ctx, x.caller, r, p.Arguments)
		})
	}
	out, err := x.dispatcher.Prompt(x.work, x.caller, x.named(p.Name), p.Arguments)
	if err != nil {
		return nil, x.asFailure(err)
	}
	return x.with(completed, "messages", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(out.Text))})
}

// complete offers values, within what the caller may use.
func (x *exchange) complete() ([]byte, *failure) {
	var p mcp.CompleteParams
	if len(x.m.Params) == 0 {
		return nil, mistyped(x.m.Method)
	}
	if f := x.read(&p); f != nil {
		return nil, f
	}
	if x.dispatcher.Snapshot().Completes() {
		return x.completeOther(p.Ref)
	}
	var values []string
	var total int
	var err error
	switch ref := p.Ref.(type) {
	case mcp.PromptReference:
		values, total, err = x.dispatcher.CompletePrompt(x.work, x.caller, x.named(ref.Name), p.Argument.Name, p.Argument.Value)
	case mcp.ResourceReference:
		values, total, err = x.dispatcher.CompleteResource(x.work, x.caller, x.named(ref.URI), p.Argument.Value)
	default:
		return nil, mistyped(x.m.Method)
	}
	if err != nil {
		return nil, x.asFailure(err)
	}
	return x.with(completed, "completion", mcp.Completion{Values: values, Total: total, HasMore: total > len(values)})
}
