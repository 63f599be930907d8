// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"

	codes "tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/mcpserver/brief"
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
	out, err := x.dispatcher.Call(x.work, x.caller, request)
	if err == nil {
		if f := x.visit.Hold(len(out.Raw)); f != nil {
			return nil, f
		}
		return x.toolResult(out), nil
	}
	var told *gate.Error
	switch {
	case errors.As(err, &told) && told.Ask != nil:
		return x.inputRequired(*told.Ask), nil
	case told != nil && told.Code == codes.UnknownName:
		return nil, ownFailure(told)
	}
	return x.toolResult(gate.Result{Content: mustJSON([]mcp.Content{mcp.NewTextContent(err.Error())}), IsError: true}), nil
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
	if f := x.visit.Hold(len(result)); f != nil {
		return nil, f
	}
	return x.raw(result, missing), nil
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
		out, err := x.dispatcher.ReadOther(x.work, x.caller, x.named(p.URI))
		if err != nil {
			return nil, x.asFailure(err)
		}
		return x.relay(out.Raw, kept)
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
	out, err := x.dispatcher.Prompt(x.work, x.caller, x.named(p.Name), p.Arguments)
	if err != nil {
		return nil, x.asFailure(err)
	}
	if out.Raw != nil {
		return x.relay(out.Raw, completed)
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
