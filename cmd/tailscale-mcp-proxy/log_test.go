// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// asPanic makes the test binary open this log file, as the command does, and
// panic where nobody recovers.
const asPanic = "TEST_AS_PANIC"

func panicWithLog(file string) {
	if _, _, err := (&options{logFile: file}).openLog(os.Stderr); err != nil {
		panic(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		panic("boom")
	}()
	<-ended
}

// TestPX2Panic: what the runtime says about a defect goes to stderr and to the
// log file, and never to stdout.
func TestPX2Panic(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := here(t.Context(), exe)
	c.Env = environment(asPanic + "=" + file)
	var out, errs strings.Builder
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err == nil {
		t.Error("got no error, want a panic")
	}
	log, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if out.Len() > 0 || !strings.Contains(errs.String(), "panic: boom") || !strings.Contains(string(log), "panic: boom") {
		t.Errorf("got on stdout %q, on stderr %q, and in the file %q", out.String(), errs.String(), log)
	}
}
