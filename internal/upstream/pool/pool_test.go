// SPDX-License-Identifier: MIT

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	testservers "tailscale-mcp/internal/testbed/servers"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/pool"
	"tailscale-mcp/internal/upstream/process"
)

func TestMain(m *testing.M) {
	code := m.Run()
	testservers.Clean()
	os.Exit(code)
}

// bench is a pool of real processes.
type bench struct {
	*pool.Pool
	host *testservers.Host

	mu       sync.Mutex
	starting int // dialled, and not ready yet
	most     int
	counted  map[pool.Event]int
	// held, if it is there, holds up every start until it is closed.
	held chan struct{}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{host: testservers.New(t), counted: map[pool.Event]int{}}
	b.Pool = pool.New(pool.Options{
		Log: slog.New(slog.DiscardHandler), Heard: func(string, string, string, []byte) {}, Ended: func(string, string) {},
		Dial: func(ctx context.Context, server string) (net.Conn, error) {
			b.mu.Lock()
			b.starting++
			b.most = max(b.most, b.starting)
			held := b.held
			b.mu.Unlock()
			if held != nil {
				select {
				case <-held:
				case <-ctx.Done():
				}
			}
			conn, err := b.host.Dial(ctx, server)
			if err != nil {
				b.ready()
			}
			return conn, err
		},
		Started: func(context.Context, string, string, *process.Process) error { b.ready(); return nil },
		Counted: func(_ string, what pool.Event) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.counted[what]++
		},
	})
	t.Cleanup(b.Close)
	return b
}

func (b *bench) ready() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.starting--
}

// server adds the server odd under a name.
func (b *bench) server(name string, most int) entry.Server {
	b.host.Odd(name, "")
	return entry.Server{Name: name, Max: most, Idle: time.Hour}
}

func holder(caller string) pool.Holder { return pool.Holder{Name: caller, Caller: caller} }

// session is a further holder of a caller.
func session(caller string, n int) pool.Holder {
	return pool.Holder{Name: fmt.Sprint(caller, n), Caller: caller}
}

func (b *bench) use(t *testing.T, s entry.Server, h pool.Holder) (*process.Process, func()) {
	t.Helper()
	p, release, err := b.Use(t.Context(), s, h)
	if err != nil {
		t.Fatalf("%s for %s: %v", s.Name, h.Name, err)
	}
	return p, release
}

// refused checks that there is no process, with a code and words.
func (b *bench) refused(t *testing.T, s entry.Server, h pool.Holder, code failure.Code, words string) {
	t.Helper()
	_, _, err := b.Use(t.Context(), s, h)
	var told *failure.Error
	if !errors.As(err, &told) || told.Code != code || !strings.Contains(told.Message, words) || told.Next == "" {
		t.Errorf("%s for %s: got %v, want %s with %q", s.Name, h.Name, err, code, words)
	}
}

// await waits until there are so many processes.
func (b *bench) await(t *testing.T, want int) {
	t.Helper()
	n := -1
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if n, _ = b.host.Running(); n == want {
			return
		}
	}
	t.Fatalf("%d processes, want %d", n, want)
}

// A holder has one process, whatever it asks for, and no two have the same, but of a
// server that is shared.
func TestOneEach(t *testing.T) {
	b := newBench(t)
	s := b.server("odd", 8)
	first, release := b.use(t, s, holder("alice"))
	defer release()
	again, release := b.use(t, s, holder("alice"))
	defer release()
	other, release := b.use(t, s, holder("bob"))
	defer release()
	if first != again || first == other {
		t.Error("processes are not by holder")
	}
	shared := b.server("shared", 8)
	shared.Shared = true
	one, release := b.use(t, shared, holder("alice"))
	defer release()
	same, release := b.use(t, shared, holder("bob"))
	defer release()
	if one != same {
		t.Error("a shared server has two processes")
	}
	b.await(t, 3)
}

// A process ends when nobody has used it for its idle time, and not while somebody does.
func TestIdle(t *testing.T) {
	b := newBench(t)
	s := b.server("odd", 8)
	s.Idle = 50 * time.Millisecond
	p, release := b.use(t, s, holder("alice"))
	select {
	case <-p.Done():
		t.Fatal("it ended while it was used")
	case <-time.After(3 * s.Idle): // nothing is to happen meanwhile
	}
	release()
	<-p.Done()
	b.await(t, 0)
	if _, n := b.host.Running(); n != 1 {
		t.Errorf("%d were started", n)
	}
}

// A caller has four processes at most. The next one takes the place of the one that was
// idle for longest; where none is idle it is refused. Others notice nothing.
func TestShare(t *testing.T) {
	b := newBench(t)
	s := b.server("odd", 32)
	bobs, release := b.use(t, s, holder("bob"))
	release()
	var all []*process.Process
	var releases []func()
	for i := range 4 {
		p, release := b.use(t, s, session("alice", i))
		all, releases = append(all, p), append(releases, release)
	}
	b.refused(t, s, session("alice", 4), failure.RateLimited, "you have 4 processes")
	releases[2]()
	releases[1]()
	_, release = b.use(t, s, session("alice", 4))
	defer release()
	<-all[2].Done()
	for _, i := range []int{0, 1, 3} {
		if err := all[i].Err(); err != nil {
			t.Errorf("process %d ended: %v", i, err)
		}
	}
	if err := bobs.Err(); err != nil {
		t.Errorf("bob's ended: %v", err)
	}
}

// A server runs as often as its entry says, and nobody's only process goes for another's at
// once.
func TestMax(t *testing.T) {
	b := newBench(t)
	s, more := b.server("odd", 2), b.server("more", 32)
	alices, release := b.use(t, s, holder("alice"))
	release()
	_, release = b.use(t, s, holder("bob"))
	defer release()
	b.refused(t, s, holder("carol"), failure.RateLimited, "runs 2 times")
	// Not even for one who has another's place to give.
	for i := range 4 {
		_, release := b.use(t, more, session("carol", i))
		release()
	}
	b.refused(t, s, holder("carol"), failure.RateLimited, "runs 2 times")
	if err := alices.Err(); err != nil {
		t.Errorf("alice's ended: %v", err)
	}
	_, release = b.use(t, s, session("alice", 1)) // at the cost of her own
	defer release()
	<-alices.Done()
}

// One caller's idle processes do not keep another out, who gets the place of the one that was
// idle for longest; those in use do.
func TestSpared(t *testing.T) {
	b := newBench(t)
	s := b.server("odd", 2)
	first, release := b.use(t, s, session("alice", 1))
	release()
	second, giveBack := b.use(t, s, session("alice", 2))
	_, release = b.use(t, s, holder("bob"))
	defer release()
	<-first.Done()
	if err := second.Err(); err != nil {
		t.Errorf("the one in use ended: %v", err)
	}
	giveBack()
	b.refused(t, s, holder("carol"), failure.RateLimited, "runs 2 times") // nobody has more than another now
	if err := second.Err(); err != nil {
		t.Errorf("her only one ended: %v", err)
	}
}

// A server that does not start, or ends at once, is started ever more rarely for whom it
// does, and for others as before.
func TestBackoff(t *testing.T) {
	b := newBench(t)
	b.host.Add("false", "/bin/false", nil, "")
	s := entry.Server{Name: "false", Max: 8, Idle: time.Hour}
	for range 3 {
		b.refused(t, s, holder("alice"), failure.UpstreamUnavailable, "exited with status 1")
	}
	deaths := 3
	for ; deaths < 8; deaths++ { // on a slow host a pause may be over, but the next is twice as long
		_, _, err := b.Use(t.Context(), s, holder("alice"))
		var told *failure.Error
		if !errors.As(err, &told) {
			t.Fatalf("got %v", err)
		}
		if told.Code == failure.RateLimited && strings.Contains(told.Message, "ended too soon each time") {
			break
		}
	}
	b.refused(t, s, holder("alice"), failure.RateLimited, "ended too soon each time")
	b.refused(t, s, holder("bob"), failure.UpstreamUnavailable, "exited with status 1")

	// On a slow host a death may come too late to be early, or a call after the pause of a
	// second: then somebody else tries.
	odd := b.server("odd", 8)
	var err error
	tries, inTime := 0, false
	for ; !inTime; tries++ {
		if tries == 10 {
			t.Fatal("this host is too slow for three early deaths and a call within a second")
		}
		who := holder(fmt.Sprintf("alice%d", tries))
		inTime = true
		var killed time.Time
		for range 3 {
			began := time.Now()
			p, release := b.use(t, odd, who)
			killed = time.Now()
			b.host.Kill()
			<-p.Done()
			release()
			inTime = inTime && time.Since(began) < 10*time.Second
		}
		var release func()
		if _, release, err = b.Use(t.Context(), odd, who); err == nil {
			release()
		}
		inTime = inTime && time.Since(killed) < time.Second
	}
	var told *failure.Error
	if !errors.As(err, &told) || told.Code != failure.RateLimited || !strings.Contains(told.Message, "ended too soon each time") {
		t.Errorf("odd for alice: got %v", err)
	}
	_, release := b.use(t, odd, holder("bob"))
	release()
	b.mu.Lock()
	defer b.mu.Unlock()
	if tries == 1 && deaths == 3 && (b.counted[pool.Started] != 4 || b.counted[pool.NotStarted] != 4 || b.counted[pool.DiedEarly] != 3) {
		t.Errorf("counted %v", b.counted)
	}
}

// Of two hundred callers who come at once, as many are served as the entry allows, all
// others are told why not, only a few starts go on at the same time, and nothing is left.
func TestManyAtOnce(t *testing.T) {
	b := newBench(t)
	s := b.server("odd", 32)
	const callers = 200
	began := time.Now()
	var wg sync.WaitGroup
	var mu sync.Mutex
	told := map[failure.Code]int{}
	for i := range callers {
		wg.Go(func() {
			p, release, err := b.Use(t.Context(), s, holder(fmt.Sprint("caller", i)))
			var refused *failure.Error
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && p.Err() == nil:
				told[""]++
				release()
			case errors.As(err, &refused):
				told[refused.Code]++
			default:
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	t.Logf("%v after %s", told, time.Since(began).Round(time.Millisecond))
	if told[""] != 32 || told[failure.RateLimited] != callers-32 {
		t.Errorf("got %v, want 32 served and the others refused", told)
	}
	// After five seconds the next one has its turn, whatever becomes of the start.
	if b.most > 3 && time.Since(began) < 5*time.Second {
		t.Errorf("%d starts at once", b.most)
	}
	b.Close()
	b.await(t, 0)
}

// A start for which nobody waits any more is not made; one that has begun is.
func TestGivenUp(t *testing.T) {
	b := newBench(t)
	b.held = make(chan struct{})
	s := b.server("odd", 32)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if _, _, err := b.Use(ctx, s, holder(fmt.Sprint("caller", i))); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		b.mu.Lock()
		n := b.starting
		b.mu.Unlock()
		if n == 3 && b.Count()["odd"] == 10 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d starts of %v have begun", n, b.Count())
		}
	}
	cancel()
	wg.Wait()
	if n := b.Count()["odd"]; n != 3 {
		t.Errorf("%d are left, want those 3 that had begun", n)
	}
	close(b.held)
	b.await(t, 3)
	if _, n := b.host.Running(); n != 3 {
		t.Errorf("%d were started", n)
	}
}

// What is cut is answered with why, and there is nothing after it.
func TestCut(t *testing.T) {
	b := newBench(t)
	s := b.server("odd", 8)
	p, release := b.use(t, s, holder("alice"))
	defer release()
	answered := make(chan error, 1)
	go func() {
		_, err := p.Ask(t.Context(), process.Question{Method: "tools/call", Params: []byte(`{"name":"hang"}`)})
		answered <- err
	}()
	for p.InFlight() == 0 {
		time.Sleep(time.Millisecond)
	}
	why := &failure.Error{Code: failure.UpstreamUnavailable, Message: "the house is closing", Next: "come again"}
	b.Cut(why)
	if err := <-answered; !errors.Is(err, error(why)) {
		t.Errorf("answered with %v", err)
	}
	b.refused(t, s, holder("bob"), failure.UpstreamUnavailable, "the house is closing")
	b.Close()
	b.await(t, 0)
}
