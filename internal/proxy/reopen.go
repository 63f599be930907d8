// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/retry"
)

// reopenAfter is how soon after a failure a session is opened anew again.
const reopenAfter = 500 * time.Millisecond

// toolsChanged is the notification that has the client list the tools again.
const toolsChanged = `{"jsonrpc":"2.0","method":"` + methodToolsChanged + `"}`

// reopen opens a session in place of dead, which the server does not know any
// more (2025-11-25, "Session Management"), with the client's own initialize.
// The client does not see it, except that it is told to ask for the tools
// again. Calls that find the same session unknown share one attempt.
func (r *relay) reopen(dead *session) error {
	t := &r.sessions
	t.reopening.Lock()
	defer t.reopening.Unlock()
	if t.current() != dead {
		return nil // another call did it
	}
	if t.failure != nil && time.Since(t.failedAt) < reopenAfter {
		return t.failure // another call tried
	}
	err := r.repeat(dead)
	t.failure, t.failedAt = err, time.Now()
	return err
}

// repeat opens a session in place of dead, for reopen, which holds reopening.
func (r *relay) repeat(dead *session) error {
	t := &r.sessions
	t.mu.Lock()
	opening, env, greeting := t.opening, t.openedBy, t.greeting
	t.mu.Unlock()

	ctx, cancel := context.WithTimeout(r.ctx, notifyTimeout)
	defer cancel()
	answer, err := r.askOwn(ctx, ownRequest{msg: jsonrpc.WithID(opening, &env, r.ownID())})
	if err != nil {
		return err
	}
	var said struct{ Error *struct{ Message string } }
	if err := json.Unmarshal(answer, &said); err != nil || said.Error != nil {
		if said.Error != nil {
			err = errors.New(said.Error.Message)
		}
		return fmt.Errorf("repeating initialize: %w", err)
	}
	s := t.current()
	if s == dead {
		return errors.New("repeating initialize: the answer opened no session")
	}
	r.log.Warn("the server forgot the session; opened a new one")
	if greeting == nil {
		return nil
	}
	if err := r.greet(ctx, s, greeting); err != nil {
		r.sessions.goBack(s, dead)
		return fmt.Errorf("repeating %s: %w", methodInitialized, err)
	}
	r.push(s)
	if s.listChanged {
		r.out.Write([]byte(toolsChanged))
	}
	return nil
}

// greetings is how often notifications/initialized is sent to a server that is busy.
const greetings = 3

// greet sends the client's notifications/initialized in the session s, which the client
// does not know of. Without it the session would not be initialized.
func (r *relay) greet(ctx context.Context, s *session, greeting []byte) error {
	for n, wait := 1, 100*time.Millisecond; ; n, wait = n+1, 2*wait {
		status, err := r.up.Notify(ctx, http.MethodPost, s.headers(), greeting)
		switch {
		case err == nil && status < http.StatusMultipleChoices:
			return nil
		case err == nil:
			err = fmt.Errorf("HTTP %d", status)
		}
		if n == greetings || status > 0 && !fault.PassingStatus(status) || !retry.Sleep(ctx, retry.Jitter(wait)) {
			return err
		}
	}
}
