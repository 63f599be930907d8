// SPDX-License-Identifier: MIT

package pool

import (
	"context"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/upstream/process"
)

// Running returns the process of a holder, if it has one that is ready. Unlike Use it
// starts none, and keeps none from being idle.
func (p *Pool) Running(server, holder string) *process.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	sl := p.slots[key{server, holder}]
	if sl == nil || sl.process == nil || sl.process.Err() != nil {
		return nil
	}
	return sl.process
}

// Await is Running, but for a process that is being started, which it waits for.
func (p *Pool) Await(ctx context.Context, server, holder string) *process.Process {
	p.mu.Lock()
	sl := p.slots[key{server, holder}]
	p.mu.Unlock()
	if sl == nil {
		return nil
	}
	select {
	case <-sl.ready:
		return p.Running(server, holder)
	case <-ctx.Done():
		return nil
	}
}

// Holders returns who has a process of a server, ready or being started.
func (p *Pool) Holders(server string) (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k := range p.slots {
		if k.server == server {
			all = append(all, k.holder)
		}
	}
	return all
}

// End ends the process of a holder, if it has one.
func (p *Pool) End(server, holder string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sl := p.slots[key{server, holder}]; sl != nil {
		p.end(sl)
	}
}

// Remove ends the processes of a server.
func (p *Pool) Remove(server string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, sl := range p.slots {
		if k.server == server {
			p.end(sl)
		}
	}
}

// Cut ends all processes at once: requests in flight are answered with why, and so are those
// that come after.
func (p *Pool) Cut(why *failure.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = why
	for _, sl := range p.slots {
		if sl.process != nil {
			sl.process.Cut(why)
		}
		p.end(sl)
	}
}

// Close ends all processes and returns when they have ended. There are no new ones after.
func (p *Pool) Close() {
	p.mu.Lock()
	if p.closed == nil {
		p.closed = &failure.Error{Code: failure.UpstreamUnavailable, Message: "the server is stopping", Next: "try again in a minute"}
	}
	for _, sl := range p.slots {
		p.end(sl)
	}
	p.mu.Unlock()
	p.ending.Wait()
}

// Count returns how many processes there are, by server.
func (p *Pool) Count() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := map[string]int{}
	for k := range p.slots {
		n[k.server]++
	}
	return n
}
