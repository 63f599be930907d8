// SPDX-License-Identifier: MIT

package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tailscale.com/ipn"
)

// timing is how often things are done.
type timing struct {
	poll     time.Duration // between two looks at a tailscaled that is well
	retryMin time.Duration // first pause after a failure; it doubles
	retryMax time.Duration // up to this: the bound on how late a return is noticed
	gap      time.Duration // shortest time between two looks, whatever the bus says
	call     time.Duration // deadline of one question to tailscaled
	stall    time.Duration // a follower that takes longer than this for a turn is stuck
	unheard  time.Duration // how long tailscaled may be without its control server
}

// The poll is a safety net: changes are told by the bus. The bus is rate-limited
// by tailscaled for what is frequent, and every failure is retried within a second.
var defaultTiming = timing{
	poll:     3 * time.Second,
	retryMin: 50 * time.Millisecond,
	retryMax: time.Second,
	gap:      50 * time.Millisecond,
	call:     2 * time.Second,
	stall:    15 * time.Second,
	unheard:  time.Minute,
}

// errStalled is reported by Probe.
var errStalled = errors.New("following tailscaled: the follower is stuck")

// follow keeps the listener at what tailscaled says, until the listener is closed.
func (l *Listener) follow(inherited []*source) {
	wake := make(chan struct{}, 1)
	l.running.Go(func() { l.watch(wake) })
	defer close(l.followed)
	defer func() {
		for _, s := range inherited {
			s.close()
		}
		for _, s := range l.bound {
			s.close()
		}
	}()

	var known node
	retry := l.timing.retryMin
	for first := true; ; first = false {
		var result outcome
		known, result = l.turn(known, inherited)
		if first {
			// Not before the first answer: the connection that made systemd start
			// this service is already waiting, and has to be judged by it.
			for _, s := range inherited {
				l.start(s)
			}
		}
		if result.news {
			retry = l.timing.retryMin // something moves: what is missing may come soon
		}
		pause := l.timing.poll
		switch {
		case result.away:
			pause, retry = retry, min(2*retry, l.timing.retryMax)
		case result.pending:
			pause, retry = retry, min(2*retry, l.timing.poll)
		default:
			retry = l.timing.retryMin
		}
		if !l.hearing.Load() {
			pause = min(pause, l.timing.retryMax) // nobody would tell
		}
		timer := time.NewTimer(pause)
		select {
		case <-l.taking.Done():
			timer.Stop()
			return
		case <-wake:
			timer.Stop()
			retry = l.timing.retryMin
			l.sleep(l.timing.gap)
		case <-timer.C:
		}
	}
}

// outcome is what a turn has to say about the next one.
type outcome struct {
	away    bool // tailscaled did not answer
	pending bool // an address could not be bound
	news    bool // the state is another one than before
}

// turn looks at tailscaled once and acts on it.
func (l *Listener) turn(known node, inherited []*source) (node, outcome) {
	ctx, cancel := context.WithTimeout(l.taking, l.timing.call)
	status, err := l.cfg.Tailscaled.StatusWithoutPeers(ctx)
	cancel()
	if l.taking.Err() != nil {
		return known, outcome{}
	}
	if err != nil {
		known = known.missed(err)
	} else {
		known = known.heard(status, time.Now())
	}

	l.door.change(known)
	var state State
	result := outcome{away: err != nil}
	if len(inherited) > 0 {
		state = assessInherited(known, inherited)
		if l.otherPort() {
			state.Detail += fmt.Sprintf("; TAILSCALE_MCP_PORT=%d has no effect on it (systemctl edit tailscale-mcp.socket)", l.cfg.Port)
		}
	} else {
		failed := l.rebind(known)
		result.pending = len(failed) > 0
		state = l.assess(known, failed)
	}
	state = known.limit(state, time.Now(), l.timing.unheard)
	result.news = l.publish(state, known.self)
	l.turned.Store(int64(time.Since(l.opened)))
	return known, result
}

// publish shows the new state, and tells about it and reports true if it differs.
func (l *Listener) publish(state State, self Self) bool {
	old := l.view.Swap(&view{state: state, self: self}).state
	if old.equal(state) {
		return false
	}
	level := slog.LevelInfo
	if state.Phase == Degraded {
		level = slog.LevelWarn
	}
	if old.ReadsOnly != "" && state.ReadsOnly == "" {
		l.cfg.Log.LogAttrs(l.ctx, slog.LevelInfo, "tailscaled is connected to its control server again: changes are served again")
	}
	l.cfg.Log.LogAttrs(l.ctx, level, state.Detail, slog.String("state", string(state.Phase)))
	if l.cfg.OnChange != nil {
		l.cfg.OnChange(state)
	}
	return true
}

// watch wakes the follower whenever the bus says anything, and when it ends: a
// tailscaled that goes is noticed at once. What the bus says is not used; the
// follower asks for the whole state, which is cheap and cannot get out of step.
func (l *Listener) watch(wake chan<- struct{}) {
	retry := l.timing.retryMin
	for l.taking.Err() == nil {
		began := time.Now()
		if l.watchOnce(wake) {
			signal(wake)
			if time.Since(began) > l.timing.retryMax {
				retry = l.timing.retryMin
			}
		}
		l.sleep(retry)
		retry = min(2*retry, l.timing.retryMax)
	}
}

// watchOnce reports whether the bus could be heard at all.
func (l *Listener) watchOnce(wake chan<- struct{}) bool {
	ctx, cancel := context.WithCancel(l.taking)
	defer cancel()
	deadline := time.AfterFunc(l.timing.call, cancel) // for getting through only
	bus, err := l.cfg.Tailscaled.WatchIPNBus(ctx, ipn.NotifyInitialState|ipn.NotifyRateLimit)
	if err != nil {
		deadline.Stop()
		return false
	}
	defer bus.Close()
	if !deadline.Stop() {
		return false
	}
	l.hearing.Store(true)
	defer l.hearing.Store(false)
	for {
		if _, err := bus.Next(); err != nil {
			return true
		}
		signal(wake)
	}
}

func signal(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default: // it will wake anyway
	}
}

// sleep waits unless the listener is closed.
func (l *Listener) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-l.taking.Done():
	case <-timer.C:
	}
}
