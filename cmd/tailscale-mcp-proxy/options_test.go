// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"errors"
	"flag"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/proxy"
)

func TestParse(t *testing.T) {
	const url = "http://ts-mcp:8080/mcp"
	tests := []struct {
		name    string
		args    []string
		environ []string
		want    options
	}{
		{"flag", []string{"--server", url}, nil, options{drain: proxy.DefaultDrain, maxMessage: proxy.DefaultMaxMessage, level: slog.LevelWarn}},
		{"environment", nil, []string{"A=b", "MCP_SERVER=" + url}, options{drain: proxy.DefaultDrain, maxMessage: proxy.DefaultMaxMessage, level: slog.LevelWarn}},
		{"flag before environment", []string{"-server=" + url}, []string{"MCP_SERVER=http://other/mcp"}, options{drain: proxy.DefaultDrain, maxMessage: proxy.DefaultMaxMessage, level: slog.LevelWarn}},
		{"the rest", []string{"-v", "--tailscaled-socket", "/s", "--drain", "5s", "--max-message", "2048", "--server", url}, nil, options{drain: 5 * time.Second, maxMessage: 2048, verbose: true, level: slog.LevelInfo, socket: "/s"}},
		{"debug before verbose", []string{"--debug", "--verbose", "--drain", "0", "--server", url}, nil, options{drain: -1, maxMessage: proxy.DefaultMaxMessage, verbose: true, debug: true, level: slog.LevelDebug}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse(tt.args, tt.environ)
			if err != nil {
				t.Fatal(err)
			}
			if got.server.String() != url {
				t.Errorf("server: got %v, want %s", got.server, url)
			}
			got.server, got.serverURL = nil, ""
			if *got != tt.want {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name string
		args []string
		says string
		hint string
	}{
		{"nothing", nil, "no server", "http://HOST:8080/mcp"},
		{"no scheme", []string{"--server", "ts-mcp"}, "no scheme", "http://ts-mcp:8080/mcp"},
		{"no scheme but a port", []string{"--server", "ts-mcp:9000"}, "no scheme", "http://ts-mcp:9000/mcp"},
		{"no scheme but a path", []string{"--server", "ts-mcp:9000/x"}, "no scheme", "http://ts-mcp:9000/x"},
		{"no path", []string{"--server", "http://ts-mcp:8080"}, "no path", "http://ts-mcp:8080/mcp"},
		{"other scheme", []string{"--server", "ftp://ts-mcp/mcp"}, `"ftp"`, "http://"},
		{"no host", []string{"--server", "http:///mcp"}, "no host", "http://"},
		{"password", []string{"--server", "http://a:secret@ts-mcp/mcp"}, "user or password", "needs no password"},
		{"bad port", []string{"--server", "http://a:secret@ts-mcp:x/mcp"}, "not a URL", "http://"},
		{"fragment", []string{"--server", "http://ts-mcp/mcp#x"}, "fragment", "#"},
		{"argument", []string{"http://ts-mcp:8080/mcp"}, "unexpected argument", "--server"},
		{"unknown flag", []string{"--sever", "x"}, "sever", "--help"},
		{"tiny limit", []string{"--max-message", "1", "--server", "http://a/b"}, "--max-message", "1024"},
		{"bad duration", []string{"--drain", "soon"}, "drain", "--help"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := run(t.Context(), tt.args, nil, strings.NewReader(""), &out, &errs)
			if code != exitUsage || out.Len() > 0 {
				t.Errorf("got exit code %d and %q on stdout, want %d and nothing", code, out.String(), exitUsage)
			}
			problem, hint, ok := strings.Cut(errs.String(), "\nhint: ")
			if !ok || !strings.HasPrefix(problem, "error: ") || !strings.Contains(problem, tt.says) || !strings.Contains(hint, tt.hint) {
				t.Errorf("got %q, want an error with %q and a hint with %q", errs.String(), tt.says, tt.hint)
			}
			if strings.Contains(errs.String(), "secret") {
				t.Errorf("got %q, want no password in it", errs.String())
			}
		})
	}
}

func TestHelpIsNoError(t *testing.T) {
	if _, err := parse([]string{"--help"}, nil); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v, want %v", err, flag.ErrHelp)
	}
}
