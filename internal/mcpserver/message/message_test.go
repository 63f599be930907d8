// SPDX-License-Identifier: MIT

package message

import (
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// A request of the newest revision is read into what it says, as it was written.
func TestParse(t *testing.T) {
	m, refused := Parse([]byte(`{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"name":"get_echo","arguments":{ "text":"x" },"cursor":"c",` +
		`"task":{},"_meta":{"progressToken":"p","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"n","version":"v"},` +
		`"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}},"io.modelcontextprotocol/logLevel":"error"}}}`))
	if refused != nil {
		t.Fatalf("refused: %+v", refused)
	}
	for what, c := range map[string]struct{ got, want string }{
		"id":             {string(m.ID), "1.0"},
		"method":         {m.Method, "tools/call"},
		"name":           {m.Name, "get_echo"},
		"arguments":      {string(m.Arguments), `{ "text":"x" }`},
		"cursor":         {string(m.Cursor), `"c"`},
		"progress token": {string(m.ProgressToken), `"p"`},
		"version":        {m.Version, "2026-07-28"},
		"client":         {m.Client.Name + " " + m.Client.Version, "n v"},
		"capabilities":   {string(m.Capabilities), `{"elicitation":{}}`},
		"log level":      {string(m.LogLevel), string(mcp.LoggingLevelError)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", what, c.got, c.want)
		}
	}
	if !m.Modern || !m.Rounds || !m.Asks || m.Subscribes() {
		t.Errorf("modern %v, rounds %v, asks %v, subscribes %v; want all but the last", m.Modern, m.Rounds, m.Asks, m.Subscribes())
	}
}

// A log level that there is not is refused where it says something: in the newest revision.
func TestParseLogLevel(t *testing.T) {
	for version, want := range map[string]bool{"2025-11-25": false, "2026-07-28": true} {
		_, f := Parse([]byte(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"` + version + `","io.modelcontextprotocol/logLevel":"loud"}}}`))
		if got := f != nil; got != want {
			t.Errorf("%s: refused %v, want %v", version, got, want)
		}
	}
}

// Of a message that is refused the id is known, where it can be read.
func TestParseRefuses(t *testing.T) {
	for body, want := range map[string]struct {
		id   string
		code int
	}{
		`{"jsonrpc":"2.0","id":7,"method":"a","METHOD":"b"}`:                     {"7", mcp.INVALID_REQUEST},
		`{"jsonrpc":"2.0","id":7,"id":8,"method":"a"}`:                           {"", mcp.INVALID_REQUEST},
		`{"jsonrpc":"2.0","id":null,"method":"ping"}`:                            {"", mcp.INVALID_REQUEST},
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":1}}`:     {"7", mcp.INVALID_PARAMS},
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":"no"}}`: {"7", mcp.INVALID_PARAMS},
		`{"jsonrpc":"2.0","id":7`:                                                {"", mcp.PARSE_ERROR},
	} {
		m, refused := Parse([]byte(body))
		if refused == nil || refused.Code != want.code || string(m.ID) != want.id {
			t.Errorf("%s: got id %q, %+v, want id %q and code %d", body, m.ID, refused, want.id, want.code)
		}
	}
}
