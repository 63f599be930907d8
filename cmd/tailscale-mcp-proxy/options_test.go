// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/proxy/route"
	"tailscale-mcp/internal/proxy/transport"
)

// TestPX27Parse: flags, then the environment, then the defaults.
func TestPX27Parse(t *testing.T) {
	const url = "http://ts-mcp:8080/mcp"
	with := func(change func(*options)) options {
		o := options{transport: transport.Auto, connectTimeout: route.DefaultConnectTimeout, drain: proxy.DefaultDrain, maxMessage: proxy.DefaultMaxMessage}
		change(&o)
		return o
	}
	defaults := func(*options) {}
	tests := []struct {
		name    string
		args    []string
		environ []string
		want    options
	}{
		{"flag", []string{"--server", url}, nil, with(defaults)},
		{"environment", nil, []string{"A=b", "MCP_SERVER=" + url}, with(defaults)},
		{"flag before environment", []string{"-server=" + url}, []string{"MCP_SERVER=http://other/mcp"}, with(defaults)},
		{
			"the rest",
			[]string{
				"-v", "--tailscaled-socket", "/a b/s", "--drain", "5s", "--max-message", "2048", "--server", url, "--connect-timeout", "3s", "--require-tailscale",
				"--identity-to", "a.example.com,b", "--identity-to", "c", "--log-file", "/x y/log", "--transport", "http",
			},
			nil,
			with(func(o *options) {
				o.verbose, o.socket, o.drain, o.maxMessage, o.connectTimeout, o.requireTailscale = true, "/a b/s", 5*time.Second, 2048, 3*time.Second, true
				o.identityTo, o.logFile, o.transport = list{"a.example.com", "b", "c"}, "/x y/log", transport.HTTP
			}),
		},
		{
			"the rest from the environment", nil,
			[]string{
				"MCP_SERVER=" + url, "TAILSCALE_MCP_PROXY_VERBOSE=true", "TAILSCALE_MCP_PROXY_DEBUG=1", "TAILSCALE_MCP_PROXY_TAILSCALED_SOCKET=/a b/s", "TAILSCALE_MCP_PROXY_DRAIN=5s",
				"TAILSCALE_MCP_PROXY_MAX_MESSAGE=2048", "TAILSCALE_MCP_PROXY_CONNECT_TIMEOUT=3s", "TAILSCALE_MCP_PROXY_REQUIRE_TAILSCALE=true",
				"TAILSCALE_MCP_PROXY_IDENTITY_TO=a,b", "TAILSCALE_MCP_PROXY_TRANSPORT=sse", "TAILSCALE_MCP_PROXY_LOG_FILE=/x y/log", "TAILSCALE_MCP_PROXY_HEADER_ENV=Authorization=TOKEN", "TAILSCALE_MCP_PROXY_HEADER_FILE=",
			},
			with(func(o *options) {
				o.verbose, o.debug, o.socket, o.drain, o.maxMessage, o.connectTimeout, o.requireTailscale = true, true, "/a b/s", 5*time.Second, 2048, 3*time.Second, true
				o.identityTo, o.logFile, o.headerEnv, o.transport = list{"a", "b"}, "/x y/log", headerList{list{"Authorization=TOKEN"}}, transport.SSE
			}),
		},
		{"a short flag before the environment", []string{"-d", "-v", "--server", url}, []string{"TAILSCALE_MCP_PROXY_DEBUG=false", "TAILSCALE_MCP_PROXY_VERBOSE=0"}, with(func(o *options) { o.debug, o.verbose = true, true })},
		{"flags before the environment", []string{"--drain", "0", "--server", url}, []string{"TAILSCALE_MCP_PROXY_DRAIN=5s"}, with(func(o *options) { o.drain = -1 })},
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
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
}

// Every flag with a meaning of its own has a variable, and only those.
func TestPX27Variables(t *testing.T) {
	want := []string{
		"TAILSCALE_MCP_PROXY_CONNECT_TIMEOUT", "TAILSCALE_MCP_PROXY_DEBUG", "TAILSCALE_MCP_PROXY_DRAIN", "TAILSCALE_MCP_PROXY_HEADER_ENV", "TAILSCALE_MCP_PROXY_HEADER_FILE",
		"TAILSCALE_MCP_PROXY_IDENTITY_TO", "TAILSCALE_MCP_PROXY_LOG_FILE", "TAILSCALE_MCP_PROXY_MAX_MESSAGE", "TAILSCALE_MCP_PROXY_REQUIRE_TAILSCALE", "MCP_SERVER",
		"TAILSCALE_MCP_PROXY_TAILSCALED_SOCKET", "TAILSCALE_MCP_PROXY_TRANSPORT", "TAILSCALE_MCP_PROXY_VERBOSE",
	}
	if got := variables(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
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
		{"password and no scheme", []string{"--server", "a:secret@ts-mcp"}, "user or password", "needs no password"},
		{"bad port", []string{"--server", "http://a:secret@ts-mcp:x/mcp"}, "not a URL", "http://"},
		{"fragment", []string{"--server", "http://ts-mcp/mcp#x"}, "fragment", "#"},
		{"argument", []string{"http://a:secret@ts-mcp:8080/mcp"}, "unexpected argument", "--server"},
		{"unknown flag", []string{"--sever", "x"}, "no option --sever", "--help"},
		{"tiny limit", []string{"--max-message", "1", "--server", "http://a/b"}, "--max-message", "1024"},
		{"no such port", []string{"--server", "http://ts-mcp:99999/mcp"}, "no port 99999", "65535"},
		{"port zero", []string{"--server", "http://ts-mcp:0/mcp"}, "no port 0", "65535"},
		{"no duration", []string{"--drain", "soon"}, `--drain: invalid value "soon"`, "500ms or 5s"},
		{"duration without a unit", []string{"--drain", "5"}, `--drain: invalid value "5"`, "write 5s"},
		{"negative duration", []string{"--drain", "-1s", "--server", "http://a/b"}, "--drain: -1s", "0 for none"},
		{"size with a unit", []string{"--max-message", "1MB"}, `--max-message: invalid value "1MB"`, "a number of bytes"},
		{"no boolean", []string{"--debug=yes"}, `--debug: invalid value "yes"`, "true or false"},
		{"no value", []string{"--drain"}, "--drain: its value is missing", "--help"},
		{"a header", []string{"--header", "A: secret"}, "no option --header", "--header-file"},
		{"a header that is empty", []string{"--header-env", "A=secret,,"}, "--header-env: an empty value", "MY_TOKEN"},
		{"URL behind a command", []string{"doctor", "http://a:secret@b/c"}, "unexpected argument, a URL", program + " doctor --server URL"},
		{"command behind a flag", []string{"--server", "http://a/b", "doctor"}, `unexpected argument "doctor"`, program + " doctor --server URL"},
		{"no time to connect", []string{"--connect-timeout", "0", "--server", "http://a/b"}, "--connect-timeout", "10s"},
		{"no such transport", []string{"--transport", "ws", "--server", "http://a/b"}, "--transport", "auto, http, sse"},
		{"nobody to tell", []string{"--identity-to", ",", "--server", "http://a/b"}, "--identity-to", "--help"},
		{"log file in no folder", []string{"--log-file", "/nonexistent/x/log", "--server", "http://a/b"}, "--log-file", "folder"},
		{"log file that is a folder", []string{"--log-file", "/", "--server", "http://a/b"}, "--log-file", "write"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := run(t.Context(), tt.args, nil, strings.NewReader(""), &out, &errs)
			if code != cli.Usage || out.Len() > 0 {
				t.Errorf("got exit code %d and %q on stdout, want %d and nothing", code, out.String(), cli.Usage)
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
	if _, err := parse([]string{"--help"}, nil); !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("got %v, want %v", err, pflag.ErrHelp)
	}
}

// A misspelt variable is refused: it may have been a protection.
func TestPX27UnknownVariable(t *testing.T) {
	for _, tt := range []struct{ entry, says, hint string }{
		{"TAILSCALE_MCP_PROXY_REQUIRE_TAILSCAL=secret", "TAILSCALE_MCP_PROXY_REQUIRE_TAILSCAL is not a variable", "TAILSCALE_MCP_PROXY_REQUIRE_TAILSCALE,"},
		{"TAILSCALE_MCP_PROXY_DRAIN=5", `TAILSCALE_MCP_PROXY_DRAIN: invalid value "5"`, "write 5s"},
		{"TAILSCALE_MCP_PROXY_DEBUG=yes", `TAILSCALE_MCP_PROXY_DEBUG: invalid value "yes"`, "true or false"},
		{"TAILSCALE_MCP_PROXY_HEADER_ENV=secret,", "TAILSCALE_MCP_PROXY_HEADER_ENV: an empty value", "MY_TOKEN"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"--server", "http://a/b"}, []string{tt.entry}, strings.NewReader(""), &out, &errs)
		problem, hint, _ := strings.Cut(errs.String(), "\nhint: ")
		if code != cli.Usage || !strings.Contains(problem, tt.says) || !strings.Contains(hint, tt.hint) || strings.Contains(errs.String(), "secret") {
			t.Errorf("%s: got exit code %d and %q", tt.entry, code, errs.String())
		}
	}
}

// An endpoint that is just "/" is not what tailscale-mcp has, but others do.
func TestParseServerAtTheRoot(t *testing.T) {
	u, err := parseServer("--server", "http://127.0.0.1:3000/")
	if err != nil || u.Path != "/" {
		t.Errorf("got %v, %v, want the URL as it is", u, err)
	}
}
