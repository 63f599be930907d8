// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The tests run the program as a process of its own: this test binary under
// another name, so that the race detector watches the program too and ends it
// with an exit code other than 0 when it has seen something.
const (
	program = "tailscale-mcp"
	// activated is the program as systemd starts it with sockets: LISTEN_PID is
	// known only once the process is there.
	activated = "tailscale-mcp-activated"

	// raceOptions spare each end of the program a second, which is there for
	// reports of races that happen while it ends.
	raceOptions = "atexit_sleep_ms=0"

	// testRoot names the folder that a test has for the files of a host. The
	// program that it runs reads nothing of what this machine has.
	testRoot = "TEST_HOST_ROOT"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		program: func() {
			hostRoot = onHost()
			main()
		},
		activated: func() {
			hostRoot = onHost()
			if err := os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid())); err != nil {
				panic(err)
			}
			main()
		},
	})
}

// onHost is the folder of testRoot, or one that is not there.
func onHost() string {
	return cmp.Or(os.Getenv(testRoot), filepath.Join(os.TempDir(), "no-host"))
}

// TestScripts are the subcommands as a person at a terminal meets them: what
// they say, where, and their exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", raceOptions)
			e.Setenv(testRoot, e.WorkDir+"/host")
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state") // never a person's own
			// No tailscaled of this machine may have a say.
			e.Setenv("TAILSCALE_MCP_TAILSCALED_SOCKET", e.WorkDir+"/no-tailscaled.sock")
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("there is no condition %q", name)
			}
			return os.Geteuid() == 0, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a program and wants an exit code: exits 2 tailscale-mcp frobnicate.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		coded, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("running %s: %v", args[1], err)
		}
		got = coded.ExitCode()
	}
	if got != want {
		ts.Fatalf("got exit code %d, want %d", got, want)
	}
}
