// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tailscale-mcp/internal/testbed/measure"
)

// bounds are those of one measurement: it ends with whichever comes first.
type bounds struct {
	calls int
	time  time.Duration
}

// sample is what one degree of concurrency gave.
type sample struct {
	p50, p99 time.Duration
	rate     float64       // calls a second
	cpu      time.Duration // of the proxy, a call; 0 when nobody looked
}

func newSample(took []time.Duration, whole time.Duration) sample {
	return sample{
		p50: measure.Median(took), p99: measure.Quantile(took, 0.99),
		rate: float64(len(took)) / whole.Seconds(),
	}
}

// call is the request that is timed, of a tool whose answer comes as JSON
// (echo) or as an event stream (stream).
func call(id int, tool, revision string) string {
	meta := ""
	if revision == modern {
		meta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + modern + `","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}`
	}
	return `{"jsonrpc":"2.0","id":` + strconv.Itoa(id) + `,"method":"tools/call","params":{"name":"` + tool + `","arguments":{"text":"hello"}` + meta + `}}`
}

// stall is how long a proxy may give no answer under load.
const stall = 30 * time.Second

// through keeps n calls in flight through a proxy. One goroutine writes and
// reads: each answer makes the next call.
func through(p *process, n int, b bounds, tool, revision string) (sample, error) {
	defer p.bound(b.time + stall)()
	before, err := measure.Tree(p.cmd.Process.Pid)
	if err != nil {
		return sample{}, err
	}
	var (
		sent = make([]time.Time, b.calls)
		took = make([]time.Duration, 0, b.calls)
		next int
	)
	began := time.Now()
	send := func() error {
		line := call(next+1, tool, revision) + "\n"
		sent[next] = time.Now()
		next++
		_, err := io.WriteString(p.stdin, line)
		return err
	}
	for next < min(n, b.calls) && err == nil {
		err = send()
	}
	for len(took) < next && err == nil {
		var line []byte
		if line, err = p.stdout.ReadSlice('\n'); err != nil {
			break
		}
		id := answered(line)
		if id < 1 || id > next || sent[id-1].IsZero() {
			continue // a notification, or an answer to nothing
		}
		now := time.Now()
		took = append(took, now.Sub(sent[id-1]))
		sent[id-1] = time.Time{}
		if err = good(line); err == nil && next < b.calls && now.Sub(began) < b.time {
			err = send()
		}
	}
	whole := time.Since(began)
	if err != nil {
		return sample{}, p.explain(fmt.Errorf("%d in flight, after %d answers: %w", n, len(took), err))
	}
	after, err := measure.Tree(p.cmd.Process.Pid)
	if err != nil {
		return sample{}, err
	}
	s := newSample(took, whole)
	s.cpu = (after.CPU - before.CPU) / time.Duration(len(took))
	return s, nil
}

// direct keeps n calls in flight over HTTP, without a proxy: the floor.
func direct(ctx context.Context, url string, n int, b bounds, tool, revision string) (sample, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: n}
	defer transport.CloseIdleConnections()
	header := http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Mcp-Protocol-Version": {revision},
	}
	if revision == modern {
		header["Mcp-Method"], header["Mcp-Name"] = []string{"tools/call"}, []string{tool}
	} else {
		session, err := post(ctx, transport, url, header, initialize)
		if err != nil {
			return sample{}, err
		}
		header["Mcp-Session-Id"] = []string{session}
	}
	var (
		mu    sync.Mutex
		took  []time.Duration
		first error
		left  atomic.Int64
		wg    sync.WaitGroup
	)
	left.Store(int64(b.calls))
	began := time.Now()
	for range n {
		wg.Go(func() {
			var own []time.Duration
			var err error
			for err == nil && time.Since(began) < b.time {
				id := int(left.Add(-1)) + 1
				if id <= 0 {
					break
				}
				at := time.Now()
				if _, err = post(ctx, transport, url, header, call(id, tool, revision)); err == nil {
					own = append(own, time.Since(at))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			took, first = append(took, own...), errors.Join(first, err)
		})
	}
	wg.Wait()
	return newSample(took, time.Since(began)), first
}

// post sends one message and returns the session that the answer names.
func post(ctx context.Context, t *http.Transport, url string, h http.Header, body string) (session string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header = h
	res, err := t.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK || !bytes.Contains(answer, []byte(`"result":`)) {
		return "", fmt.Errorf("%s: %.200s", res.Status, answer)
	}
	return res.Header.Get("Mcp-Session-Id"), nil
}

// rest is what a proxy holds when nothing is asked of it: its memory when two
// readings in a row are the same but for a hundredth, or after some seconds.
func rest(ctx context.Context, pid int) (float64, error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	last := 0.0
	for range 20 {
		u, err := measure.Tree(pid)
		if err != nil {
			return 0, err
		}
		if diff := u.Resident - last; diff*diff < last*last/10_000 {
			return u.Resident, nil
		}
		last = u.Resident
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return last, nil
}

// large asks for big answers one after another, and returns the memory the
// proxy had at rest before, and at most.
func large(ctx context.Context, c *contestant, url string, size, times int) (idle, peak float64, err error) {
	p, _, err := c.open(ctx, url)
	if err != nil {
		return 0, 0, err
	}
	defer p.kill()
	if _, err := p.ask(1, call(1, "echo", legacy), startLimit); err != nil {
		return 0, 0, err
	}
	if idle, err = rest(ctx, p.cmd.Process.Pid); err != nil {
		return 0, 0, err
	}
	for i := range times {
		request := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"large","arguments":{"size":%d}}}`, i+2, size)
		line, err := p.ask(i+2, request, stall)
		if err != nil {
			return idle, 0, fmt.Errorf("answer %d of %d bytes: %w", i+1, size, err)
		}
		if len(line) < size {
			return idle, 0, fmt.Errorf("answer %d has %d bytes, the server sent %d", i+1, len(line), size)
		}
	}
	u, err := measure.Tree(p.cmd.Process.Pid)
	return idle, u.Peak, err
}
