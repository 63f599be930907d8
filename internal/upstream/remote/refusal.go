// SPDX-License-Identifier: MIT

package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/jsonrpc/mirror"
	"tailscale-mcp/internal/upstream/frame"
	"tailscale-mcp/internal/upstream/process"
)

// mostRefusal is how much of the body of an HTTP error is read, for a JSON-RPC error in it.
const mostRefusal = 256 << 10

// refusal is what an HTTP error says: an error of the server for the request, that it does
// not know the session any more, or why it did not take the request. What it refused for
// want of something that there is by now, is sent once more.
func (l *link) refusal(x *exchange, resp *http.Response) error {
	if resp.StatusCode == http.StatusUnauthorized && !x.renewed && l.headers.renew(x.ctx, x.nth) {
		x.renewed = true
		return l.try(x)
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, mostRefusal)) // what there is of it
	msg := bytes.Trim(body, jsonrpc.Space)
	e, err := jsonrpc.Scan(msg)
	isError := err == nil && e.Repeated == "" && e.SaysError() && !e.HasResult
	if isError && !x.relearned && l.mismatched(x, msg) && l.relearn(x) {
		x.relearned = true
		return l.try(x)
	}
	if !x.modern && l.forgotten(resp.StatusCode, isError, msg) {
		return &process.Ended{Server: l.server, How: "it does not know the session any more (HTTP " + httpStatus(resp.StatusCode) + ")", Untouched: true}
	}
	if isError && resp.StatusCode >= 400 && !(busy(resp.StatusCode) && x.env.Method == "server/discover") {
		// It is about its request, whatever id it names. To be busy is not to know a method,
		// by which a server would be taken for one of the older era.
		l.answer(x, &e, msg, resp.Header)
		return nil
	}
	return l.status(resp.StatusCode, resp.Header, body)
}

// noResource is the code by which a server says that there is no such resource (2025-11-25,
// "Resources").
const noResource = -32002

// refusedTime is how long other requests may take to be refused, too, once the server has said
// that it does not know the session.
const refusedTime = 3 * time.Second

// closed ends an exchange, and with the last of them the session that the server does not know
// any more, as ended says; nil for another end.
func (l *link) closed(x *exchange, ended *process.Ended) {
	l.mu.Lock()
	delete(l.open, x.id)
	if ended != nil && l.forgot == nil {
		why := &process.Ended{Server: l.server, How: ended.How}
		l.forgot = why
		// Requests that were sent beside this one are refused too, and can then go to another.
		time.AfterFunc(refusedTime, func() { l.stop(why) })
	}
	why, last := l.forgot, l.forgot != nil && len(l.open) == 0
	l.mu.Unlock()
	if last {
		l.stop(why)
	}
}

// forgotten reports whether an HTTP error says that the server does not know the session.
// Some servers say with the same status that they do not know a method or a resource, and some
// have another status for it.
func (l *link) forgotten(status int, isError bool, body []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session == "" || status != http.StatusNotFound && status != http.StatusBadRequest {
		return false
	}
	var said struct {
		ID    json.RawMessage
		Error struct {
			Code    int
			Message string
		}
	}
	if isError {
		_ = json.Unmarshal(body, &said) // which was scanned
	}
	named := len(said.ID) > 0 && string(said.ID) != "null"
	if status == http.StatusNotFound {
		return said.Error.Code != fault.MethodNotFound && !(named && said.Error.Code == noResource)
	}
	return isError && !named && bytes.Contains(bytes.ToLower([]byte(said.Error.Message)), []byte("session"))
}

const (
	// relearnTime bounds how long a call waits for the list of tools, and mostPages how many
	// pages of it are read.
	relearnTime = 10 * time.Second
	mostPages   = 100
)

// mismatched reports whether an error says that a call lacks headers that its tool asks for by
// now. The server has not carried it out then (2026-07-28, "Server Validation").
func (l *link) mismatched(x *exchange, body []byte) bool {
	var said struct{ Error struct{ Code int } }
	return x.modern && x.env.Method == "tools/call" && json.Unmarshal(body, &said) == nil && said.Error.Code == fault.HeaderMismatch
}

// relearn asks for the tools anew, and reports whether all of them were to be had.
func (l *link) relearn(x *exchange) bool {
	ctx, cancel := context.WithTimeout(x.ctx, relearnTime)
	defer cancel()
	meta, cursor, size := mirror.ListMeta(x.msg), []byte(nil), 0
	for range mostPages {
		page, err := l.page(ctx, mirror.ListRequest(x.env.ID, meta, cursor))
		if size += len(page); err == nil && size > frame.MaxLine {
			err = jsonrpc.ErrTooLarge
		}
		if err != nil {
			l.log.Debug("the tools were not asked for again", "err", err)
			return false
		}
		if cursor = mirror.NextPage(page); cursor == nil {
			return true
		}
	}
	return false
}

// page asks for a page of the tools, and takes note of them.
func (l *link) page(ctx context.Context, msg []byte) ([]byte, error) {
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		return nil, err
	}
	resp, err := l.send(ctx, http.MethodPost, &e, msg, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	m := l.meter(ctx, resp.Body)
	defer m.next()
	var answer []byte
	if mediaType(resp) == typeEvents {
		r := jsonrpc.NewEventReader(m, frame.MaxLine)
		defer r.Close()
		for kind := jsonrpc.Invalid; kind != jsonrpc.Response; {
			ev, err := r.Next()
			if err != nil {
				return nil, err
			}
			if a, err := jsonrpc.Scan(ev.Data); err == nil {
				answer, kind = ev.Data, a.Kind()
			}
		}
	} else if answer, err = jsonrpc.ReadAll(m, -1, frame.MaxLine); err != nil {
		return nil, err
	}
	answer = bytes.Trim(answer, jsonrpc.Space)
	if a, err := jsonrpc.Scan(answer); err != nil || !a.HasResult {
		return nil, errors.New("the answer is no list")
	}
	return l.learn(msg, answer), nil
}
