// SPDX-License-Identifier: MIT

package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/loglevel"
)

// Bridge answers the requests of one session of a legacy client with the help of a
// modern server, and tells the client of changes there.
//
// Each request is sent as a modern one that stands alone. What a legacy client
// says once and a modern one with every request is remembered here; what a
// modern server has no request for, the bridge answers itself.
type Bridge struct {
	ends   Ends
	server discovery
	client string // clientInfo and clientCapabilities as members of _meta
	offers Offers // of the client

	mu    sync.Mutex
	level string // of logging, "" for none

	subscriptions subscriptions
}

// meta returns the members of a request's _meta that describe the client, as JSON text
// without the braces.
func (b *Bridge) meta() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	meta := `"` + jsonrpc.VersionKey + `":"` + modernVersion + `",` + b.client
	if b.level != "" {
		meta += `,"` + jsonrpc.LogLevelKey + `":` + strconv.Quote(b.level)
	}
	return meta
}

// Serve answers c, a request of the legacy client other than initialize, and returns
// the response. Its error is a *fault.Error for the client, or another one when nobody
// waits for the answer any more. ctx ends with the request, session with the session;
// what c begins for later, as a subscription, lasts as long as the session.
func (b *Bridge) Serve(ctx, session context.Context, c Call) ([]byte, error) {
	switch c.Env.Method {
	case "ping":
	case "logging/setLevel":
		var said struct{ Params struct{ Level string } }
		if json.Unmarshal(c.Msg, &said) != nil || !loglevel.Known(said.Params.Level) {
			return nil, invalid("the level has to be one of " + loglevel.Names())
		}
		b.mu.Lock()
		b.level = said.Params.Level
		b.mu.Unlock()
	case "resources/subscribe", "resources/unsubscribe":
		if !c.Env.HasURI {
			return nil, invalid("params.uri is missing")
		}
		if err := b.subscribe(ctx, session, c.Env.URI, c.Env.Method == "resources/subscribe"); err != nil {
			return nil, invalid(err.Error())
		}
	default:
		return b.askForInput(ctx, c)
	}
	return []byte(`{"jsonrpc":"2.0","id":` + string(c.Env.ID) + `,"result":{}}`), nil
}

// invalid is the error of a request with params that it cannot have.
func invalid(why string) error { return &fault.Error{Code: fault.InvalidParams, Message: why} }

// newer are the members of every result of 2026-07-28 that no older revision has.
var newer = []string{"resultType", "ttlMs", "cacheScope"}

// legacyAnswer returns the response msg without them: a client of an older revision may
// hold a result against the schema of its own.
func legacyAnswer(msg []byte) []byte {
	if !slices.ContainsFunc(newer, func(name string) bool { return bytes.Contains(msg, []byte(name)) }) {
		return msg // spares reading what is large
	}
	s := jsonrpc.NewScanner(msg)
	var edits []jsonrpc.Edit
	s.Members(func(key string) bool {
		if key != "result" || !s.AtObject() {
			return s.Skip()
		}
		from, kept := s.Pos()+1, false // where a member begins, with the comma before it
		return s.Members(func(key string) bool {
			begin := from
			ok := s.Skip()
			from = s.Pos()
			switch drop := slices.Contains(newer, key); {
			case drop:
				edits = append(edits, jsonrpc.Edit{At: begin, Len: from - begin})
			case !kept && len(edits) > 0: // all before it went, but for its comma
				edits = append(edits, jsonrpc.Edit{At: begin + bytes.IndexByte(msg[begin:], ','), Len: 1})
				kept = true
			default:
				kept = true
			}
			return ok
		})
	})
	if len(edits) == 0 {
		return msg
	}
	return jsonrpc.Replace(msg, edits...)
}

// maxRounds is how often a server may ask the client for more before it
// answers. It may have itself asked again for as long as it works.
const maxRounds = 100

// askForInput sends c and then, as often as the server asks for input, c with the
// client's input (2026-07-28, "Multi Round-Trip Requests"). It returns the response.
func (b *Bridge) askForInput(ctx context.Context, c Call) ([]byte, error) {
	var input [][]byte
	for asked := 0; ; {
		msg, err := jsonrpc.WithMembers(c.Msg, c.Env, b.ends.NewID(), b.meta(), input...)
		if err != nil {
			return nil, invalid(err.Error())
		}
		answer, err := c.Ask(ctx, msg)
		if err != nil {
			return nil, err
		}
		wanted := inputRequired(answer)
		if wanted == nil {
			jsonrpc.GiveBack(len(msg))
			return legacyAnswer(answer), nil
		}
		if len(wanted.InputRequests) > 0 {
			asked++
		}
		if asked > maxRounds {
			return nil, &fault.Error{Code: fault.CodeBadAnswer, Message: fmt.Sprintf("the server asked for input %d times without answering", asked)}
		}
		input, err = b.collectInput(ctx, wanted)
		switch {
		case errors.Is(err, context.Canceled):
			return nil, err
		case err != nil:
			became := "was not carried out"
			if asked > 1 { // what it did between the rounds, only it knows
				became = "was not completed"
			}
			return nil, &fault.Error{Code: fault.CodeInput, Message: fmt.Sprintf("%s needs input: %v; the request %s", c.Env.Method, err, became)}
		}
	}
}
