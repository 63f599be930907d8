// SPDX-License-Identifier: MIT

package process

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/frame"
)

// program is one that is started by its launcher, however often: it answers with what says
// returns for a method, given what it was asked before; "die" ends it.
type program struct {
	says func(method string, before []string) string

	mu     sync.Mutex
	starts [][]string // the methods that each was asked
}

func (p *program) dial(context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.mu.Lock()
	n := len(p.starts)
	p.starts = append(p.starts, nil)
	p.mu.Unlock()
	go func() {
		defer theirs.Close()
		out, err := frame.NewWriter(theirs, "")
		if err != nil {
			return
		}
		in := bufio.NewScanner(theirs)
		for in.Scan() {
			e, err := jsonrpc.Scan(in.Bytes())
			if err != nil || e.Method == "" || strings.HasPrefix(e.Method, "notifications/") {
				continue
			}
			p.mu.Lock()
			before := p.starts[n]
			p.starts[n] = append(before[:len(before):len(before)], e.Method)
			p.mu.Unlock()
			says := p.says(e.Method, before)
			if says == "die" {
				return
			}
			if _, err := out.ReadFrom(strings.NewReader(strings.ReplaceAll(says, "ID", string(e.ID)))); err != nil {
				return
			}
		}
	}()
	return ours, nil
}

// asked are the methods that each start was asked, until the era was known.
func (p *program) asked() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, methods := range p.starts {
		methods = slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == "subscriptions/listen" })
		all = append(all, strings.Join(methods, " "))
	}
	return all
}

// start starts it for a client, and returns the revision that is spoken with it.
func (p *program) start(t *testing.T, eras *Eras, newer bool) string {
	t.Helper()
	proc, err := Start(t.Context(), Options{
		Server: "s", Dial: p.dial, Heard: func(string, []byte) {}, Log: slog.New(slog.DiscardHandler), Newer: newer, Eras: eras,
	})
	if err != nil {
		t.Fatalf("it cannot be used: %v", err)
	}
	defer proc.Cut(nil)
	if newer := proc.Hello().Revision == modernRevision; newer != proc.Newer() {
		t.Errorf("it says %s, and is newer: %v", proc.Hello().Revision, proc.Newer())
	}
	return proc.Hello().Revision
}

const (
	initialized = `{"jsonrpc":"2.0","id":ID,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}` + "\n"
	discovered  = `{"jsonrpc":"2.0","id":ID,"result":{"supportedVersions":["2026-07-28"],"capabilities":{},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}}` + "\n"
)

func failing(code int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":ID,"error":{"code":%d,"message":"no"}}`+"\n", code)
}

// TestEras: a server is spoken to in the era of its client where it knows that. Nothing that
// it makes of the question keeps it from being used, and it is asked in vain once only.
func TestEras(t *testing.T) {
	const older, both = "initialize", "server/discover initialize"
	always := func(discover, initialize string) func(string, []string) string {
		return func(method string, _ []string) string {
			return map[string]string{"server/discover": discover, "initialize": initialize}[method]
		}
	}
	for name, c := range map[string]struct {
		says       func(method string, before []string) string
		newer      string   // what is spoken with a client of the newer era
		older      string   // and with one of the older
		asked      []string // by the first start for a client of the newer
		asked2     string   // by the second
		askedOlder string   // by one for a client of the older, after that
		most       time.Duration
	}{
		"both":                      {always(discovered, initialized), modernRevision, legacyRevision, []string{"server/discover"}, "server/discover", older, 0},
		"the newer":                 {always(discovered, failing(-32601)), modernRevision, modernRevision, []string{"server/discover"}, "server/discover", "initialize server/discover", 0},
		"no such method":            {always(failing(-32601), initialized), legacyRevision, legacyRevision, []string{both}, older, older, 0},
		"invalid request":           {always(failing(-32600), initialized), legacyRevision, legacyRevision, []string{both}, older, older, 0},
		"another version":           {always(failing(-32022), initialized), legacyRevision, legacyRevision, []string{both}, older, older, 0},
		"garbage":                   {always("Hello!\n{\n", initialized), legacyRevision, legacyRevision, []string{both}, older, older, silenceTime},
		"silence":                   {always("", initialized), legacyRevision, legacyRevision, []string{both}, older, older, silenceTime},
		"death":                     {always("die", initialized), legacyRevision, legacyRevision, []string{"server/discover", older}, older, older, 0},
		"anything":                  {always(initialized, initialized), legacyRevision, legacyRevision, []string{both}, older, older, 0},
		"nothing":                   {always(`{"jsonrpc":"2.0","id":ID,"result":{}}`+"\n", initialized), legacyRevision, legacyRevision, []string{both}, older, older, 0},
		"no object":                 {always(`{"jsonrpc":"2.0","id":ID,"result":5}`+"\n", initialized), legacyRevision, legacyRevision, []string{both}, older, older, 0},
		"older ones":                {always(strings.ReplaceAll(discovered, modernRevision, legacyRevision), initialized), legacyRevision, legacyRevision, []string{both}, older, older, 0},
		"initialize first, or none": {spoilt(failing(-32002), failing(-32002)), legacyRevision, legacyRevision, []string{both, older}, older, older, 0},
		"death afterwards":          {spoilt(failing(-32601), "die"), legacyRevision, legacyRevision, []string{both, older}, older, older, 0},
		"silence for good":          {spoilt("", ""), legacyRevision, legacyRevision, []string{both, older}, older, older, silenceTime + vainTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, eras := &program{says: c.says}, new(Eras)
				began := time.Now()
				if got := p.start(t, eras, true); got != c.newer {
					t.Errorf("%s is spoken for a client of the newer era", got)
				}
				if took := time.Since(began); took != c.most {
					t.Errorf("the first start took %s", took)
				}
				began = time.Now()
				if got := p.start(t, eras, true); got != c.newer {
					t.Errorf("%s is spoken for a second client of the newer era", got)
				}
				if got := p.start(t, eras, false); got != c.older {
					t.Errorf("%s is spoken for a client of the older era", got)
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("the later starts took %s", took)
				}
				synctest.Wait()
				if got, want := p.asked(), append(c.asked, c.asked2, c.askedOlder); !slices.Equal(got, want) {
					t.Errorf("asked %q, want %q", got, want)
				}
			})
		})
	}
}

// spoilt is a server that answers initialize only where it is asked nothing before.
func spoilt(discover, after string) func(string, []string) string {
	return func(method string, before []string) string {
		switch {
		case method == "server/discover":
			return discover
		case len(before) > 0:
			return after
		}
		return initialized
	}
}

// TestSlow: one that takes longer to start than it is waited for is not taken for silent: it
// has been asked for both, and the next is waited for.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &program{says: func(method string, before []string) string {
			if len(before) == 0 {
				time.Sleep(silenceTime + time.Second)
			}
			return map[string]string{"server/discover": discovered, "initialize": initialized}[method]
		}}
		eras := new(Eras)
		if got := p.start(t, eras, true); got != legacyRevision {
			t.Errorf("at first %s", got)
		}
		if got := p.start(t, eras, true); got != modernRevision {
			t.Errorf("then %s", got)
		}
		p = &program{says: func(method string, before []string) string {
			if len(before) == 0 {
				time.Sleep(silenceTime + time.Second)
			}
			return map[string]string{"server/discover": discovered, "initialize": failing(-32601)}[method]
		}}
		if got := p.start(t, new(Eras), true); got != modernRevision {
			t.Errorf("%s with one that knows no other", got)
		}
		synctest.Wait()
	})
}

// TestAnotherVersion: what is known of a server is known of that version.
func TestAnotherVersion(t *testing.T) {
	newer, version := false, "1"
	p := &program{says: func(method string, _ []string) string {
		switch {
		case method == "initialize":
			return strings.Replace(initialized, `"version":"1"`, `"version":"`+version+`"`, 1)
		case newer:
			return discovered
		}
		return failing(-32601)
	}}
	eras := new(Eras)
	p.start(t, eras, true)
	newer = true
	if got := p.start(t, eras, true); got != legacyRevision {
		t.Errorf("it was asked again: %s", got)
	}
	version = "2"
	p.start(t, eras, false)
	if got := p.start(t, eras, true); got != modernRevision {
		t.Errorf("it was not asked again: %s", got)
	}
}

// TestOther: an era that is given up is not asked for first any more, as long as there may be
// another.
func TestOther(t *testing.T) {
	for _, newer := range []bool{false, true} {
		p := &program{says: func(method string, _ []string) string {
			return map[string]string{"server/discover": discovered, "initialize": initialized}[method]
		}}
		eras := new(Eras)
		start := func() *Process {
			proc, err := Start(t.Context(), Options{
				Server: "s", Dial: p.dial, Heard: func(string, []byte) {}, Log: slog.New(slog.DiscardHandler), Newer: newer, Eras: eras,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { proc.Cut(nil) })
			return proc
		}
		if first := start(); first.Newer() != newer || !first.OtherEra() {
			t.Errorf("newer %v: the other is not tried", newer)
		}
		if second := start(); second.Newer() == newer || second.OtherEra() {
			t.Errorf("newer %v: the other is tried without end", newer)
		}
	}
}
