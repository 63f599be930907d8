// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"tailscale.com/client/local"

	"tailscale-mcp/internal/testbed"
)

// subcommand makes this program an actor: a process that reads a plan from
// standard input and follows it until standard input ends, be it because it is
// told to stop or because whoever told it what to do is gone.
const subcommand = "act"

// longest is how long an actor lasts at most, whatever its plan says.
const longest = time.Minute

// plan is what an actor does; one of its parts is set.
type plan struct {
	Target string // address and port of the daemon
	Socket string // of the tailscaled that connections go through; "" where the kernel makes them
	Calls  *calls
	Hold   *hold
	Victim *victim
	Honest *honest
}

// report is what became of it.
type report struct {
	Sent    int            // requests, or connections, that were tried
	Answers map[string]int // how they ended
	Held    int            // connections that were still open at the end
	Calls   []sample       // each call, of the victim only
}

// sample is one call of the victim.
type sample struct {
	Began   time.Time
	Took    time.Duration
	Change  bool
	Refused bool   // a change, for want of a record
	Problem string // "" for a good answer
}

// act is the process of an actor. It writes an empty value when all that the plan
// asks for was sent, and its report at the end.
func act(in io.Reader, out io.Writer) error {
	d := json.NewDecoder(in)
	var p plan
	if err := d.Decode(&p); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, io.MultiReader(d.Buffered(), in)) // either way it has ended
	}()
	if err := allowDescriptors(12_000); err != nil {
		return err
	}
	tell := json.NewEncoder(out)
	sent := sync.OnceFunc(func() { _ = tell.Encode(struct{}{}) }) // the report would fail too
	t := &tally{counts: map[string]int{}}
	var r report
	switch {
	case p.Calls != nil:
		p.Calls.run(ctx, p.way(), t, sent)
	case p.Hold != nil:
		r.Held = p.Hold.run(ctx, p.way(), t, sent)
	case p.Victim != nil:
		r.Calls = p.Victim.run(ctx, p.way())
	case p.Honest != nil:
		p.Honest.run(ctx, p.way(), t, sent)
	}
	sent()
	r.Sent, r.Answers = t.sum()
	return tell.Encode(r)
}

// way is how an actor gets to the daemon.
type way struct {
	target string
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

func (p plan) way() way {
	w := way{target: p.Target, dial: new(net.Dialer).DialContext}
	if p.Socket != "" {
		tailscaled := &local.Client{Socket: p.Socket, UseSocketOnly: true}
		w.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return nil, err
			}
			return tailscaled.UserDial(ctx, network, to.Addr().String(), to.Port())
		}
	}
	return w
}

// transport makes connections of its own.
func (w way) transport() *http.Transport {
	return &http.Transport{DialContext: w.dial, DisableCompression: true}
}

// allowDescriptors makes room for so many connections.
func allowDescriptors(n uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= n {
		return nil
	}
	limit.Cur, limit.Max = n, max(n, limit.Max)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("an attacker needs %d descriptors: %w", n, err)
	}
	return nil
}

// tally counts how attempts end.
type tally struct {
	mu     sync.Mutex
	sent   int
	counts map[string]int
}

func (t *tally) add(how string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
	t.counts[how]++
}

func (t *tally) sum() (int, map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent, maps.Clone(t.counts)
}

const (
	hungUp  = "hung up"     // by the attacker itself
	unsent  = "unsent"      // the attack did not get as far as the daemon
	partly  = "partly sent" // not all of it was, or nothing, when the time was over
	silence = "no answer"
)

// failure sorts what went wrong with a request.
func failure(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EMFILE):
		return unsent
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return hungUp
	case errors.As(err, &timeout) && timeout.Timeout():
		return silence
	}
	return "reset" // or closed, which net/http says in several ways
}

// answer sends a message and says how that ended.
func answer(ctx context.Context, c *http.Client, target string, m message) string {
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(how httptrace.WroteRequestInfo) { written.Store(how.Err == nil) },
	})
	r, err := m.request(ctx, target)
	if err != nil {
		return unsent
	}
	res, err := c.Do(r)
	if err != nil {
		how := failure(err)
		if how == hungUp && !written.Load() {
			how = partly
		}
		return how
	}
	defer res.Body.Close()
	head, err := readHead(res.Body)
	if err != nil {
		return failure(err)
	}
	if m.Method == "" {
		return fmt.Sprint(res.StatusCode)
	}
	return verdict(res.StatusCode, head)
}

// actor is the process as the one sees it that started it.
type actor struct {
	stdin  io.Closer
	sent   chan struct{} // closed when all that the plan asks for was sent
	done   chan struct{} // closed at the end; then the others hold
	report report
	err    error
}

// start starts an actor on a node: an attacker is given little of the processor,
// as it would have none of it on a machine of its own.
func start(ctx context.Context, on *testbed.Node, attacker bool, p plan) (*actor, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := []string{self, subcommand}
	if attacker {
		command = append([]string{"nice", "-n", "19"}, command...)
	}
	cmd := on.Command(ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	a := &actor{stdin: stdin, sent: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.err = a.follow(stdout)
		a.err = errors.Join(a.err, waited(cmd))
	}()
	if err := json.NewEncoder(stdin).Encode(p); err != nil {
		stdin.Close()
		<-a.done
		return nil, errors.Join(fmt.Errorf("telling an actor its plan: %w", err), a.err)
	}
	return a, nil
}

func (a *actor) follow(stdout io.Reader) error {
	sent := sync.OnceFunc(func() { close(a.sent) })
	defer sent()
	d := json.NewDecoder(stdout)
	var nothing struct{}
	if err := d.Decode(&nothing); err != nil {
		return fmt.Errorf("an actor ended early: %w", err)
	}
	sent()
	if err := d.Decode(&a.report); err != nil {
		return fmt.Errorf("an actor gave no report: %w", err)
	}
	return nil
}

func waited(cmd *exec.Cmd) error {
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("an actor: %w", err)
	}
	return nil
}

// stop ends the actor whatever it has to report.
func (a *actor) stop() error {
	_, err := a.end()
	return err
}

// end tells the actor to stop and waits for its report.
func (a *actor) end() (report, error) {
	a.stdin.Close()
	<-a.done // it has bounds of its own, and ends with the context at the latest
	return a.report, a.err
}
