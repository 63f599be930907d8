// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// listTimeout bounds how long calls of an unknown tool wait for the list
	// of tools. They are then made without it, and the server refuses those
	// that need it.
	listTimeout = 10 * time.Second
	// maxListPages is how many pages of that list are asked for.
	maxListPages = 100
)

// mirror sets the headers that carry arguments of c, as far as its tool is
// known.
func (r *relay) mirror(c *call, h http.Header) {
	if !c.modern || c.env.method != methodToolsCall {
		return
	}
	if m := r.schemas.of(c.env.name); m != nil {
		m.set(h, c.msg)
	}
}

// acquaint asks for the tools before c is sent, if c calls one that is not
// known. It does not fail: at worst c is sent without headers for arguments.
func (r *relay) acquaint(ctx context.Context, c *call) {
	switch {
	case !c.modern:
	case c.env.method == methodToolsList:
		c.toolsVersion = r.schemas.version()
	case c.env.method == methodToolsCall && c.env.modern() && r.schemas.missing(c.env.name):
		f := r.fetchTools(c)
		select {
		case <-f.done:
		case <-ctx.Done():
		}
	}
}

// relearn asks for the tools because the server refused c. It reports whether
// they are there, and c is to be sent once more.
func (r *relay) relearn(ctx context.Context, c *call) bool {
	for refused := r.schemas.begun(); ; {
		f := r.fetchTools(c)
		select {
		case <-f.done:
		case <-ctx.Done():
			return false
		}
		if f.number > refused { // else the answer may be older than the refusal
			return f.ok
		}
	}
}

// mismatched reports whether an HTTP error says that the headers of c are not
// what they should be. The server did not carry c out then (2026-07-28,
// "Server Validation").
func mismatched(c *call, body []byte) bool {
	if !c.env.modern() || c.env.method != methodToolsCall {
		return false
	}
	var said struct{ Error struct{ Code int } }
	return json.Unmarshal(body, &said) == nil && said.Error.Code == codeHeaderMismatch
}

// learn takes note of the tools in msg, the answer to c. It returns the answer
// without those that a client may not be shown, because their definitions
// break the rules for headers.
func (r *relay) learn(c *call, e *envelope, msg []byte) []byte {
	if !c.modern || c.env.method != methodToolsList || !e.hasResult {
		return msg
	}
	list := readToolList(msg)
	var out []int
	for i, t := range list.tools {
		k := knownTool{size: len(t.name)}
		m, err := mirroredBy(t.schema)
		switch {
		case err != nil:
			out = append(out, i)
			k.invalid = shown([]byte(err.Error()))
			k.size += len(k.invalid)
		case m != nil:
			k.mirrored = m
			k.size += len(t.schema)
		}
		if known := r.schemas.learn(c.toolsVersion, t.name, k); k.invalid != "" && !known {
			r.log.Warn("leaving out a tool: its definition is invalid", "tool", shown([]byte(t.name)), "reason", k.invalid)
		}
	}
	if cursor := paramOf(c.msg, "cursor"); list.found && list.next == nil && (cursor == nil || string(cursor) == "null") {
		r.schemas.learned(c.toolsVersion)
	}
	return cutOut(msg, without(list.tools, out))
}

// fetchTools asks for all tools, for the sake of c. Calls share one fetch.
func (r *relay) fetchTools(c *call) *fetch {
	f, begun := r.schemas.fetch()
	if !begun {
		return f
	}
	meta := listMeta(c.msg)
	r.calls.workers.Go(func() {
		version := r.schemas.version()
		err := r.listTools(meta)
		if err != nil {
			r.log.Warn("asking for the tools, to see which arguments their calls carry in headers", "error", err)
		} else {
			r.schemas.learned(version)
		}
		r.schemas.fetched(f, err == nil)
	})
	return f
}

// listTools asks for one page of the tools after the other. What is on them is
// learned as from a list that the client asked for.
func (r *relay) listTools(meta []byte) error {
	ctx, cancel := context.WithTimeout(r.ctx, r.schemas.timeout)
	defer cancel()
	var cursor []byte
	for range maxListPages {
		answer, err := r.askOwn(ctx, errand{msg: listRequest(r.ownID(), meta, cursor), quiet: true})
		if err != nil {
			return err
		}
		if e, err := scan(answer); err != nil || e.hasError {
			return fmt.Errorf("the answer is an error: %s", shown(answer))
		}
		if cursor = readToolList(answer).next; cursor == nil {
			return nil
		}
	}
	r.log.Warn("not asking for more tools", "pages", maxListPages)
	return nil
}

// listRequest asks for a page of the tools.
func listRequest(id, meta, cursor []byte) []byte {
	msg := []byte(`{"jsonrpc":"2.0","id":` + string(id) + `,"method":"` + methodToolsList + `","params":{"_meta":`)
	msg = append(msg, meta...)
	if cursor != nil {
		msg = append(msg, `,"cursor":`...)
		msg = append(msg, cursor...)
	}
	return append(msg, `}}`...)
}

// listMeta is what the call msg says of its client in params._meta, without
// what asks for notifications: nobody would read them.
func listMeta(msg []byte) []byte {
	var meta map[string]json.RawMessage
	if err := json.Unmarshal(paramOf(msg, "_meta"), &meta); err != nil || meta == nil {
		return []byte(`{}`)
	}
	delete(meta, "progressToken")
	delete(meta, logLevelKey)
	out, err := json.Marshal(meta)
	if err != nil { // of raw messages: cannot be
		return []byte(`{}`)
	}
	return out
}
