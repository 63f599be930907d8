// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// asCommand makes the test binary be the command.
const asCommand = "TEST_AS_TAILSCALE_MCP_PROXY"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"tailscale-mcp-proxy": main})
}

func TestScripts(t *testing.T) {
	url := serveEcho(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("SERVER", url)
			env.Setenv("NOBODY", "http://127.0.0.1:1/mcp")
			env.Setenv("TEMPORARY", os.TempDir())
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("USERPROFILE", filepath.Join(env.WorkDir, "home"))
			return nil
		},
	})
}
