// SPDX-License-Identifier: MIT

package grant

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestParseGood lists what is read, with what it amounts to.
func TestParseGood(t *testing.T) {
	tests := []struct {
		name   string
		values []string
		want   string // normal form
	}{
		{"no values", nil, `{}`},
		{"empty object", []string{`{}`}, `{}`},
		{"empty lists", []string{`{"tools":[],"resources":[]}`}, `{}`},
		{"white space", []string{" \t\r\n{ \"tools\" : [ ] }\n"}, `{}`},
		{"the article's grant", []string{`{"tools":["*"],"resources":["*"]}`}, `{"tools":["*"],"resources":["*"]}`},
		{"resources first", []string{`{"resources":["*"],"tools":["*"]}`}, `{"tools":["*"],"resources":["*"]}`},
		{"only tools", []string{`{"tools":["whois"]}`}, `{"tools":["whois"]}`},
		{"only resources", []string{`{"resources":["bootstrap://status"]}`}, `{"resources":["bootstrap://status"]}`},
		{"every tool form", []string{`{"tools":["a","*","read:*","write:*","destructive:*","escalating:*","group:g","group:g:write"]}`},
			`{"tools":["*","a","destructive:*","escalating:*","group:g","group:g:write","read:*","write:*"]}`},
		{"every resource form", []string{`{"resources":["*","x://y","x://y/*","x://*","x://y/{id}","urn:a:b"]}`},
			`{"resources":["*","urn:a:b","x://*","x://y","x://y/*","x://y/{id}"]}`},
		{"union of entries", []string{`{"tools":["b"]}`, `{"tools":["a"]}`, `{}`, `{"resources":["x:y"]}`}, `{"tools":["a","b"],"resources":["x:y"]}`},
		{"repeated selector", []string{`{"tools":["a","a"]}`, `{"tools":["a"]}`}, `{"tools":["a"]}`},
		{"escapes in JSON", []string{`{"t\u006fols":["\u0061"],"resources":["x:\/\/y"]}`}, `{"tools":["a"],"resources":["x://y"]}`},
		{"name at its longest", []string{`{"tools":["` + strings.Repeat("n", 128) + `"]}`}, `{"tools":["` + strings.Repeat("n", 128) + `"]}`},
		{"all characters of a name", []string{`{"tools":["aZ09_.-","group:aZ09_.-:read"]}`}, `{"tools":["aZ09_.-","group:aZ09_.-:read"]}`},
		{"words that are not reserved", []string{`{"tools":["read","group","tools","group:read","group:group:read"]}`},
			`{"tools":["group","group:group:read","group:read","read","tools"]}`},
		{"all characters of a URI", []string{`{"resources":["a+-.1:-._~:/?#[]@!$&'()+,;=%2f{}"]}`}, `{"resources":["a+-.1:-._~:/?#[]@!$&'()+,;=%2f{}"]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name+".good", func(t *testing.T) {
			r, err := Parse(tt.values)
			if err != nil {
				t.Fatalf("got error %v, want %s", err, tt.want)
			}
			if got := r.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if got, want := r.Empty(), tt.want == `{}`; got != want {
				t.Errorf("Empty: got %v, want %v", got, want)
			}
		})
	}
}

// TestParseBad lists what refuses the whole request. Each value stands second,
// after an entry that alone would allow everything.
func TestParseBad(t *testing.T) {
	tools := func(s string) string { return `{"tools":["` + s + `"]}` }
	resources := func(s string) string { return `{"resources":["` + s + `"]}` }
	tests := []struct {
		name  string
		value string
		want  string // part of the error
	}{
		// Not an entry.
		{"nothing", ``, `"" is not JSON`},
		{"white space", ` `, `" " is not JSON`},
		{"null", `null`, `"null" is not an object`},
		{"true", `true`, `"true" is not an object`},
		{"number", `1`, `"1" is not an object`},
		{"number out of range", `1e999`, `"1e999" is not an object`},
		{"string", `"*"`, `"\"*\"" is not an object`},
		{"list", `["*"]`, `"[\"*\"]" is not an object`},
		{"list of an entry", `[{"tools":["*"]}]`, `is not an object`},
		{"not JSON", `tools: *`, `is not JSON`},
		{"cut short", `{"tools":["*"]`, `is not JSON`},
		{"trailing comma", `{"tools":["*"],}`, `is not JSON`},
		{"trailing comma in the list", `{"tools":["*",]}`, `is not JSON`},
		{"no comma", `{"tools":["a" "b"]}`, `is not JSON`},
		{"comment", `{"tools":["*"]} // all`, `is not JSON`},
		{"trailing object", `{"tools":["*"]}{}`, `is not JSON`},
		{"trailing brace", `{"tools":["*"]}}`, `is not JSON`},
		{"trailing zero byte", "{}\x00", `"{}\x00" is not JSON`},
		{"byte order mark", "\ufeff{}", `"\ufeff{}" is not JSON`},
		{"single quotes", `{'tools':['*']}`, `is not JSON`},
		{"raw control character", "{\"tools\":[\"a\nb\"]}", `is not JSON`},
		{"invalid UTF-8 in a selector", "{\"tools\":[\"a\xff\"]}", `\xff\"]}" is not valid UTF-8`},
		{"invalid UTF-8 in a key", "{\"tools\xff\":[]}", `is not valid UTF-8`},
		{"half a surrogate pair", tools(`a\ud800`), `tool selector "a\ufffd" is not a tool name`},
		{"absurd nesting", strings.Repeat(`{"tools":`, 100_000), `is not JSON`},
		{"absurd nesting of lists", `{"tools":` + strings.Repeat(`[`, 9_000) + strings.Repeat(`]`, 9_000) + `}`, `is not a string`},

		// Keys.
		{"unknown key", `{"tools":["*"],"where":{"tags":["tag:dev"]}}`, `unknown key "where"; an entry is {"tools": [...], "resources": [...], "prompts": [...]`},
		{"unknown key with null", `{"deny":null}`, `unknown key "deny"`},
		{"empty key", `{"":[]}`, `unknown key ""`},
		{"capital key", `{"Tools":["*"]}`, `unknown key "Tools"`},
		{"upper-case key", `{"RESOURCES":["*"]}`, `unknown key "RESOURCES"`},
		{"key that folds to another", `{"tool\u017f":["*"]}`, `unknown key "tool\u017f"`},
		{"key with a space", `{"tools ":["*"]}`, `unknown key "tools "`},
		{"repeated key", `{"tools":["a"],"tools":["*"]}`, `repeated key "tools"`},
		{"repeated empty key", `{"resources":[],"resources":[]}`, `repeated key "resources"`},
		{"repeated key in disguise", `{"tools":["a"],"\u0074ools":["*"]}`, `repeated key "tools"`},

		// Lists.
		{"null list", `{"tools":null}`, `tools: "null" is not a list`},
		{"null resource list", `{"tools":["*"],"resources":null}`, `resources: "null" is not a list`},
		{"string for a list", `{"tools":"*"}`, `tools: "\"*\"" is not a list`},
		{"object for a list", `{"tools":{"*":true}}`, `tools: "{\"*\":true}" is not a list`},
		{"true for a list", `{"tools":true}`, `tools: "true" is not a list`},
		{"number for a list", `{"resources":0}`, `resources: "0" is not a list`},
		{"null in a list", `{"tools":["a",null]}`, `tools: "null" is not a string`},
		{"number in a list", `{"tools":[1]}`, `tools: "1" is not a string`},
		{"list in a list", `{"resources":[["*"]]}`, `resources: "[\"*\"]" is not a string`},
		{"object in a list", `{"resources":[{"uri":"*"}]}`, `is not a string`},

		// Tool selectors.
		{"empty tool", tools(``), `tool selector "" is empty; a tool selector is an exact tool name`},
		{"space before", tools(` whois`), `tool selector " whois" has surrounding space`},
		{"space after", tools(`* `), `tool selector "* " has surrounding space`},
		{"newline after", tools(`whois\n`), `tool selector "whois\n" has surrounding space`},
		{"no-break space after", tools(`whois\u00a0`), `has surrounding space`},
		{"space inside", tools(`list devices`), `tool selector "list devices" is not a tool name`},
		{"two in one", tools(`a,b`), `is not a tool name`},
		{"exclusion", tools(`!whois`), `is not a tool name`},
		{"exclusion with a hyphen and a star", tools(`-*`), `has a * where none is accepted`},
		{"glob after", tools(`get_*`), `tool selector "get_*" has a * where none is accepted`},
		{"glob before", tools(`*_devices`), `has a * where none is accepted`},
		{"two stars", tools(`**`), `has a * where none is accepted`},
		{"question mark", tools(`get_?`), `is not a tool name`},
		{"slash", tools(`devices//*`), `has a * where none is accepted`},
		{"no server", tools(`Files/*`), `"Files/*" does not begin with the name of a server`},
		{"reserved server", tools(`metrics/*`), `begins with metrics/, which no server is called`},
		{"long server", tools(strings.Repeat("s", 32) + `/*`), `does not begin with the name of a server`},
		{"group of a server", tools(`files/group:x`), `names a group, which the tools of a server have not`},
		{"star within", tools(`files/get_*_x`), `has a * where none is accepted`},
		{"two stars", tools(`files/get_**`), `has a * where none is accepted`},
		{"empty name of a server's", tools(`files/`), `is empty`},
		{"prompt without a server", `{"prompts":["who_can_reach"]}`, `names no server`},
		{"glob of prompts", `{"prompts":["files/a*"]}`, `has a * where none is accepted`},
		{"device by pattern", `{"tools":["*"],"devices":["web-*"]}`, `"web-*" names no device`},
		{"device in capitals", `{"tools":["*"],"devices":["Web-1"]}`, `"Web-1" names no device`},
		{"device by another autogroup", `{"tools":["*"],"devices":["autogroup:member"]}`, `names no device`},
		{"device by address", `{"tools":["*"],"devices":["fd7a::1"]}`, `names no device`},
		{"devices that are no list", `{"tools":["*"],"devices":"tag:ci"}`, `"tag:ci\"" is not a list`},
		{"devices null", `{"tools":["*"],"devices":null}`, `is not a list`},
		{"until a date", `{"tools":["*"],"until":"2026-12-24"}`, `"2026-12-24" is not a time`},
		{"until without a zone", `{"tools":["*"],"until":"2026-12-24T18:00:00"}`, `is not a time`},
		{"until a number", `{"tools":["*"],"until":1}`, `"1" is not a string`},
		{"until empty", `{"tools":["*"],"until":""}`, `is empty`},
		{"rate without a unit", `{"tools":["*"],"rate":"30"}`, `"30" is not a rate`},
		{"rate of nothing", `{"tools":["*"],"rate":"0/m"}`, `is not a rate`},
		{"rate with a sign", `{"tools":["*"],"rate":"+5/m"}`, `is not a rate`},
		{"rate too large", `{"tools":["*"],"rate":"1000001/s"}`, `is not a rate`},
		{"rate by week", `{"tools":["*"],"rate":"1/w"}`, `is not a rate`},
		{"conditions without selectors", `{"rate":"1/w"}`, `is not a rate`},
		{"regular expression", tools(`get_.+`), `is not a tool name`},
		{"letter outside ASCII", tools(`g\u0435t_dns`), `tool selector "g\u0435t_dns" is not a tool name`},
		{"zero byte", tools(`a\u0000`), `tool selector "a\x00" is not a tool name`},
		{"name too long", tools(strings.Repeat("n", 129)), `nnn"... is not a tool name`},
		{"unknown class", tools(`admin:*`), `tool selector "admin:*" starts with neither group: nor a class`},
		{"class in another case", tools(`Read:*`), `starts with neither group: nor a class`},
		{"class of a name", tools(`read:whois`), `tool selector "read:whois" names a class, which must be followed by :*`},
		{"class without a star", tools(`read:`), `must be followed by :*`},
		{"class with two stars", tools(`read:**`), `must be followed by :*`},
		{"class then more", tools(`read:*:x`), `must be followed by :*`},
		{"star as a class", tools(`*:read`), `starts with neither group: nor a class`},
		{"only a colon", tools(`:`), `starts with neither group: nor a class`},
		{"group without a name", tools(`group:`), `tool selector "group:" has no valid group name`},
		{"group without a name but a class", tools(`group::read`), `has no valid group name`},
		{"every group", tools(`group:*`), `tool selector "group:*" has no valid group name`},
		{"every group of a class", tools(`group:*:read`), `has no valid group name`},
		{"group with a glob", tools(`group:d*`), `has no valid group name`},
		{"group with a space", tools(`group: dns`), `has no valid group name`},
		{"group in another case", tools(`Group:dns`), `starts with neither group: nor a class`},
		{"group with an unknown class", tools(`group:dns:admin`), `tool selector "group:dns:admin" has an unknown class`},
		{"group with an empty class", tools(`group:dns:`), `tool selector "group:dns:" has an unknown class`},
		{"group with every class", tools(`group:dns:*`), `has an unknown class`},
		{"group with two classes", tools(`group:dns:read:write`), `has an unknown class`},
		{"group with a class and a star", tools(`group:dns:read:*`), `has an unknown class`},
		{"resource among the tools", tools(`tailscale://devices`), `does not begin with the name of a server`},

		// Resource selectors.
		{"empty resource", resources(``), `resource selector "" is empty; a resource selector is an exact URI`},
		{"space before a URI", resources(` x://y`), `resource selector " x://y" has surrounding space`},
		{"no scheme", resources(`devices`), `resource selector "devices" is not a URI`},
		{"empty scheme", resources(`://devices`), `is not a URI`},
		{"scheme only", resources(`tailscale:`), `is not a URI`},
		{"scheme with a digit first", resources(`1x://y`), `is not a URI`},
		{"scheme with an underscore", resources(`a_b://y`), `is not a URI`},
		{"relative", resources(`/devices`), `does not begin with the name of a server`},
		{"glob at the end", resources(`tail*`), `resource selector "tail*" has a * where none is accepted`},
		{"glob after a scheme", resources(`tailscale:*`), `has a * where none is accepted`},
		{"glob in a segment", resources(`tailscale://device*`), `has a * where none is accepted`},
		{"glob in the middle", resources(`tailscale://*/x`), `has a * where none is accepted`},
		{"wrong scheme before the star", resources(`a_b://*`), `does not put a plain URI before /*`},
		{"space in the scheme before the star", resources(`a b://y/*`), `does not put a plain URI before /*`},
		{"two globs", resources(`tailscale://*/*`), `does not put a plain URI before /*`},
		{"two stars", resources(`tailscale://device/**`), `has a * where none is accepted`},
		{"star as a scheme", resources(`*://device`), `has a * where none is accepted`},
		{"class among the resources", resources(`read:*`), `has a * where none is accepted`},
		{"slash and star", resources(`/*`), `does not begin with the name of a server`},
		{"one slash after the scheme", resources(`tailscale:/*`), `does not put a plain URI before /*`},
		{"three slashes", resources(`tailscale:///*`), `does not put a plain URI before /*`},
		{"empty segment", resources(`tailscale://device//*`), `does not put a plain URI before /*`},
		{"dot segments", resources(`tailscale://device/../*`), `does not put a plain URI before /*`},
		{"encoded dot segment", resources(`tailscale://device/%2E%2e/*`), `does not put a plain URI before /*`},
		{"encoded slash", resources(`tailscale://device%2fx/*`), `does not put a plain URI before /*`},
		{"query before the star", resources(`tailscale://device?a=/*`), `does not put a plain URI before /*`},
		{"fragment before the star", resources(`tailscale://device#/*`), `does not put a plain URI before /*`},
		{"template before the star", resources(`tailscale://device/{id}/*`), `does not put a plain URI before /*`},
		{"encoded star", resources(`tailscale://device/%2A/*`), `does not put a plain URI before /*`},
		{"space in a URI", resources(`tailscale://a b`), `is not a URI`},
		{"backslash in a URI", resources(`tailscale:\\\\devices`), `is not a URI`},
		{"quotes in a URI", resources(`tailscale://\"`), `is not a URI`},
		{"letter outside ASCII in a URI", resources(`tailscale://d\u00e9vices`), `resource selector "tailscale://d\u00e9vices" is not a URI`},
		{"broken percent-encoding", resources(`tailscale://a%2`), `is not a URI`},
		{"wrong percent-encoding", resources(`tailscale://a%+1`), `is not a URI`},
		{"URI too long", resources(`x://` + strings.Repeat("y", 1021)), `yyy"... is too long`},
	}
	for _, tt := range tests {
		t.Run(tt.name+".bad", func(t *testing.T) {
			r, err := Parse([]string{`{"tools":["*"],"resources":["*"]}`, tt.value})
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("got %s, error %v, want ErrMalformed", r, err)
			}
			if !r.Empty() {
				t.Errorf("got rules %s beside the error, want none", r)
			}
			if got := err.Error(); !strings.Contains(got, tt.want) {
				t.Errorf("got error %q, want %q in it", got, tt.want)
			}
			if got := err.Error(); !strings.Contains(got, "entry 2 of 2: ") || !strings.Contains(got, " is ") {
				t.Errorf("got error %q, want the entry and what is accepted", got)
			}
			checkLine(t, err.Error())
		})
	}
}

func TestParseBounds(t *testing.T) {
	repeat := func(n int, value string) []string {
		values := make([]string, n)
		for i := range values {
			values[i] = value
		}
		return values
	}
	list := func(n int) string { return `{"tools":["a"` + strings.Repeat(`,"a"`, n-1) + `]}` }
	tests := []struct {
		name   string
		values []string
		want   string // part of the error; empty: accepted
	}{
		{"most entries", repeat(maxEntries, `{"tools":["a"]}`), ""},
		{"too many entries", repeat(maxEntries+1, `{}`), "4097 entries, at most 4096 are accepted"},
		{"most selectors", []string{list(maxSelectors)}, ""},
		{"too many selectors in one entry", []string{list(maxSelectors + 1)}, "entry 1 of 1: the entries have more than 16384 selectors"},
		{"too many selectors in two entries", []string{list(maxSelectors), list(1)}, "entry 2 of 2: the entries have more than 16384 selectors"},
		{"most bytes", []string{`{}` + strings.Repeat(" ", maxBytes-2)}, ""},
		{"too many bytes", []string{`{}`, `{}` + strings.Repeat(" ", maxBytes-3)}, "entry 2 of 2: the entries are longer than 2097152 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.values)
			if tt.want == "" {
				if err != nil {
					t.Errorf("got error %v, want none", err)
				}
				return
			}
			if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want ErrMalformed with %q", err, tt.want)
			}
		})
	}
}

// TestParseNormalFormFits holds what the bounds promise: whatever was accepted
// is accepted again as one entry.
func TestParseNormalFormFits(t *testing.T) {
	var values []string
	for i := range maxEntries {
		base := 4 * i
		values = append(values, fmt.Sprintf(`{"tools":["t%d","t%d"],"resources":["x:%d","x:%d"]}`, base, base+1, base+2, base+3))
	}
	r := parse(t, values...)
	if again := parse(t, r.String()); !again.Equal(r) {
		t.Error("the normal form parses to other rules, want the same")
	}
}

// checkLine holds that an error can be logged: one short line of printable ASCII.
func checkLine(t testing.TB, s string) {
	t.Helper()
	if len(s) > 800 {
		t.Errorf("got %d bytes, want a short line: %s", len(s), s)
	}
	for _, c := range s {
		if c < ' ' || c > '~' {
			t.Errorf("got %q, want printable ASCII only", s)
			return
		}
	}
}
