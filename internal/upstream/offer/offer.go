// SPDX-License-Identifier: MIT

// Package offer makes of an approved server what the gate serves: each tool and prompt of
// its pin as a value that asks a process of the server when it is called.
//
// What clients are shown is what was approved, never what a process says now; the class of
// a tool is that of the pin, so that no server can make its tools look harmless.
package offer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/frame"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/process"
)

// Ask sends a request to the server for a caller and returns its result.
type Ask func(ctx context.Context, call gate.Call, what What, method string, params json.RawMessage) (json.RawMessage, error)

// What is the thing of the pin that a request is about.
type What struct {
	Kind pin.Kind
	Name string
}

// limit is the largest result: what one line of a server may have.
const limit = frame.MaxLine

// Of returns what the server offers, but for what of it is withheld.
func Of(s entry.Server, p pin.Pin, withheld func(kind pin.Kind, name string) bool, ask Ask) gate.Offer {
	var o gate.Offer
	for _, item := range p.Tools {
		if !withheld(pin.Tool, item.Name) {
			o.Tools = append(o.Tools, tool(s, item, ask))
		}
	}
	for _, item := range p.Prompts {
		if !withheld(pin.Prompt, item.Name) {
			o.Prompts = append(o.Prompts, prompt(s, item, ask))
		}
	}
	can := CanOf(s, p)
	if can.Resources {
		o.Others = others(s, p, withheld, ask)
	}
	if can.Subscribe {
		o.Others.Subscribe = func(ctx context.Context, call gate.Call, uri string) error {
			_, err := ask(ctx, call, What{}, "resources/subscribe", params("uri", uri, nil))
			if err != nil {
				return Explain(s.Name, s.Timeout, err)
			}
			return nil
		}
	}
	if can.Completions {
		o.Complete = func(ctx context.Context, call gate.Call, params json.RawMessage) (gate.Result, error) {
			result, err := ask(ctx, call, refOf(params), "completion/complete", params)
			if err != nil {
				return gate.Result{}, Explain(s.Name, s.Timeout, err)
			}
			return gate.Result{Raw: result}, nil
		}
	}
	return o
}

// refOf is the thing that a completion is for.
func refOf(params json.RawMessage) What {
	var p struct {
		Ref struct{ Type, Name, URI string }
	}
	switch _ = json.Unmarshal(params, &p); p.Ref.Type { // which the gate has written
	case "ref/prompt":
		return What{pin.Prompt, p.Ref.Name}
	case "ref/resource":
		return What{pin.Template, p.Ref.URI}
	}
	return What{}
}

// tool is one tool, with its definition as it was approved.
func tool(s entry.Server, item pin.Item, ask Ask) gate.Tool {
	var d struct {
		Title        string          `json:"title"`
		Description  string          `json:"description"`
		InputSchema  json.RawMessage `json:"inputSchema"`
		OutputSchema json.RawMessage `json:"outputSchema"`
	}
	_ = json.Unmarshal(item.Definition, &d) // what is of another type was withheld
	return gate.Tool{
		Name: item.Name, Title: d.Title, Description: d.Description, Class: item.Class,
		Input: d.InputSchema, Output: d.OutputSchema, Timeout: s.Timeout, Limit: limit,
		ClassFrom: "pin", AskPerson: slices.Contains(s.Confirm, item.Class),
		Call: func(ctx context.Context, call gate.Call, arguments json.RawMessage) (gate.Result, error) {
			result, err := ask(ctx, call, What{pin.Tool, item.Name}, "tools/call", params("name", item.Name, arguments))
			if err != nil {
				return gate.Result{}, Explain(s.Name, s.Timeout, err)
			}
			failed, ok := saysError(result)
			if !ok {
				return gate.Result{}, malformed(s.Name, "tools/call")
			}
			return gate.Result{Raw: result, IsError: failed}, nil
		},
	}
}

// saysError reports whether a result says that its call failed, and ok whether it can be
// told. It decodes nothing: a result may be of many MiB.
func saysError(result json.RawMessage) (failed, ok bool) {
	scan := jsonrpc.NewScanner(bytes.TrimSpace(result))
	ok = scan.AtObject() && scan.Members(func(name string) bool {
		if !strings.EqualFold(name, "isError") {
			return scan.Skip()
		}
		var value []byte
		if !scan.Raw(&value) {
			return false
		}
		switch string(value) {
		case "true":
			failed = true
		case "false":
			failed = false // the last one counts, and a null says nothing
		case "null":
		default:
			return false
		}
		return true
	})
	return failed, ok
}

func prompt(s entry.Server, item pin.Item, ask Ask) gate.Prompt {
	var d struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Arguments   []struct {
			Name        string `json:"name"`
			Description string `json:"description"`
			Required    bool   `json:"required"`
		} `json:"arguments"`
	}
	_ = json.Unmarshal(item.Definition, &d)
	out := gate.Prompt{
		Name: item.Name, Title: d.Title, Description: d.Description, Timeout: s.Timeout, Limit: limit,
		Get: func(ctx context.Context, call gate.Call, arguments map[string]string) (gate.Result, error) {
			text, err := json.Marshal(arguments)
			if err != nil {
				return gate.Result{}, err
			}
			if arguments == nil {
				text = nil
			}
			result, err := ask(ctx, call, What{pin.Prompt, item.Name}, "prompts/get", params("name", item.Name, text))
			if err != nil {
				return gate.Result{}, Explain(s.Name, s.Timeout, err)
			}
			return gate.Result{Raw: result}, nil
		},
	}
	for _, a := range d.Arguments {
		out.Arguments = append(out.Arguments, gate.Argument{Name: a.Name, Description: a.Description, Required: a.Required})
	}
	return out
}

// params are those of a request that names something and has arguments for it.
func params(key, name string, arguments json.RawMessage) json.RawMessage {
	text, _ := json.Marshal(name) // of a string: cannot fail
	b := append([]byte(`{"`+key+`":`), text...)
	if len(arguments) > 0 {
		b = append(append(b, `,"arguments":`...), arguments...)
	}
	return append(b, '}')
}

// Explain is what a caller is told whose request to a server came to nothing: err, with the
// next step. timeout is how long it could take.
func Explain(server string, timeout time.Duration, err error) error {
	show := "an administrator of the host looks at: tailscale-mcp server show " + server
	var told *failure.Error
	var refused *process.Refused
	var ended *process.Ended
	var unanswered *process.Unanswered
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &refused):
		return &failure.Error{
			Code: failure.ToolFailed, Message: "the server " + server + " refused it: " + strconv.Quote(refused.Message), Next: cmp.Or(refused.Next, "correct the call by what the server says"),
			Answer: &failure.Answer{Code: refused.Code, Data: refused.Data}, Cause: err,
			Private: true, // in the words of the server, which may repeat an argument
		}
	case errors.As(err, &ended):
		did, next := "what it did of the call is not known", "look whether it was carried out before you call again; "
		if ended.Untouched {
			did, next = "it did nothing of the call", "call again; "
		}
		return &failure.Error{Code: failure.UpstreamUnavailable, Message: err.Error() + "; " + did, Private: ended.Stderr != "", Next: next + show, Cause: err}
	case errors.As(err, &unanswered):
		next := "look whether it was carried out before you call again; " + show
		message := err.Error()
		if unanswered.Unknown {
			message += "; what it did of the call is not known"
		} else {
			next = show
		}
		return &failure.Error{Code: failure.UpstreamUnavailable, Message: message, Next: next, Private: true, Cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure.Error{Code: failure.UpstreamTimeout, Message: "the server " + server + " did not answer within " + timeout.String() + " and was told to stop", Next: "ask for less; " + show, Cause: err}
	case errors.Is(err, context.Canceled):
		return &failure.Error{Code: failure.Cancelled, Message: "the call was cancelled, and the server " + server + " told so", Next: "call again if it is still wanted", Cause: err}
	}
	return &failure.Error{Code: failure.UpstreamUnavailable, Message: err.Error(), Next: show, Cause: err}
}

func malformed(server, method string) error {
	return &failure.Error{
		Code: failure.UpstreamMalformed, Message: "the server " + server + " answered " + method + " with something that is no answer to it",
		Next: "an administrator of the host looks at: tailscale-mcp server show " + server,
	}
}
