// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" { // the bench starts itself anew as the server
		serve()
		return
	}
	os.Exit(m.Run())
}

// TestBench runs everything with our proxy alone and with small numbers: what is
// measured must be measured, and each fault must end as it is to end. How long
// anything takes is not looked at.
func TestBench(t *testing.T) {
	var progress bytes.Buffer
	opt := &options{
		calls: 100, time: 20 * time.Second, rounds: 1, starts: 1, message: 1, messages: 2, wait: 20 * time.Second, only: []string{ours},
	}
	r, err := bench(t.Context(), opt, &progress)
	if err != nil {
		t.Fatalf("%v; progress:\n%s", err, progress.String())
	}
	for _, problem := range r.of[0].problems {
		t.Error(problem)
	}
	for _, row := range rows {
		value, ok := r.of[0].values[row]
		// What the proxy adds can drown in noise, and so few calls can take
		// less than a tick of the processor's clock.
		if !ok && row != &cpuMany || ok && value <= 0 && !strings.HasPrefix(row.title, "added") {
			t.Errorf("%s: got %v (there: %v)", row.title, value, ok)
		}
	}
	if r.floor[&rateOne] <= 0 || r.floor[&rateMany] <= 0 {
		t.Errorf("no floor: %v", r.floor)
	}
	for i := range faults {
		v := r.faults[i][0]
		t.Logf("%s: %s", faults[i].title(opt), v.text)
		ok := v.good
		if faults[i].name == exitCase { // judged by time
			ok = strings.HasPrefix(v.text, "exits 0 in ") && strings.HasSuffix(v.text, ", DELETE")
		}
		if !ok {
			t.Errorf("%s: %s, want: %s", faults[i].title(opt), v.text, faults[i].wanted)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, args := range [][]string{{"-only", "nobody"}, {"-calls", "0"}, {"-wait", "-1s"}, {"-time", "soon"}} {
		if opt, err := parse(args, io.Discard); err == nil {
			t.Errorf("%v: got %+v", args, opt)
		}
	}
}
