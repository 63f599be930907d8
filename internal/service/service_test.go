// SPDX-License-Identifier: MIT

package service

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serviceManager is the receiving end of NOTIFY_SOCKET.
func serviceManager(t *testing.T) *net.UnixConn {
	t.Helper()
	// Not t.TempDir: its path can exceed the 108 bytes of a unix socket's.
	dir, err := os.MkdirTemp("", "notify")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return conn
}

func receive(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	n, err := conn.Read(buffer)
	if err != nil {
		t.Fatalf("waiting for a notification: %v", err)
	}
	return string(buffer[:n])
}

func watchdogPeriod(t *testing.T, period time.Duration) {
	t.Helper()
	t.Setenv("WATCHDOG_USEC", strconv.FormatInt(period.Microseconds(), 10))
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestMessages(t *testing.T) {
	manager := serviceManager(t)
	for _, test := range []struct {
		name string
		send func() error
		want string
	}{
		{"ready", func() error { return Ready("listening on 100.64.0.1:8080") }, "READY=1\nSTATUS=listening on 100.64.0.1:8080"},
		{"status", func() error { return Status("waiting for tailscaled") }, "STATUS=waiting for tailscaled"},
		{"stopping", func() error { return Stopping(time.Minute) }, "STOPPING=1\nSTATUS=stopping: finishing calls in flight\nWATCHDOG=1"},
		{"line break", func() error { return Status("a\nMAINPID=1\r\x00b") }, "STATUS=a MAINPID=1  b"},
		{"invalid UTF-8", func() error { return Status("a\xffb") }, "STATUS=a b"},
		{"long", func() error { return Status(strings.Repeat("é", 400)) }, "STATUS=" + strings.Repeat("é", 297) + "..."},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.send(); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, manager); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A watchdog that is shorter than stopping may take must not strike meanwhile; one
// that is longer, or none, is left alone.
func TestStoppingHoldsOffTheWatchdog(t *testing.T) {
	manager := serviceManager(t)
	for period, want := range map[time.Duration]string{
		30 * time.Second: "\nWATCHDOG=1\nWATCHDOG_USEC=45000000",
		time.Minute:      "\nWATCHDOG=1",
	} {
		watchdogPeriod(t, period)
		if err := Stopping(45 * time.Second); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, manager); !strings.HasSuffix(got, want) {
			t.Errorf("with a watchdog of %v: got %q, want it to end with %q", period, got, want)
		}
	}
}

func TestWithoutServiceManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	for name, err := range map[string]error{"ready": Ready("x"), "status": Status("x"), "stopping": Stopping(time.Minute)} {
		if err != nil {
			t.Errorf("%s: got %v, want nil", name, err)
		}
	}
	probe := func(context.Context) error { t.Error("probed without a watchdog"); return nil }
	if err := Watchdog(t.Context(), quiet(), probe); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestUndeliverable(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "absent"))
	if err := Ready("x"); err == nil {
		t.Error("got nil for a socket that is not there")
	}
}

func TestWatchdogOfAnotherProcess(t *testing.T) {
	serviceManager(t)
	t.Setenv("WATCHDOG_USEC", "1000000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()+1))
	probe := func(context.Context) error { t.Error("probed for another process"); return nil }
	if err := Watchdog(t.Context(), quiet(), probe); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestWatchdogMalformedPeriod(t *testing.T) {
	for _, value := range []string{"soon", "0", "-1"} {
		t.Setenv("WATCHDOG_USEC", value)
		if err := Watchdog(t.Context(), quiet(), nil); err == nil {
			t.Errorf("WATCHDOG_USEC=%s: got nil, want an error", value)
		}
	}
}

// Every ping follows a probe that succeeded; failures are followed by silence.
func TestWatchdogPingsOnlyOnProof(t *testing.T) {
	manager := serviceManager(t)
	watchdogPeriod(t, 150*time.Millisecond)
	var log strings.Builder // written by Watchdog, read after its end
	var hung atomic.Bool
	var proofs int // by Watchdog's goroutine, read after its end
	failed := make(chan struct{}, 100)
	probe := func(context.Context) error {
		if hung.Load() {
			failed <- struct{}{}
			return errors.New("accept loop is stuck")
		}
		proofs++
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	go func() { ended <- Watchdog(ctx, slog.New(slog.NewTextHandler(&log, nil)), probe) }()
	for range 3 {
		if got := receive(t, manager); got != "WATCHDOG=1" {
			t.Fatalf("got %q, want WATCHDOG=1", got)
		}
	}
	hung.Store(true)
	for range 3 {
		select {
		case <-failed:
		case <-time.After(10 * time.Second):
			t.Fatal("the watchdog stopped probing after a failure")
		}
	}
	hung.Store(false)
	receive(t, manager) // a hang that passes is forgiven
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("got %v, want nil", err)
	}
	pings := 4
	manager.SetReadDeadline(time.Now().Add(time.Millisecond))
	for {
		if _, err := manager.Read(make([]byte, 64)); err != nil {
			break
		}
		pings++
	}
	if pings > proofs {
		t.Errorf("got %d pings for %d proofs", pings, proofs)
	}
	if got := strings.Count(log.String(), "accept loop is stuck"); got < 3 {
		t.Errorf("got %d log lines about failed probes, want one for each of 3 or more:\n%s", got, log.String())
	}
}

// A probe that finishes after its deadline proves nothing.
func TestWatchdogLateProofDoesNotCount(t *testing.T) {
	late := func(ctx context.Context) error { <-ctx.Done(); return nil }
	if err := alive(t.Context(), time.Millisecond, late); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline exceeded", err)
	}
}

func TestWatchdogEndsWithItsContext(t *testing.T) {
	manager := serviceManager(t)
	watchdogPeriod(t, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Watchdog(ctx, quiet(), func(context.Context) error { return nil }) }()
	if got := receive(t, manager); got != "WATCHDOG=1" { // at once, not after a third of an hour
		t.Errorf("got %q, want WATCHDOG=1", got)
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("got %v, want nil", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Watchdog goes on after its context is done")
	}
}
