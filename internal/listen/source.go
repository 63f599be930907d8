// SPDX-License-Identifier: MIT

package listen

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// source is one listening socket.
type source struct {
	ln   *net.TCPListener
	addr netip.AddrPort
}

func (s *source) close() { _ = s.ln.Close() }

// start accepts connections from s until it is closed.
func (l *Listener) start(s *source) {
	l.accepting.Add(1)
	l.running.Go(func() {
		defer l.accepting.Done()
		l.accept(s)
	})
}

func (l *Listener) accept(s *source) {
	const maxPause = time.Second
	pause := 5 * time.Millisecond
	for l.taking.Err() == nil {
		c, err := s.ln.AcceptTCP()
		switch {
		case err == nil:
			pause = 5 * time.Millisecond
			l.receive(c)
		case errors.Is(err, net.ErrClosed) || l.taking.Err() != nil:
			return
		default:
			// Out of file descriptors, most likely: some will be free again.
			l.cfg.Log.LogAttrs(l.ctx, slog.LevelWarn, "accepting a connection failed, trying again",
				slog.String("socket", s.addr.String()), slog.Duration("pause", pause), slog.Any("error", err))
			l.sleep(pause)
			pause = min(2*pause, maxPause)
		}
	}
}

// receive hands a connection to whoever calls Accept. While nobody does, the
// source waits, and further connections queue up in the kernel.
func (l *Listener) receive(tcp *net.TCPConn) {
	c, ok := l.door.enter(tcp)
	if !ok {
		return
	}
	select {
	case l.queue <- c:
	case <-l.ctx.Done():
		_ = c.Close()
	}
}
