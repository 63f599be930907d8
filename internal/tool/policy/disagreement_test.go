// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

// disliked is a file that this server would refuse: bob does not reach the host.
var disliked = strings.Replace(file(mine), "\n}\n", ",\n\"tests\": [{\"src\": \"bob@example.com\", \"accept\": [\"100.64.0.13:22\"]}]\n}\n", 1)

// What the API takes and this server would refuse is saved by a second code, and not
// before.
func TestPolicyDisagreement(t *testing.T) {
	for name, arguments := range map[string]func(etag, code string) string{
		"set_policy": func(etag, code string) string { return setting(disliked, etag, code) },
		"edit_policy": func(etag, code string) string {
			return editing(`{"op":"add_test","rule":{"src": "bob@example.com", "accept": ["100.64.0.13:22"]}}`, etag, code)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, etag := startWith(t, file(mine))
			// The API takes every file, with a word that has nothing to do with it.
			r.Fake.SetValidation("warning(s) found", fakeapi.Finding{Warnings: []string{"the planets stand badly"}})
			refused := func(code string, parts ...string) string {
				t.Helper()
				_, err := r.Call(name, arguments(etag, code))
				r.Told(name, "", err, tool.CodeConfirmationRequired, parts...)
				if r.Fake.Policy() != file(mine) || r.Fake.Count("setPolicyFile") != 0 {
					t.Fatalf("the file is %s before it is confirmed twice", r.Fake.Policy())
				}
				return tooltest.CodeOf(err)
			}
			const doubt = "the Tailscale API takes the new file, and this server would refuse it ("
			first := refused("", "the section tests is new, by which nobody gains or loses access; ", doubt, `fails: accept of "bob@example.com" to "100.64.0.13:22": no rule allows it`)
			second := refused(first, "this is doubtful: "+doubt, "one of the two is wrong", "by which nobody gains or loses access")
			third := refused(first, "is not good for this call", "is doubtful: ")
			if first == second || second == third {
				t.Errorf("got the codes %s, %s and %s, want three", first, second, third)
			}
			r.Answers(name, arguments(etag, third), `"note":"`+doubt)
			if !strings.Contains(r.Fake.Policy(), "tests") || r.Fake.Count("setPolicyFile") != 1 {
				t.Errorf("got the file %s", r.Fake.Policy())
			}
		})
	}
}

// What the API refuses and this server finds nothing wrong with is refused, and that
// is said; where both find something, or this server cannot know, it is not.
func TestPolicyRefusedByTheAPIAlone(t *testing.T) {
	const sentence = "this server finds nothing wrong with the file: it and the Tailscale API disagree about it"
	withPosture := strings.Replace(disliked, `"grants": [`, `"postures": {"posture:a": ["node:os == 'linux'"]}, "grants": [{"src": ["bob@example.com"], "dst": ["tag:mcp"], "ip": ["tcp:22"], "srcPosture": ["posture:a"]},`, 1)
	for name, c := range map[string]struct {
		text   string
		unread string // the operation that the credential may not use
		said   bool
	}{
		"the API alone":           {file(mine + "\n"), "", true},
		"with tests that pass":    {strings.Replace(disliked, "accept", "deny", 1), "", true},
		"both":                    {disliked, "", false},
		"devices may not be read": {strings.Replace(disliked, "accept", "deny", 1), "listTailnetDevices", false},
		"no test to try":          {file(mine + "\n"), "listTailnetDevices", true},
		"posture may not be read": {withPosture, "getDevicePostureAttributes", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, etag := startWith(t, file(mine))
			if c.unread != "" {
				r.Fake.Fail(c.unread, fakeapi.Status(403))
			}
			r.Fake.SetValidation("test(s) failed", fakeapi.Finding{User: "bob@example.com", Errors: []string{"nobody likes this file"}})
			text := r.Refuses("set_policy", setting(c.text, etag, "CODE"), tool.CodeInvalidArgument, "nothing was changed", "nobody likes this file")
			if strings.Contains(text, sentence) != c.said {
				t.Errorf("got %s, want it said that this server finds nothing wrong: %t", text, c.said)
			}
			got := verdict(r, `{"policy":`+asJSON(c.text)+`}`)
			if got.Valid || (got.Differs == sentence) != c.said {
				t.Errorf("got %+v of validate_policy, want that said: %t", got, c.said)
			}
		})
	}
}

// A candidate is compared with the present file, and with what this server thinks of it.
func TestValidateEffects(t *testing.T) {
	r, _ := startWith(t, file(mine))
	more := strings.Replace(file(mine), `"alice@example.com"`, `"alice@example.com", "bob@example.com"`, 1)
	for name, c := range map[string]struct{ arguments, effects, differs string }{
		"the present file":           {`{}`, "", ""},
		"another":                    {`{"policy":` + asJSON(more) + `}`, `bob@example.com of group:ops gains the tools "*" of servers like this one on device mcp of tag:mcp, which is this server`, ""},
		"the same":                   {`{"policy":` + asJSON(file(mine)) + `}`, "nobody gains or loses anything by it", ""},
		"one in other lines":         {`{"policy":` + asJSON(strings.Replace(file(mine), "\n", "\n\n", 1)) + `}`, "nobody gains or loses anything by it", ""},
		"one for no device of now":   {`{"policy":` + asJSON(strings.Replace(file(mine), `"grants"`, `"postures": {"posture:p": ["node:os == 'none'"]}, "grants"`, 1)) + `}`, "nobody gains or loses anything by it today, with the devices as they are", ""},
		"an open one":                {`{"policy":"{}"}`, "everyone gains every port on everything", ""},
		"not valid, by a test":       {`{"policy":` + asJSON(disliked) + `}`, "the section tests is new, by which nobody gains or loses access", ""},
		"not valid, by a test given": {`{"policy":` + asJSON(more) + `,"tests":[{"src":"bob@example.com","accept":["100.64.0.13:22"]}]}`, `bob@example.com of group:ops gains the tools "*"`, ""},
		"a file that means nothing":  {`{"policy":"{\"nonsense\": 1}"}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := verdict(r, c.arguments)
			if (c.effects == "") != (len(got.Effects) == 0) || c.effects != "" && !strings.HasPrefix(got.Effects[0], c.effects) || got.Differs != c.differs {
				t.Errorf("got %q and %q, want %q first and %q", got.Effects, got.Differs, c.effects, c.differs)
			}
		})
	}
	r.Fake.SetValidation("warning(s) found", fakeapi.Finding{Warnings: []string{"the planets stand badly"}})
	got := verdict(r, `{"policy":`+asJSON(disliked)+`}`)
	if !got.Valid || !strings.HasPrefix(got.Differs, "the Tailscale API takes the new file, and this server would refuse it (line 5: ") {
		t.Errorf("got %+v, want to know that this server would refuse it", got)
	}
}

// A short file may have more tests than anybody can judge.
func TestManyTests(t *testing.T) {
	r, _ := startWith(t, file(mine))
	var hosts, users strings.Builder
	for i := range 3000 {
		hosts.WriteString(`"tag:mcp",`)
		fmt.Fprintf(&users, `"u%d",`, i)
	}
	many := strings.Replace(file(mine), "{", `{"sshTests": [{"src": "alice@example.com", "dst": [`+hosts.String()+`], "deny": [`+users.String()+`]}],`, 1)
	r.Fake.SetValidation("test(s) failed", fakeapi.Finding{User: "bob@example.com", Errors: []string{"nobody likes this file"}})
	if got := verdict(r, `{"policy":`+asJSON(many)+`}`); got.Valid || got.Differs != "" || len(got.Effects) == 0 {
		t.Errorf("got %+v, want no opinion on nine million tests", got)
	}
}

// What is too large to be weighed is said to be, and may be all that the caller has.
func TestEffectsTooLarge(t *testing.T) {
	r, _ := startWith(t, file(mine))
	var more strings.Builder
	for i := range 15_000 {
		fmt.Fprintf(&more, `,{"src": ["p%d@example.com"], "dst": ["*"], "ip": ["*"]}`, i)
	}
	got := verdict(r, `{"policy":`+asJSON(file(mine+more.String()))+`}`)
	if len(got.Effects) != 1 || !strings.HasPrefix(got.Effects[0], "who gains and loses what cannot be told, since the two files are too large") {
		t.Errorf("got %+v", got)
	}
}
