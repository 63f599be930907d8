// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/jsonrpc/mirror"
)

const (
	// listTimeout bounds how long calls of an unknown tool wait for the list
	// of tools. They are then made without it, and the server refuses those
	// that need it.
	listTimeout = 10 * time.Second
	// maxListPages is how many pages of that list are asked for.
	maxListPages = 100
)

// mirror sets in h the headers that carry arguments of c, if the tool that c calls is
// known.
func (r *relay) mirror(c *call, h http.Header) {
	if !c.modern || c.env.Method != methodToolsCall {
		return
	}
	if m := r.schemas.Of(c.env.Name); m != nil {
		m.Set(h, c.msg)
	}
}

// learnTools lists the tools before c is sent, if c calls one that is not known. It does not fail: at worst c is sent without headers for arguments.
func (r *relay) learnTools(ctx context.Context, c *call) {
	switch {
	case !c.modern:
	case c.env.Method == methodToolsList:
		c.toolsVersion = r.schemas.Version()
	case c.env.Method == methodToolsCall && c.env.Modern() && r.schemas.Missing(c.env.Name):
		f := r.fetchTools(c)
		select {
		case <-f.Done:
		case <-ctx.Done():
		}
	}
}

// relearn lists the tools because the server refused the headers of c. It reports
// whether the list is there, and c is to be sent once more.
func (r *relay) relearn(ctx context.Context, c *call) bool {
	for refused := r.schemas.Begun(); ; {
		f := r.fetchTools(c)
		select {
		case <-f.Done:
		case <-ctx.Done():
			return false
		}
		if f.Number > refused { // else the answer may be older than the refusal
			return f.OK
		}
	}
}

// mismatched reports whether an HTTP error says that the headers of c are not
// what they should be. The server did not carry c out then (2026-07-28,
// "Server Validation").
func mismatched(c *call, body []byte) bool {
	if !c.env.Modern() || c.env.Method != methodToolsCall {
		return false
	}
	var said struct{ Error struct{ Code int } }
	return json.Unmarshal(body, &said) == nil && said.Error.Code == fault.HeaderMismatch
}

// learn takes note of the tools in msg, the answer to c. It returns the answer
// without the tools that a client may not be shown, because their definitions break
// the rules for headers.
func (r *relay) learn(c *call, e *jsonrpc.Envelope, msg []byte) []byte {
	if !c.modern || c.env.Method != methodToolsList || !e.HasResult {
		return msg
	}
	return r.schemas.Learn(c.toolsVersion, c.msg, msg, func(tool, why string) {
		r.log.Warn("leaving out a tool: its definition is invalid", "tool", tool, "reason", why)
	})
}

// fetchTools begins to list all tools, with the _meta of c, and returns the fetch. Calls
// share one.
func (r *relay) fetchTools(c *call) *mirror.Fetch {
	f, begun := r.schemas.Begin()
	if !begun {
		return f
	}
	meta := mirror.ListMeta(c.msg)
	r.calls.workers.Go(func() {
		version := r.schemas.Version()
		err := r.listTools(meta)
		if err != nil {
			r.log.Warn("asking for the tools, to see which arguments their calls carry in headers", "error", err)
		} else {
			r.schemas.Complete(version)
		}
		r.schemas.End(f, err == nil)
	})
	return f
}

// listTools asks the server for one page of the tools after the other, of which learn
// takes note as of those that the client asks for.
func (r *relay) listTools(meta []byte) error {
	ctx, cancel := context.WithTimeout(r.ctx, r.listTimeout)
	defer cancel()
	var cursor []byte
	for range maxListPages {
		answer, err := r.askOwn(ctx, ownRequest{msg: mirror.ListRequest(r.ownID(), meta, cursor), quiet: true})
		if err != nil {
			return err
		}
		if e, err := jsonrpc.Scan(answer); err != nil || e.HasError {
			return fmt.Errorf("the answer is an error: %s", jsonrpc.Excerpt(answer))
		}
		if cursor = mirror.NextPage(answer); cursor == nil {
			return nil
		}
	}
	r.log.Warn("not asking for more tools", "pages", maxListPages)
	return nil
}
