// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/measure"
)

const (
	quietTime = 700 * time.Millisecond // how long alice is alone first
	sendTime  = 20 * time.Second       // how long an attack may take to be sent
	tailTime  = 500 * time.Millisecond // how long alice goes on when the attackers are gone
	herPace   = 40 * time.Millisecond  // alice's: 25 calls a second, as no person makes

	everything = `{"tools":["*"],"resources":["*"]}`
)

// play lets one attack happen to a fresh daemon and returns what was seen.
func (s *scene) play(ctx context.Context, r row, bind string, window time.Duration) (res result, err error) {
	res = result{row: r.name, bind: bind, carried: s.server.Userspace(), honest: r.honest, wants: r.wants, least: r.plan.least(), floods: r.plan.Calls != nil && r.plan.Calls.HangUp == 0}
	if r.grant == "" {
		r.grant = everything
	}
	if r.long {
		window *= 2
	}
	if r.behind {
		window /= 2 // of what they do nothing takes longer
	}
	if r.behind {
		if err := s.openServers(ctx); err != nil {
			return res, err
		}
		r.hers = append(r.hers, of(decent, "echo", `{"n":`+number+`}`), of(near, "echo", `{"n":`+number+`}`))
	}
	if err := s.grant(ctx, r.grant); err != nil {
		return res, err
	}
	api, err := s.startAPI(r)
	if err != nil {
		return res, err
	}
	defer api.Close()
	if r.audit != "" {
		closeJournal, err := s.openJournal(r.audit)
		if err != nil {
			return res, err
		}
		defer func() { err = errors.Join(err, closeJournal()) }()
	}
	d, err := s.startDaemon(ctx, bind, r, api)
	if err != nil {
		return res, err
	}
	defer d.kill()
	if r.sleeps {
		pid := s.nodes[sleeper].PID()
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			return res, fmt.Errorf("stopping the sleeper's tailscaled: %w", err)
		}
		defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	}
	var refusals func() int
	if r.api != nil {
		refusals = r.api(api) // after alice was served once
	}
	if res.tailscaledBefore, err = openDescriptors(s.server.PID()); err != nil {
		return res, err
	}
	watch := s.watch(d)
	defer watch.end()
	if err := s.attack(ctx, r, d, api, window, &res); err != nil {
		return res, errors.Join(err, ctx.Err())
	}
	watch.end()
	res.descriptors, res.tailscaledPeak = watch.daemon, watch.tailscaled
	if refusals != nil {
		res.refusals, res.refusalsJudged = refusals(), true
	}
	usage, err := measure.Tree(d.pid())
	if err != nil || !d.alive() {
		res.ended = d.said()
		return res, nil //nolint:nilerr // that it has ended is judged
	}
	res.peak = usage.Peak
	return res, nil
}

// startAPI starts a fake of the API where the daemon reaches it.
func (s *scene) startAPI(r row) (api *fakeapi.Server, err error) {
	err = s.server.InNamespace(func() (err error) {
		api, err = fakeapi.Start(fakeapi.Options{MagicDNSDomain: s.tn.Domain(), Policy: r.policy})
		return err
	})
	if err != nil {
		return nil, err
	}
	api.AddDevices(max(r.devices, 12))
	if r.policy != "" {
		api.SetDevices(append(api.Devices(), s.devices()...))
	}
	return api, nil
}

// attack has alice call, alone, under the attack, and for a moment after it.
func (s *scene) attack(ctx context.Context, r row, d *daemon, api *fakeapi.Server, window time.Duration, res *result) error {
	does := &victim{Every: herPace, Asks: r.hers}
	if r.audit != "" {
		m := change(api)
		does.Change = &m
	}
	her, err := s.start(ctx, alice, false, plan{Victim: does})
	if err != nil {
		return err
	}
	pause(ctx, quietTime)
	began := time.Now()
	attacker, err := s.start(ctx, r.by, !r.honest, r.plan)
	if err != nil {
		_, gone := her.end()
		return errors.Join(err, gone)
	}
	select {
	case <-attacker.sent:
	case <-time.After(sendTime):
	case <-ctx.Done():
	}
	if r.plan.number() > 0 {
		pause(ctx, time.Second) // what is held is held for a moment
	}
	if r.audit == full {
		pause(ctx, (window-time.Since(began))/2)
		if err := s.fill(d); err != nil {
			return errors.Join(err, attacker.stop(), her.stop())
		}
	}
	pause(ctx, window-time.Since(began))
	theirs, err := attacker.end()
	res.sent, res.answers, res.held = theirs.Sent, theirs.Answers, theirs.Held
	pause(ctx, tailTime)
	mine, gone := her.end()
	res.split(mine.Calls, began)
	err = errors.Join(err, gone)
	if r.audit != "" && err == nil && d.alive() {
		res.trail = &trail{harm: r.audit}
		err = s.follow(d, api, mine.Calls, res.trail)
	}
	return err
}

// number is how many attempts the plan has to make; 0: as many as it can.
func (p plan) number() int {
	switch {
	case p.Calls != nil:
		return p.Calls.AtMost
	case p.Hold != nil:
		return p.Hold.Connections
	}
	return 0
}

// least is how many attempts have to be made for the row to prove anything: of a
// flood, one by each of those that send at once.
func (p plan) least() int {
	switch n := p.number(); {
	case n > 0:
		return n
	case p.Calls != nil:
		return p.Calls.AtOnce
	}
	return p.Honest.Clients*p.Honest.Servers + 2*p.Honest.Burst
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// watcher counts descriptors while an attack goes on.
type watcher struct {
	daemon, tailscaled int // the most that were seen
	stop, done         chan struct{}
}

func (s *scene) watch(d *daemon) *watcher {
	w := &watcher{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			if n, err := openDescriptors(d.pid()); err == nil {
				w.daemon = max(w.daemon, n)
			}
			if n, err := openDescriptors(s.server.PID()); err == nil {
				w.tailscaled = max(w.tailscaled, n)
			}
			select {
			case <-tick.C:
			case <-w.stop:
				tick.Stop()
				return
			}
		}
	}()
	return w
}

// end ends the watching; ending again changes nothing.
func (w *watcher) end() {
	select {
	case <-w.stop:
	default:
		close(w.stop)
	}
	<-w.done
}
