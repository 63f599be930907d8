// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/mcpserver/message"
)

// methods are the requests that this package answers itself, out of the registry and
// through the dispatcher. A method returns the response, whose end it may leave in tail, or why there is none.
var methods = map[string]func(*exchange) ([]byte, *failure){
	string(mcp.MethodToolsList):              (*exchange).listTools,
	string(mcp.MethodToolsCall):              (*exchange).callTool,
	string(mcp.MethodResourcesList):          (*exchange).listResources,
	string(mcp.MethodResourcesTemplatesList): (*exchange).listTemplates,
	string(mcp.MethodResourcesRead):          (*exchange).readResource,
	string(mcp.MethodPromptsList):            (*exchange).listPrompts,
	string(mcp.MethodPromptsGet):             (*exchange).getPrompt,
	string(mcp.MethodCompletionComplete):     (*exchange).complete,
}

// respond answers the request of the exchange.
func (x *exchange) respond() {
	text, f := x.result()
	if f != nil {
		x.refused(f)
		return
	}
	x.answer.Send(0, append([][]byte{text}, x.tail...)...)
}

// refused answers with a failure and has it recorded, if the dispatcher has not.
func (x *exchange) refused(f *failure) {
	if !x.decided {
		x.dispatcher.Refused(x.work, x.caller, x.request, f.Message)
	}
	x.refuse(f)
}

func (x *exchange) result() ([]byte, *failure) {
	if f := x.checkRevision(); f != nil {
		return nil, f
	}
	if x.s.o.Aside != nil {
		if r := x.s.o.Aside(x.context(), x.header, x.m.Body); r != nil {
			return x.passOn(r)
		}
	}
	if method, ok := methods[x.m.Method]; ok {
		return method(x)
	}
	if method, ok := ofSessions[x.m.Method]; ok && x.s.o.Behind != nil && !x.m.Modern {
		return method(x)
	}
	return x.passOn(x.s.handshake.HandleMessage(x.work, x.m.Body))
}

// refuse answers with a failure. The older revisions send every JSON-RPC error with
// status 200, since their clients lose the body of another.
func (x *exchange) refuse(f *failure) {
	status := 0
	if x.m.Modern {
		status = f.Status
	}
	x.answer.Send(status, mustJSON(front.ErrorResponse(x.m.ID, f)))
}

// passOn is the response of mcp-go, under the id as the client wrote it: mcp-go
// keeps numbers as float64 and strings decoded.
func (x *exchange) passOn(r mcp.JSONRPCMessage) ([]byte, *failure) {
	switch r := r.(type) {
	case mcp.JSONRPCError:
		return nil, theirFailure(x.m.Method, r.Error)
	case mcp.JSONRPCResponse:
		if hello, is := r.Result.(mcp.InitializeResult); is && !x.begun() {
			withoutSession(&hello.Capabilities)
			r.Result = hello
		}
		text, err := json.Marshal(r.Result)
		if err != nil {
			return nil, x.failed()
		}
		b := make([]byte, 0, len(text)+len(x.m.ID)+envelope)
		return append(append(x.open(b), text...), '}'), nil
	}
	return nil, x.failed()
}

// withoutSession takes list_changed and subscriptions out of what initialize promises. The
// older revisions deliver them on a GET stream, and without sessions there is none.
func withoutSession(c *mcp.ServerCapabilities) {
	if c.Tools != nil {
		c.Tools.ListChanged = false
	}
	if c.Prompts != nil {
		c.Prompts.ListChanged = false
	}
	if c.Resources != nil {
		c.Resources.Subscribe, c.Resources.ListChanged = false, false
	}
}

// envelope is how many bytes a response has around its result, but for the id.
const envelope = 64

// open begins the response, up to its result.
func (x *exchange) open(b []byte) []byte {
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	b = append(b, x.m.ID...)
	return append(b, `,"result":`...)
}

// begin begins the response, up to the members of its result that are the method's
// own; size is how many bytes those have, and meta an object, or nil, that is a part of
// _meta.
func (x *exchange) begin(size int, meta json.RawMessage) []byte {
	b := append(x.open(make([]byte, 0, size+len(x.m.ID)+len(x.s.signature)+2*envelope)), '{')
	said := membersOf(meta)
	if !x.m.Modern && len(said) == 0 {
		return b
	}
	b = append(b, `"_meta":{`...)
	if x.m.Modern {
		b = append(b, x.s.signature...)
		if len(said) > 0 {
			b = append(b, ',')
		}
	}
	return append(append(b, said...), "},"...)
}

// membersOf are the members of an object that a server behind the gate put into _meta,
// as it wrote them. Who answers is for this server to say: a member of that name would
// be there twice, which clients refuse.
func membersOf(meta json.RawMessage) []byte {
	if len(meta) == 0 {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(meta, &members) == nil && members[mcp.MetaKeyServerInfo] != nil {
		delete(members, mcp.MetaKeyServerInfo)
		meta = mustJSON(members)
	}
	said := bytes.TrimSpace(meta)
	return bytes.TrimSpace(said[min(1, len(said)):max(0, len(said)-1)])
}

// complete and kept are members of every result of 2026-07-28, and of those that
// caches may keep. What one caller sees is nobody else's (private), and may be
// another at the next request (ttlMs 0).
const (
	completed = `"resultType":"complete",`
	kept      = completed + `"ttlMs":0,"cacheScope":"private",`
)

// with is the response whose result has one member of its own.
func (x *exchange) with(era, name string, value any) ([]byte, *failure) {
	text := mustJSON(value)
	b := x.begin(len(text)+len(name), nil)
	if x.m.Modern {
		b = append(b, era...)
	}
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, `":`...)
	b = append(b, text...)
	return append(b, "}}"...), nil
}

// signature is in _meta of every result of 2026-07-28: who answers.
func signature(self mcp.Implementation) []byte {
	return slices.Concat([]byte(`"`+mcp.MetaKeyServerInfo+`":`), mustJSON(self))
}

// read reads params into the type that mcp-go has for them.
func (x *exchange) read(into any) *failure {
	if len(x.m.Params) == 0 || json.Unmarshal(x.m.Params, into) == nil {
		return nil
	}
	return mistyped(x.m.Method)
}

// mistyped refuses params that do not have the types of the protocol.
func mistyped(method string) *failure {
	return message.InvalidParams("params of %s: a member is not of the type that the protocol says", method)
}

// mustJSON encodes what is known to be JSON.
func mustJSON(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic("encoding: " + err.Error())
	}
	return text
}
