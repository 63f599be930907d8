// SPDX-License-Identifier: MIT

package metrics

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"

	"tailscale-mcp/internal/audit"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// text is a scrape.
func text(t testing.TB, m *Metrics) string {
	t.Helper()
	out, err := m.Text(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// series is how many series there are of this program.
func series(t testing.TB, m *Metrics) int {
	t.Helper()
	return len(regexp.MustCompile(`(?m)^tailscale_mcp_`).FindAllString(text(t, m), -1))
}

// has reports the lines that a scrape lacks.
func has(t *testing.T, m *Metrics, lines ...string) {
	t.Helper()
	got := text(t, m)
	for _, line := range lines {
		if !strings.Contains("\n"+got, "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, only(got))
		}
	}
}

// only are the lines of this program.
func only(text string) string {
	return strings.Join(regexp.MustCompile(`(?m)^(# (HELP|TYPE) )?tailscale_mcp_.*\n`).FindAllString(text, -1), "")
}

var offered = Offered{
	Tools:     []string{"whoami", "ping_peer"},
	Resources: []string{"bootstrap://metrics", "tailscale://devices", "tailscale://device/{id}"},
	Prompts:   []string{"diagnose_peer"},
}

// sink is a log that fails when it has an error.
type sink struct{ err error }

func (s sink) Write(context.Context, audit.Record) error { return s.err }

// everything is one of each.
func everything(t testing.TB) *Metrics {
	m := New("1.2.3")
	log := m.Audit(sink{}, offered)
	for _, r := range []audit.Record{
		{Event: audit.Decision, Method: "tools/call", Name: "whoami", Allowed: true},
		{Event: audit.Outcome, Method: "tools/call", Name: "whoami", Allowed: true, Duration: time.Second},
		{Event: audit.Decision, Method: "resources/read", Name: "tailscale://device/web-1"},
		{Event: audit.Decision, Method: "tools/list", Allowed: true},
	} {
		if err := log.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Tailscaled(peers{}).WhoIsProto(t.Context(), "tcp", "100.64.0.1:1"); err != nil {
		t.Fatal(err)
	}
	m.Upstream("listDevices", 200, "", time.Second)
	m.Limited("calls")
	m.Served("/mcp", http.StatusOK, time.Second)
	m.Gauges(func() Gauges {
		return Gauges{Connections: 1, Idle: 2, Unidentified: 3, Calls: 4, Streams: 5, Callers: 6, BodyBytes: 7}
	})
	return m
}

// TestGolden: what dashboards and alerts are written for. Values are left out.
func TestGolden(t *testing.T) {
	got := regexp.MustCompile(`(?m)^([^#].*) \S+$`).ReplaceAllString(only(text(t, everything(t))), "$1")
	file := filepath.Join("testdata", "metrics.golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not current: run go test ./internal/metrics -update (-golden +now):\n%s", file, diff)
	}
}

// TestLint: names, units and help texts are as Prometheus wants them, in the
// very text that is served.
func TestLint(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(text(t, everything(t)))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestRuntime: memory and descriptors come with it.
func TestRuntime(t *testing.T) {
	got := text(t, New("1.2.3"))
	for _, name := range []string{"go_goroutines", "go_memstats_heap_alloc_bytes", "go_gc_gomemlimit_bytes", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"} {
		if !strings.Contains(got, "\n"+name+" ") {
			t.Errorf("there is no %s", name)
		}
	}
	if strings.Contains(got, "process_network_") {
		t.Error("the bytes of the host pass for those of this process")
	}
	has(t, New("1.2.3"), `tailscale_mcp_build_info{version="1.2.3"} 1`)
	has(t, New("\xff\n\"1"), `tailscale_mcp_build_info{version="�\n\"1"} 1`)
}

func TestGauges(t *testing.T) {
	m := everything(t)
	has(t, m, "tailscale_mcp_open_connections 1", "tailscale_mcp_idle_connections 2", "tailscale_mcp_unidentified_connections 3",
		"tailscale_mcp_calls_in_flight 4", "tailscale_mcp_open_streams 5", "tailscale_mcp_callers 6", "tailscale_mcp_body_bytes 7")
	if strings.Contains(text(t, New("1.2.3")), "open_connections") {
		t.Error("there are gauges that nobody has set")
	}
	m.Gauges(func() Gauges { panic("a defect") })
	if out, err := m.Text(t.Context()); err == nil || !strings.Contains(err.Error(), "a defect") {
		t.Errorf("got %.80s and error %v, want the panic", out, err)
	}
	m.Gauges(func() Gauges { return Gauges{Connections: 8} })
	has(t, m, "tailscale_mcp_open_connections 8")
}

// TestScrapeThatHangs: those who ask are told in time, and what hangs is one
// goroutine, however many ask.
func TestScrapeThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New("1.2.3")
		var reading atomic.Int32
		goOn := make(chan struct{})
		m.Gauges(func() Gauges { reading.Add(1); <-goOn; return Gauges{} })
		for range 20 {
			begun := time.Now()
			if _, err := m.Text(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != scrapeTimeout {
				t.Fatalf("got error %v after %s, want the end of its time after %s", err, time.Since(begun), scrapeTimeout)
			}
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := m.Text(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want that the caller has gone", err)
		}
		if n := reading.Load(); n != 1 {
			t.Errorf("%d scrapes hang, want one", n)
		}
		close(goOn)
		synctest.Wait()
		if _, err := m.Text(t.Context()); err != nil {
			t.Errorf("after it went on: %v", err)
		}
	})
}

// TestFlood: nothing that a caller sends adds a series, nor does what a later
// stage might let through.
func TestFlood(t *testing.T) {
	m := everything(t)
	log := m.Audit(sink{errors.New("full")}, offered)
	methods := []string{"tools/call", "resources/read", "prompts/get", "completion/complete", "tools/list", "POST /mcp", "GET /metrics", "", "m%d"}
	forms := []string{"x%d", "tailscale://device/x%d", "tailscale://device/a/%d", "tailscale://device?%d", "\xff%d", "%d/", "whoami"}
	flood := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			r := audit.Record{
				Method: strings.Replace(methods[i/len(forms)%len(methods)], "%d", strconv.Itoa(i), 1),
				Name:   strings.Replace(forms[i%len(forms)], "%d", strconv.Itoa(i), 1),
				Login:  strconv.Itoa(i), Reason: strconv.Itoa(i), Allowed: i/len(forms)/len(methods)%2 == 0,
			}
			for _, r.Event = range []audit.Event{audit.Decision, audit.Outcome} {
				if log.Write(t.Context(), r) == nil {
					t.Fatal("the error was lost")
				}
			}
			m.Limited(strconv.Itoa(i))
			m.Served("/"+strconv.Itoa(i), i%700, 0)
		}
	}
	flood(0, 1000) // every form in every method, allowed and refused
	before := series(t, m)
	flood(1000, 11_000)
	if after := series(t, m); after != before {
		t.Errorf("got %d series after the flood, want %d", after, before)
	}
	for i := range 10_000 {
		m.Upstream(fmt.Sprint("op", i), 200, fmt.Sprint("code", i), 0)
	}
	has(t, m, `tailscale_mcp_upstream_requests_total{code="other",operation="other",status="2xx"} 9881`)
	if after, most := series(t, m), before+121*(1+9)+41; after > most {
		t.Errorf("got %d series after the flood of operations, want %d at most", after, most)
	}
	for _, word := range []string{"x1", "m1", "web-1"} {
		if strings.Contains(only(text(t, m)), word) {
			t.Errorf("there is %s in a label", word)
		}
	}
}

// TestAtOnce is for the race detector, and nothing is lost.
func TestAtOnce(t *testing.T) {
	m := New("1.2.3")
	log := m.Audit(sink{}, offered)
	var wg sync.WaitGroup
	const each = 200
	for i := range 8 {
		wg.Go(func() {
			for n := range each {
				_ = log.Write(t.Context(), audit.Record{Event: audit.Outcome, Method: "tools/call", Name: "whoami", Code: fmt.Sprint("c", n%50)})
				_, _ = m.Tailscaled(peers{}).WhoIsProto(t.Context(), "tcp", "100.64.0.1:1")
				m.Upstream(fmt.Sprint(n), 200, "", 0)
				m.Limited("calls")
				m.Served("/mcp", 200, 0)
				m.Gauges(func() Gauges { return Gauges{Connections: float64(i)} })
				if n%50 == 0 {
					if _, err := m.Text(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	has(t, m, `tailscale_mcp_audit_records_total{event="outcome"} 1600`, `tailscale_mcp_whois_total{result="found"} 1600`,
		`tailscale_mcp_limited_total{limit="calls"} 1600`, `tailscale_mcp_http_requests_total{path="/mcp",status="2xx"} 1600`,
		`tailscale_mcp_outcome_duration_seconds_count{method="tools/call",name="whoami"} 1600`)
}
