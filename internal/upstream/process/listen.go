// SPDX-License-Identifier: MIT

package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/retry"
)

// A server of the newer era has no requests that change what it remembers of its client.
// What those of the older ask for once, it is told with each request (the level of log
// messages), or by one that stays open for as long as it holds (subscriptions/listen).

// standing is what was asked of a server of the newer era for as long as it runs; mu guards
// it.
type standing struct {
	level      string
	subscribed map[string]bool
	listen     int64  // id of the request that is open; 0 for none
	other      func() // called when another takes its place
}

// stands answers, for a server of the newer era, a request of the older that it does not
// know; ok tells whether the method is one of those.
func (p *Process) stands(ctx context.Context, q Question) (result json.RawMessage, ok bool, err error) {
	var params struct{ Level, URI string }
	switch q.Method {
	case "logging/setLevel", "resources/subscribe", "resources/unsubscribe":
	default:
		return nil, false, nil
	}
	if err := json.Unmarshal(q.Params, &params); err != nil {
		return nil, true, jsonrpc.ErrParams
	}
	p.mu.Lock()
	switch q.Method {
	case "logging/setLevel":
		p.standing.level = params.Level
	case "resources/subscribe":
		if p.standing.subscribed == nil {
			p.standing.subscribed = map[string]bool{}
		}
		p.standing.subscribed[params.URI] = true
	case "resources/unsubscribe":
		delete(p.standing.subscribed, params.URI)
	}
	p.mu.Unlock()
	if q.Method != "logging/setLevel" {
		err = p.listen(ctx)
	}
	if err != nil && q.Method == "resources/subscribe" {
		p.mu.Lock()
		delete(p.standing.subscribed, params.URI)
		p.mu.Unlock()
	}
	return json.RawMessage(`{}`), true, err
}

// listen has a server of the newer era tell of changes: of its lists, and of the resources
// that are subscribed to. It returns when the server has acknowledged that, or refused.
func (p *Process) listen(ctx context.Context) error {
	select { // one after the other: the last is the one that holds
	case p.listening <- struct{}{}:
		defer func() { <-p.listening }()
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	before := p.standing.listen
	uris := make([]string, 0, len(p.standing.subscribed))
	for uri := range p.standing.subscribed {
		uris = append(uris, uri)
	}
	p.mu.Unlock()
	slices.Sort(uris)
	params, err := json.Marshal(map[string]any{"notifications": map[string]any{
		"toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true, "resourceSubscriptions": uris,
	}})
	if err != nil {
		return err
	}
	q := Question{Method: "subscriptions/listen", Params: params}
	id, w, err := p.wait(ctx, q)
	if err != nil {
		return err
	}
	defer w.over()
	msg, err := p.request(id, q)
	if err == nil {
		err = p.send(msg)
	}
	if err != nil {
		p.take(strconv.AppendInt(nil, id, 10))
		return err
	}
	select {
	case <-w.acknowledged:
	case a := <-w.answer:
		select {
		case <-w.acknowledged: // before it ended: that is for keepListening
			w.answer <- a
		default:
			if a.Err == nil {
				a.Err = errors.New("it does not tell of changes")
			}
			return a.Err
		}
	case <-ctx.Done():
		p.cancel(id)
		return ctx.Err()
	}
	replaced, replace := context.WithCancel(context.Background())
	p.mu.Lock()
	other := p.standing.other
	p.standing.listen, p.standing.other = id, replace
	p.mu.Unlock()
	if other != nil {
		other()
	}
	if before != 0 {
		p.cancel(before)
	}
	go p.keepListening(replaced, w)
	return nil
}

// keepListening asks again when the answer to w ends and its server goes on, as over HTTP it
// may, until ctx ends. What has changed meanwhile nobody has told.
func (p *Process) keepListening(ctx context.Context, w *pending) {
	select {
	case <-w.answer:
	case <-ctx.Done():
		return
	case <-p.done:
		return
	}
	for wait := retry.First; ; wait = min(2*wait, retry.Longest) {
		select {
		case <-time.After(retry.Jitter(wait)):
		case <-ctx.Done():
			return
		case <-p.done:
			return
		}
		again, cancel := context.WithTimeout(ctx, startTime)
		err := p.listen(again)
		cancel()
		var refused *Refused
		switch {
		case err == nil:
			for _, list := range []string{"tools", "prompts", "resources"} {
				method := "notifications/" + list + "/list_changed"
				p.o.Heard(method, []byte(`{"jsonrpc":"2.0","method":"`+method+`"}`))
			}
			return
		case errors.As(err, &refused):
			return
		}
	}
}

// hearLists has a server of the newer era tell of changes of its lists from its start on.
func (p *Process) hearLists(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := p.listen(ctx); err != nil {
		p.o.Log.Debug("server does not tell of changes", "server", p.o.Server, "why", err)
	}
}

// cancel tells the server that nobody waits for the answer to a request any more.
func (p *Process) cancel(id int64) {
	if p.take(strconv.AppendInt(nil, id, 10)) != nil {
		go func() {
			_ = p.send(fmt.Appendf(nil, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, id))
		}()
	}
}

// acknowledged takes a server's word that it tells of changes now.
func (p *Process) acknowledged(e *jsonrpc.Envelope) {
	var meta map[string]json.RawMessage
	if json.Unmarshal(e.Meta, &meta) != nil {
		return
	}
	n, err := strconv.ParseInt(string(meta[modernPrefix+"subscriptionId"]), 10, 64)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.pending[n]; w != nil {
		select {
		case w.acknowledged <- struct{}{}:
		default:
		}
	}
}
