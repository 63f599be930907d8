// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/loglevel"
	"tailscale-mcp/internal/mcpserver/catalogue"
	"tailscale-mcp/internal/mcpserver/message"
)

// raw is the response with a result as a server behind the gate wrote it, which is an
// object. What the other era than the server's has besides is added or left out; all else
// stays as it is, to the byte. The result may be long: it is the tail, and not copied.
func (x *exchange) raw(result json.RawMessage, missing string) []byte {
	b := x.open(make([]byte, 0, len(x.m.ID)+len(missing)+envelope))
	said := newerOf(result)
	fits := said.none() && !x.m.Modern || said.fit() && x.m.Modern
	if !fits && !said.none() {
		result = withoutNewer(result)
	}
	if fits || !x.m.Modern {
		x.tail = [][]byte{result, {'}'}}
		return b
	}
	if said.scope {
		missing = completed + said.lifetime() + `"cacheScope":"private",` // it is for who is granted it
	}
	inner := bytes.TrimSpace(result[1:])
	b = append(append(b, '{'), missing...)
	if len(inner) == 1 { // the end of an object without members
		b = b[:len(b)-1]
	}
	x.tail = [][]byte{inner, {'}'}}
	return b
}

// newer are the members of a result that only 2026-07-28 has.
var newer = []string{"resultType", "ttlMs", "cacheScope"}

// isNewer reports whether some client takes a member for one of these: there are such
// that do not tell upper from lower case.
func isNewer(name string) bool {
	return slices.ContainsFunc(newer, func(n string) bool { return strings.EqualFold(n, name) })
}

// saidNewer is what a result says of itself in these members.
type saidNewer struct {
	kind, scope, private bool
	ttl                  string
	// odd is set when one is there twice, or in other letters, so that clients differ in
	// what they read.
	odd bool
}

func newerOf(result json.RawMessage) (said saidNewer) {
	seen := map[string]bool{}
	scan := jsonrpc.NewScanner(result)
	scan.Members(func(name string) bool {
		if !isNewer(name) {
			return scan.Skip()
		}
		var value []byte
		ok := scan.Raw(&value)
		said.odd = said.odd || seen[name] || !slices.Contains(newer, name)
		seen[name] = true
		switch name {
		case "resultType":
			said.kind = true
		case "ttlMs":
			said.ttl = string(value)
		case "cacheScope":
			said.scope, said.private = true, string(value) == `"private"`
		}
		return ok
	})
	return said
}

func (s saidNewer) none() bool { return !s.kind && !s.scope && s.ttl == "" && !s.odd }

// fit reports whether a client of the newer era may have the result as it is.
func (s saidNewer) fit() bool { return s.kind && !s.odd && s.private == s.scope }

// lifetime is the member that says how long the result may be kept.
func (s saidNewer) lifetime() string {
	if n, err := strconv.ParseUint(s.ttl, 10, 63); err == nil {
		return fmt.Sprintf(`"ttlMs":%d,`, n)
	}
	return `"ttlMs":0,`
}

// withoutNewer is a result without these members.
func withoutNewer(result json.RawMessage) json.RawMessage {
	less := make([]byte, 0, len(result))
	less = append(less, '{')
	scan := jsonrpc.NewScanner(result)
	scan.Members(func(name string) bool {
		var value []byte
		if ok := scan.Raw(&value); !ok || isNewer(name) {
			return ok
		}
		if len(less) > 1 {
			less = append(less, ',')
		}
		less = append(append(less, mustJSON(name)...), ':')
		less = append(less, value...)
		return true
	})
	return append(less, '}')
}

// capabilities are those of a server behind the gate, as far as they are passed on.
func (b *Behind) capabilities() (has []server.ServerOption) {
	if b.Instructions != "" {
		has = append(has, server.WithInstructions(b.Instructions))
	}
	if b.Tools {
		has = append(has, server.WithToolCapabilities(true))
	}
	if b.Prompts {
		has = append(has, server.WithPromptCapabilities(true))
	}
	if b.Resources {
		has = append(has, server.WithResourceCapabilities(b.Subscribe, true))
	}
	if b.Logging {
		has = append(has, server.WithLogging())
	}
	if b.Completions {
		has = append(has, server.WithCompletions())
	}
	return has
}

// listOthers is the response with the resources that a server behind the gate lists itself.
func (x *exchange) listOthers() ([]byte, *failure) {
	shown, err := x.dispatcher.ListOthers(x.work, x.caller, x.named(""))
	if err != nil {
		return nil, x.asFailure(err)
	}
	if x.s.o.Sessions != nil {
		for _, own := range x.s.o.Sessions.Hearing(x.s.o.Behind.Name, x.holder()) {
			own.Show(listed, state(shown))
		}
	}
	return x.listed(catalogue.Resources, shown)
}

// listed is the response with one page of a list.
func (x *exchange) listed(member string, items []json.RawMessage) ([]byte, *failure) {
	from, to, next, f := x.page(len(items))
	if f != nil {
		return nil, f
	}
	b := x.begin(0, nil)
	if x.m.Modern {
		b = append(b, kept...)
	}
	b = append(append(append(append(b, next...), '"'), member...), `":[`...)
	for i, item := range items[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, item...)
	}
	return append(b, "]}}"...), nil
}

// completeOther has a server behind the gate offer values. What it is asked about is written
// anew: of a member that is there twice, or in another case, the server could take another
// than the one that was decided about.
func (x *exchange) completeOther(ref any) ([]byte, *failure) {
	var p struct{ Argument, Context json.RawMessage }
	if f := x.read(&p); f != nil {
		return nil, f
	}
	if p.Argument == nil {
		return nil, mistyped(x.m.Method)
	}
	var name string
	prompt := false
	switch ref := ref.(type) {
	case mcp.PromptReference:
		name, prompt = ref.Name, true
	case mcp.ResourceReference:
		name = ref.URI
	default:
		return nil, mistyped(x.m.Method)
	}
	params := slices.Concat([]byte(`{"ref":`), mustJSON(ref), []byte(`,"argument":`), p.Argument)
	if p.Context != nil {
		params = slices.Concat(params, []byte(`,"context":`), p.Context)
	}
	out, err := x.dispatcher.CompleteOther(x.work, x.caller, x.named(name), prompt, append(params, '}'))
	if err != nil {
		return nil, x.asFailure(err)
	}
	return x.relay(out.Raw, completed)
}

// ofSessions are the requests that are about the session itself.
var ofSessions = map[string]func(*exchange) ([]byte, *failure){
	string(mcp.MethodSetLogLevel):          (*exchange).setLevel,
	string(mcp.MethodResourcesSubscribe):   (*exchange).subscribe,
	string(mcp.MethodResourcesUnsubscribe): (*exchange).unsubscribe,
}

// needsSession refuses what goes to the client's own process only.
func (x *exchange) needsSession(offered bool) *failure {
	b := x.s.o.Behind
	switch {
	case b.Shared:
		return &failure{Status: http.StatusNotFound, Code: mcp.METHOD_NOT_FOUND, Message: "one process of the server " + b.Name + " serves all its callers, so it takes no " + x.m.Method + " from one of them"}
	case !offered:
		return &failure{Status: http.StatusNotFound, Code: mcp.METHOD_NOT_FOUND, Message: "the server " + b.Name + " does not offer " + x.m.Method}
	case x.session == nil:
		return &failure{Status: http.StatusBadRequest, Code: mcp.INVALID_REQUEST, Message: x.m.Method + " is for a session: send the header " + sessionHeader + " that initialize was answered with"}
	}
	return nil
}

// setLevel says which log messages the session is to hear.
func (x *exchange) setLevel() ([]byte, *failure) {
	if f := x.needsSession(x.s.o.Behind.Logging); f != nil {
		return nil, f
	}
	var p struct{ Level string }
	if f := x.read(&p); f != nil {
		return nil, f
	}
	if !loglevel.Known(p.Level) {
		return nil, message.InvalidParams("params.level is none of the levels that the protocol has")
	}
	x.session.SetLevel(p.Level) // first, as a process may be starting
	return x.told("level", p.Level)
}

// subscribe has the session hear of updates of a resource. The server has to say that
// there is such, so its process is started.
func (x *exchange) subscribe() ([]byte, *failure) {
	if f := x.needsSession(x.s.o.Behind.Subscribe); f != nil {
		return nil, f
	}
	if f := x.subscribed(x.m.URI); f != nil {
		return nil, f
	}
	return append(x.open(nil), "{}}"...), nil
}

// subscribed has the session, or what stands in its place, hear of updates of a resource.
func (x *exchange) subscribed(uri string) *failure {
	if !isURI(uri) || uri == "" {
		return notFound(x.m)
	}
	// First, since an update may come before the answer; and of what it may not read it is
	// not to be told, whatever the server says.
	if x.dispatcher.MayReadOther(x.caller, uri) && !x.session.Subscribe(uri) {
		return message.InvalidParams("this session is subscribed to as many resources as it may be, or this one has too long a URI: unsubscribe from one")
	}
	if err := x.dispatcher.Subscribe(x.work, x.caller, x.named(uri)); err != nil {
		x.session.Unsubscribe(uri)
		return x.asFailure(err)
	}
	return nil
}

func (x *exchange) unsubscribe() ([]byte, *failure) {
	if f := x.needsSession(x.s.o.Behind.Subscribe); f != nil {
		return nil, f
	}
	if !x.session.Unsubscribe(x.m.URI) {
		return append(x.open(nil), "{}}"...), nil // and nothing is asked about what it may not know
	}
	return x.told("uri", x.m.URI)
}

// told asks the process of the session, if there is one, for the same.
func (x *exchange) told(member, value string) ([]byte, *failure) {
	if err := x.s.o.Behind.Tell(x.work, x.session, x.m.Method, member, value); err != nil {
		return nil, x.asFailure(err)
	}
	return append(x.open(nil), "{}}"...), nil
}
