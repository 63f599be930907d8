// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// TestTellsServiceManager: ready although tailscaled is away, what it waits for,
// and signs of life all the while.
func TestTellsServiceManager(t *testing.T) {
	ctx := t.Context()
	_, server, _, _ := newTailnet(t, testbed.Options{})
	if err := server.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	const period = 600 * time.Millisecond
	d := startDaemon(t, server, setup{env: []string{fmt.Sprintf("WATCHDOG_USEC=%d", period.Microseconds())}})
	await(t, patience, func() error {
		if len(d.told.all("READY=1")) != 1 {
			return fmt.Errorf("told to be ready %d times, want once", len(d.told.all("READY=1")))
		}
		return nil
	})
	d.told.mustSay(t, "waiting for tailscaled")
	d.mustPing(t)
	if err := server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	d.told.mustSay(t, "listening on 127.0.0.1:")
	d.mustPing(t)
	if err := server.LogOut(ctx); err != nil {
		t.Fatal(err)
	}
	d.told.mustSay(t, "logged out")
	if err := server.Kill(ctx); err != nil {
		t.Fatal(err)
	}
	d.told.mustSay(t, "waiting for tailscaled")
	d.mustPing(t)

	d.terminate(t)
	if code := d.end(t); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	d.told.mustSay(t, "stopping") // what the daemon has told is read a moment later
	if n := len(d.told.all("STOPPING=1")); n != 1 {
		t.Errorf("it told %d times that it stops", n)
	}
	if len(d.told.all("READY=1")) != 1 {
		t.Error("told to be ready more than once")
	}
}

// mustPing waits for three further pings of the watchdog.
func (d *daemon) mustPing(t testing.TB) {
	t.Helper()
	before := len(d.told.all("WATCHDOG=1"))
	await(t, patience, func() error {
		d.mustRun(t)
		if n := len(d.told.all("WATCHDOG=1")) - before; n < 3 {
			return fmt.Errorf("%d pings of the watchdog", n)
		}
		return nil
	})
}

// TestStopsGracefully: SIGTERM lets a call in flight finish, ends open streams
// with a result, takes no new connections and ends with exit code 0.
func TestStopsGracefully(t *testing.T) {
	st := newStop(t)
	done := make(chan ended, 1)
	script := st.hold(t, done)
	stream := subscribe(t, st.alice.HTTPClient(), st.base)

	st.d.terminate(t)
	began := time.Now()
	stream.ends(t, patience)
	st.mustRefuseConnections(t)
	select {
	case e := <-done:
		t.Fatalf("the call in flight ended early: %v", e)
	case <-st.d.ended:
		t.Fatal("the daemon did not wait for the call in flight")
	default:
	}
	script()
	e := <-done
	if e.err != nil || e.status != http.StatusOK || e.isError || !strings.Contains(e.text, `"total":3`) {
		t.Errorf("the call in flight: got %d %s (error: %v), want its answer", e.status, e.body, e.err)
	}
	if code := st.d.end(t); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if took := time.Since(began); took > stopTimeout {
		t.Errorf("stopping took %s, want at most %s", took, stopTimeout)
	}
	audit := st.d.audit.String()
	if !strings.Contains(audit, `"event":"outcome"`) {
		t.Errorf("the audit lacks the outcome of the call in flight:\n%s", audit)
	}
}

// TestStopsInTime: a call that takes as long as it may has its answer, and one
// that takes longer does not keep the daemon.
func TestStopsInTime(t *testing.T) {
	t.Parallel() // it mostly waits
	st := newStop(t)
	if err := st.mallory.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	bounded, endless := make(chan ended, 1), make(chan ended, 1)
	st.hold(t, bounded)
	inBackground(t, func(ctx context.Context) {
		var e ended
		e.answer, e.err = call(ctx, st.alice.HTTPClient(), st.base, "ping_peer", map[string]any{"peer": "mallory", "count": 10})
		endless <- e
	})
	await(t, patience, func() error {
		if !strings.Contains(st.d.audit.String(), `"name":"ping_peer"`) {
			return fmt.Errorf("no ping has begun")
		}
		return nil
	})

	began := time.Now() // before it: the daemon counts from the signal
	st.d.terminate(t)
	if e := <-bounded; e.err != nil || !e.isError || !strings.HasPrefix(e.text, "upstream_timeout: ") {
		t.Errorf("a call that the API does not answer: got %d %s (error: %v), want upstream_timeout", e.status, e.body, e.err)
	}
	code := st.d.end(t)
	if took := time.Since(began); code != 0 || took < stopTimeout || took > stopTimeout+within {
		t.Errorf("got exit code %d after %s, want 0 after %s", code, took, stopTimeout)
	}
	if e := <-endless; e.err == nil {
		t.Errorf("ten pings without an answer: got %d %s, want a cut connection", e.status, e.body)
	}
	if !strings.Contains(st.d.log.String(), "calls in flight were cut off") {
		t.Error("the log does not tell that calls were cut off")
	}
}

// TestStopsAtOnce: whoever asks twice does not want to wait for calls in flight.
func TestStopsAtOnce(t *testing.T) {
	st := newStop(t)
	done := make(chan ended, 1)
	st.hold(t, done)
	st.d.terminate(t)
	await(t, patience, func() error {
		if len(st.d.told.all("STOPPING=1")) == 0 {
			return fmt.Errorf("not told to stop")
		}
		return nil
	})
	began := time.Now()
	st.d.terminate(t)
	st.d.end(t)
	if took := time.Since(began); took > within {
		t.Errorf("a second SIGTERM ended it after %s", took)
	}
	<-done
}

// stop is a daemon with somebody whose calls can be held up.
type stop struct {
	d       *daemon
	api     *fakeapi.Server
	alice   *testbed.Node
	mallory *testbed.Node // whom nobody asks anything
	base    string
}

// ended is what came of a call in the background.
type ended struct {
	answer
	err error
}

func newStop(t testing.TB) *stop {
	t.Helper()
	api, err := fakeapi.Start(fakeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	api.AddDevices(3)
	tn, server, alice, rest := newTailnet(t, testbed.Options{}, testbed.NodeOptions{Name: "mallory"})
	if err := tn.SetGrants(t.Context(), server, grantAll(alice)); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, server, setup{env: []string{"TAILSCALE_API_URL=" + api.URL(), "TAILSCALE_API_KEY=" + fakeapi.DefaultAPIKey}})
	d.mustBecome(t, http.StatusOK, "up")
	return &stop{d: d, api: api, alice: alice, mallory: rest[0], base: fmt.Sprintf("http://%s:%d", server.Name, d.port)}
}

// hold begins a call and returns when it is held up by the API, with what lets
// it go on.
func (st *stop) hold(t testing.TB, done chan<- ended) (release func()) {
	t.Helper()
	fault, release := fakeapi.Hold()
	t.Cleanup(release)
	script := st.api.Fail("listTailnetDevices", fault)
	inBackground(t, func(ctx context.Context) {
		var e ended
		e.answer, e.err = call(ctx, st.alice.HTTPClient(), st.base, "list_all_devices", nil)
		done <- e
	})
	select {
	case <-script.Reached():
	case <-time.After(patience):
		t.Fatal("the call did not get to the API")
	}
	return release
}

// mustRefuseConnections waits until nothing listens any more.
func (st *stop) mustRefuseConnections(t testing.TB) {
	t.Helper()
	await(t, patience, func() error {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", st.d.port), time.Second)
		if err != nil {
			return nil
		}
		_ = c.Close()
		return fmt.Errorf("connections are accepted")
	})
}
