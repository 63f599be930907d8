// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/mcpserver/brief"
)

// A client that asks for groups sees and calls nothing else, in either era, and nothing
// that it is not granted.
func TestGroupsInTheURL(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"],"resources":["*"]}`)
	for _, revision := range []string{legacy, modern} {
		all, some := b.alice(t, revision), b.alice(t, revision)
		some.query = "?groups=local&theme=dark"
		if whole, got := all.list(t, "tools/list"), some.list(t, "tools/list"); len(whole) < 3 || !slices.Equal(got, []string{"whoami"}) {
			t.Errorf("%s: got %q of %q", revision, got, whole)
		}
		if _, isError := all.call(t, "get_echo", map[string]any{"text": "x"}); isError {
			t.Errorf("%s: refused without groups", revision)
		}
		if text, isError := some.call(t, "get_echo", map[string]any{"text": "x"}); !isError || !strings.Contains(text, "asks for the group local only") {
			t.Errorf("%s: got %s", revision, text)
		}
		if text, isError := some.call(t, "whoami", nil); isError || !strings.Contains(text, `"groups":["local"]`) {
			t.Errorf("%s: got %s", revision, text)
		}
		for _, list := range []string{"prompts/list", "resources/list", "resources/templates/list"} {
			if got := some.list(t, list); len(got) > 0 || len(all.list(t, list)) == 0 {
				t.Errorf("%s %s: got %q", revision, list, got)
			}
		}
		r := some.do(t, some.request(t.Context(), 1, "resources/read", map[string]any{"uri": "test://fixed"}))
		if r.Error == nil || !strings.Contains(r.Error.Message, "asks for the group local only") {
			t.Errorf("%s: got %s", revision, r.body)
		}
		r = some.do(t, some.request(t.Context(), 1, "prompts/get", map[string]any{"name": "ask", "arguments": map[string]any{"what": "x"}}))
		if r.Error == nil || !strings.Contains(r.Error.Message, "asks for the group local only") {
			t.Errorf("%s: got %s", revision, r.body)
		}
	}
	bob := b.bob(t, modern)
	bob.query = "?groups=" + b.tools.Set().Tools[0].Group
	if got := bob.list(t, "tools/list"); !slices.Equal(got, []string{"whoami"}) {
		t.Errorf("who is granted nothing is shown %q", got)
	}
}

// What cannot be meant is refused before anything is done, with what can.
func TestMistakesInTheURL(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	group := b.tools.Set().Tools[0].Group
	const known = "alpha, beta, local"
	for query, want := range map[string]string{
		"?groups=":                             "names no group of tools; there are: " + known,
		"?groups=%20,":                         "names no group of tools",
		"?groups=nosuch":                       `names "nosuch", which is no group of tools; there are: ` + known,
		"?groups=local,%22%3Cb%3E%0A":          `which is no group of tools`,
		"?groups=" + strings.Repeat("x", 1000): "which is no group of tools",
		"?groups=%zz":                          "cannot be read",
		"?text=tiny":                           "text in the URL is short or full",
		"?text=short&text=full":                "text in the URL is short or full",
		"?":                                    "",
		"?other=%20":                           "",
		"?Groups=local":                        "write groups",
		"?group=local":                         "write groups",
		"?groups%5B%5D=local":                  "write groups",
		"?tools=x&%20groups=local":             "write groups",
		"?TEXT=short":                          "write text",
		"?groups=local&groups=" + group:        "",
		"?groups=local%2C%20" + group + "&x":   "",
		"?text=full":                           "",
	} {
		c := b.alice(t, modern)
		c.query = query
		r := c.do(t, c.request(t.Context(), 1, "tools/list", nil))
		if want == "" && (r.status != http.StatusOK || r.Error != nil) || want != "" && (r.status != http.StatusBadRequest || r.Error == nil || !strings.Contains(r.Error.Message, want)) {
			t.Errorf("%s: got %d %s", query, r.status, r.body)
		}
		if len(r.body) > 100_000 || want != "" && len(r.body) > 500 {
			t.Errorf("%s: %d bytes", query, len(r.body))
		}
	}
}

// The text beside structured content is short for who asks for that, and the structured
// content is whole.
func TestShortText(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	for _, revision := range []string{legacy, modern} {
		long, short := b.alice(t, revision), b.alice(t, revision)
		short.query = "?text=short"
		arguments := map[string]any{"text": strings.Repeat("x", 5000)}
		result := func(c *client) (text string, structured json.RawMessage) {
			r := c.do(t, c.request(t.Context(), 1, "tools/call", map[string]any{"name": "get_echo", "arguments": arguments}))
			var out struct {
				StructuredContent json.RawMessage
			}
			if err := json.Unmarshal(r.Result, &out); err != nil {
				t.Fatal(err)
			}
			text, _ = r.toolText(t)
			return text, out.StructuredContent
		}
		whole, wholly := result(long)
		text, structured := result(short)
		if string(structured) != string(wholly) || whole != string(wholly) || text != brief.Text(wholly) || len(text) > 300 {
			t.Errorf("%s: got %s beside %s", revision, text, structured)
		}
		// A refusal is a text, and is not shortened.
		delete(arguments, "text")
		arguments["nosuch"] = true
		if text, isError := short.call(t, "get_echo", arguments); !isError || !strings.Contains(text, "Next step") {
			t.Errorf("%s: got %s", revision, text)
		}
	}
}
