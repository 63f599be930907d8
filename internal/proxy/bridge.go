// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"tailscale-mcp/internal/jsonrpc"
)

// bridge lets a legacy client use a server in the modern era: one that knows
// no other, or one that keeps no sessions and thus can ask its client nothing
// in the older era and cannot tell it of changes.
//
// Each request is sent as a modern one that stands alone. What a legacy client
// says once and a modern one with every request is remembered here; what a
// modern server has no request for, the proxy answers itself.
type bridge struct {
	r      *relay
	server discovery
	client string // clientInfo and clientCapabilities as members of _meta
	offers offers // of the client

	mu    sync.Mutex
	level string // of logging, "" for none

	subscriptions subscriptions
}

// meta describes the client, as members of a request's _meta.
func (b *bridge) meta() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	meta := `"` + jsonrpc.VersionKey + `":"` + modernVersion + `",` + b.client
	if b.level != "" {
		meta += `,"` + jsonrpc.LogLevelKey + `":` + strconv.Quote(b.level)
	}
	return meta
}

// levels are the log levels there are (RFC 5424).
var levels = []string{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}

// serve answers c, a request of a legacy client, with the help of modern requests.
func (b *bridge) serve(ctx context.Context, s *session, c *call) {
	switch c.env.Method {
	case "ping":
		b.answer(c, `{}`)
	case "logging/setLevel":
		var said struct{ Params struct{ Level string } }
		if json.Unmarshal(c.msg, &said) != nil || !slices.Contains(levels, said.Params.Level) {
			b.refuse(c, codeInvalidParams, "the level has to be one of "+strings.Join(levels, ", "))
			return
		}
		b.mu.Lock()
		b.level = said.Params.Level
		b.mu.Unlock()
		b.answer(c, `{}`)
	case "resources/subscribe", "resources/unsubscribe":
		if !c.env.HasURI {
			b.refuse(c, codeInvalidParams, "params.uri is missing")
			return
		}
		if err := b.subscribe(ctx, s, c.env.URI, c.env.Method == "resources/subscribe"); err != nil {
			b.refuse(c, codeInvalidParams, err.Error())
			return
		}
		b.answer(c, `{}`)
	default:
		b.askForInput(ctx, c)
	}
}

func (b *bridge) answer(c *call, result string) {
	if b.r.calls.finish(c) {
		b.r.conclude(c, []byte(`{"jsonrpc":"2.0","id":`+string(c.id)+`,"result":`+result+`}`))
	}
}

func (b *bridge) refuse(c *call, code int, why string) {
	b.r.fail(c, &failure{Code: code, Message: why})
}

// maxRounds is how often a server may ask the client for more before it
// answers. It may have itself asked again for as long as it works.
const maxRounds = 100

// askForInput sends c and then, as often as the server asks for input, c with the
// client's input (2026-07-28, "Multi Round-Trip Requests").
func (b *bridge) askForInput(ctx context.Context, c *call) {
	var input [][]byte
	for asked := 0; ; {
		msg, err := jsonrpc.WithMembers(c.msg, &c.env, b.r.ownID(), b.meta(), input...)
		if err != nil {
			b.refuse(c, codeInvalidParams, err.Error())
			return
		}
		answer, err := b.r.askOwn(ctx, ownRequest{msg: msg, parent: c})
		if err != nil {
			return // the end has begun, or c was cancelled
		}
		wanted := inputRequired(answer)
		if wanted == nil {
			if b.r.calls.finish(c) {
				b.r.conclude(c, answer)
			}
			jsonrpc.GiveBack(max(len(msg), len(answer)))
			return
		}
		if len(wanted.InputRequests) > 0 {
			asked++
		}
		if asked > maxRounds {
			b.refuse(c, CodeBadAnswer, fmt.Sprintf("the server asked for input %d times without answering", asked))
			return
		}
		if input, err = b.collectInput(ctx, wanted); err != nil {
			if !errors.Is(err, context.Canceled) {
				became := "was not carried out"
				if asked > 1 { // what it did between the rounds, only it knows
					became = "was not completed"
				}
				b.refuse(c, CodeInput, fmt.Sprintf("%s needs input: %v; the request %s", c.env.Method, err, became))
			}
			return
		}
	}
}
