// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// asCommand makes the test binary be the command.
const asCommand = "TEST_AS_TAILSCALE_MCP_PROXY"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	if file := os.Getenv(asPanic); file != "" {
		panicWithLog(file)
	}
	testscript.Main(m, map[string]func(){"tailscale-mcp-proxy": main})
}

// environment is that of a process which a test starts: none of this machine's
// settings for this program, proxies or homes is in it.
func environment(more ...string) []string {
	var of []string
	for _, name := range []string{"PATH", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "GOCOVERDIR"} {
		if value, set := os.LookupEnv(name); set {
			of = append(of, name+"="+value)
		}
	}
	return append(of, more...)
}

func TestScripts(t *testing.T) {
	url := serveEcho(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("SERVER", url)
			// The same server under an address that no rule about proxies excepts.
			env.Setenv("SERVER_ANYWHERE", strings.Replace(url, "127.0.0.1", "0.0.0.0", 1))
			env.Setenv("NOBODY", "http://127.0.0.1:1/mcp")
			env.Setenv("TEMPORARY", os.TempDir())
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("USERPROFILE", filepath.Join(env.WorkDir, "home"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"mode": mode},
	})
}

// mode wants a file to have that mode: mode 600 FILE.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}
