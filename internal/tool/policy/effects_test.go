// SPDX-License-Identifier: MIT

package policy

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/tool"
)

const capability = "jaxxstorm.com/cap/mcp"

// A file that gives somebody more of this server than a read has a word of its own in
// the question, however it does so; one that gives nothing more has none.
func TestGives(t *testing.T) {
	grants := func(src, dst, tools string) string {
		return `{"src": [` + src + `], "dst": [` + dst + `], "app": {"` + capability + `": [{"tools": [` + tools + `]}]}}`
	}
	whole := func(more string, list ...string) string {
		return `{` + more + `"grants": [` + strings.Join(list, ",") + `]}`
	}
	const ops = `"groups": {"group:ops": ["alice@example.com"]}, `
	was := whole(ops, grants(`"group:ops"`, `"tag:mcp"`, `"*"`), grants(`"autogroup:member"`, `"tag:mcp"`, `"read:*"`))
	for name, c := range map[string]struct{ now, want string }{
		"nothing":       {was, ""},
		"less":          {whole(ops, grants(`"group:ops"`, `"tag:mcp"`, `"*"`)), ""},
		"another order": {whole(ops, grants(`"autogroup:member"`, `"tag:mcp"`, `"read:*"`), grants(`"group:ops"`, `"tag:mcp"`, `"*"`)), ""},
		"reads":         {whole(ops, grants(`"group:ops"`, `"tag:mcp"`, `"*"`), grants(`"*"`, `"tag:mcp"`, `"read:*","group:devices:read"`)), ""},
		"everybody everything": {whole(ops, grants(`"group:ops"`, `"tag:mcp"`, `"*"`), grants(`"*"`, `"tag:mcp"`, `"*","escalating:*"`)),
			`it gives "*" on "tag:mcp" the tools "*", "escalating:*" of servers like this one`},
		"one more source": {whole(ops, grants(`"group:ops","bob@example.com"`, `"tag:mcp"`, `"*"`)), `it gives "bob@example.com" on "tag:mcp" the tools "*" of`},
		"one more place":  {whole(ops, grants(`"group:ops"`, `"tag:mcp","tag:web"`, `"*"`)), `it gives "group:ops" on "tag:mcp", "tag:web" the tools "*" of`},
		"wider":           {whole(ops, grants(`"group:ops"`, `"tag:mcp"`, `"*","set_policy"`)), `the tools "*", "set_policy" of`},
		"a group that somebody joins": {whole(`"groups": {"group:ops": ["alice@example.com","bob@example.com"]}, `, grants(`"group:ops"`, `"tag:mcp"`, `"*"`)),
			`it gives "group:ops" on`},
		"text that acts":     {whole(ops, grants(`"a\u202e@example.com"`, `"tag:mcp"`, `"x\u001b"`)), `it gives "a\u202e@example.com" on "tag:mcp" the tools "x\x1b" of`},
		"another capability": {whole(ops, strings.ReplaceAll(grants(`"*"`, `"tag:mcp"`, `"*"`), capability, "example.com/cap/other")), ""},
	} {
		old, err := parse(was)
		if err != nil {
			t.Fatal(err)
		}
		now, err := parse(c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(gives(capability, old, now), "; "); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q in it", name, got, c.want)
		}
	}
	many := make([]string, 30)
	for i := range many {
		many[i] = grants(`"u`+strings.Repeat("u", i)+`@example.com"`, `"tag:mcp"`, `"*"`)
	}
	old, err := parse(`{}`)
	if err != nil {
		t.Fatal(err)
	}
	now, err := parse(whole("", many...))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(gives(capability, old, now), "; "); strings.Count(got, "it gives \"") != 10 || !strings.HasSuffix(got, "; by 20 entries more it gives others") {
		t.Errorf("got %q, want the first ten and how many there are more", got)
	}
}

func TestSetPolicyThatGives(t *testing.T) {
	r, etag := startWith(t, file(mine))
	all := `{"src": ["*"], "dst": ["tag:mcp"], "app": {"jaxxstorm.com/cap/mcp": [{"tools": ["*", "escalating:*"]}]}}`
	r.Refuses("set_policy", setting(file(mine+","+all), etag, ""), tool.CodeConfirmationRequired,
		`replaces the tailnet policy file; it gives "*" on "tag:mcp" the tools "*", "escalating:*" of servers like this one; the Tailscale API takes the new file, and its tests pass:`)
}
