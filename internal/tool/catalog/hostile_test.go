// SPDX-License-Identifier: MIT

package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

// question is a way to ask the API something and be told what others wrote.
type question struct {
	what string
	ask  func() (string, error)
	// silent is set where nothing of what others wrote so is in a good answer: there
	// is no such text, or what is no identifier is not offered.
	silent bool
	// seed makes the tailnet that is asked about, where it is not that of the calls.
	seed func(*fakeapi.Server)
}

// questions are those of every tool that reads, resource and completion.
func (r *rig) questions() (all []question) {
	alice := by(r, "alice@example.com", mayAll)
	registry := r.offers
	for _, d := range registry.Tools {
		if d.Class == grant.Read && calls[d.Name] != "" && !asksPolicy(d.Name) {
			all = append(all, question{d.Name, func() (string, error) {
				text, err := r.call(alice, d.Name, calls[d.Name])
				return string(text), err
			}, d.Name == "validate_aws_external_id" || d.Name == "validate_policy", nil})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reads)) {
		all = append(all, question{name, func() (string, error) {
			text, _, err := r.read(alice, reads[name])
			return text, err
		}, false, nil})
	}
	completed := func(values []string, _ int, err error) (string, error) { return strings.Join(values, "\n"), err }
	for _, res := range registry.Resources {
		if res.Completes() {
			all = append(all, question{"completion of " + res.URI, func() (string, error) {
				return completed(r.dispatcher.CompleteResource(r.Context(), alice, gate.Request{ID: "1", Method: "completion/complete", Name: res.URI}, ""))
			}, strings.HasPrefix(res.URI, "tailscale://device"), nil})
		}
	}
	for _, p := range registry.Prompts {
		for _, a := range p.Arguments {
			all = append(all, question{"completion of " + p.Name + ", " + a.Name, func() (string, error) {
				return completed(r.dispatcher.CompletePrompt(r.Context(), alice, gate.Request{ID: "1", Method: "completion/complete", Name: p.Name}, a.Name, ""))
			}, true, nil})
		}
	}
	return append(all, r.accessQuestions(alice)...)
}

// Whatever others have written into whichever string of the API's answers, and into
// the names of members: what nobody sees is written out in every answer and error.
func TestNothingIsHidden(t *testing.T) {
	r := newRig(t, setup{socket: onWeb1(t)})
	tried := 0
	for _, q := range r.questions() {
		t.Run(q.what, func(t *testing.T) {
			seed(r.fake)
			if q.seed != nil {
				q.seed(r.fake)
			}
			told := false
			for n, last := 0, 0; n <= last; n++ {
				var mu sync.Mutex
				seen := 0
				r.fake.ClearFaults()
				r.fake.Fail("", fakeapi.Edited(func(body []byte) []byte {
					mu.Lock()
					defer mu.Unlock()
					return tooltest.EditStrings(body, func(s string) string {
						if seen++; seen-1 == n {
							return s + tooltest.Hostile
						}
						return s
					})
				}))
				r.log.Forget()
				text, err := q.ask()
				if err != nil {
					text = err.Error()
				}
				told = tooltest.NothingHidden(t, fmt.Sprintf("string %d", n), text) || told
				for _, rec := range r.log.Records() {
					tooltest.NothingHidden(t, fmt.Sprintf("string %d, record", n), rec.Reason)
				}
				mu.Lock() // a question that failed may leave others behind
				last = max(last, seen-1)
				mu.Unlock()
				tried++
			}
			if !told && !q.silent {
				t.Error("what others wrote is in none of the answers: this shows nothing")
			}
		})
	}
	r.fake.ClearFaults()
	if tried < 500 {
		t.Errorf("only %d answers were tried", tried)
	}
	t.Logf("%d answers", tried)
}

func TestNothingIsHiddenInPrompts(t *testing.T) {
	r := newRig(t, setup{})
	alice := by(t, "alice@example.com", mayAll)
	for _, p := range r.offers.Prompts {
		arguments := map[string]string{}
		for _, a := range p.Arguments {
			arguments[a.Name] = tooltest.Hostile
		}
		out, err := r.dispatcher.Prompt(t.Context(), alice, gate.Request{ID: "1", Method: "prompts/get", Name: p.Name}, arguments)
		if err != nil || out.Text == "" {
			t.Errorf("%s: got %q and %v", p.Name, out.Text, err)
		}
		tooltest.NothingHidden(t, p.Name, out.Text)
	}
}

// What the API gives as the reason of a refusal is quoted as its words, all of it,
// by every tool and resource.
func TestRefusalsOfTheAPIAreQuoted(t *testing.T) {
	const says = `the Tailscale API says: `
	body, err := json.Marshal(map[string]string{"message": "no" + tooltest.Hostile})
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{400, 403, 404, 409, 500} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			r := newRig(t, setup{})
			r.fake.Fail("", fakeapi.Body(status, "application/json", string(body)))
			r.everything(by(t, "alice@example.com", mayAll), r.log.Forget, func(what, text string, err error) {
				var told *tool.Error
				if errors.As(err, &told) {
					text = told.Message
					tooltest.NothingHidden(t, what, told.Error())
				} else if text = said(t, text); text == "" {
					t.Errorf("%s: got neither an error nor the words of the API", what)
				}
				before, after, ok := strings.Cut(text, says)
				quoted, err := strconv.QuotedPrefix(after)
				if !ok || err != nil || !strings.Contains(quoted, "IGNORE") || strings.Contains(before+after[len(quoted):], "IGNORE") {
					t.Errorf("%s: got %s, want the words of the API quoted", what, text)
				}
				for _, rec := range r.log.Records() {
					tooltest.NothingHidden(t, what, rec.Reason)
				}
			})
		})
	}
}

// said is the string of an answer that holds the words of the API.
func said(t *testing.T, answer string) (found string) {
	tooltest.NothingHidden(t, answer, answer)
	tooltest.EditStrings([]byte(answer), func(s string) string {
		if strings.Contains(s, "IGNORE") {
			found = s
		}
		return s
	})
	return found
}

// A credential that the API repeats with something invisible between its letters is
// neither in what the caller is told nor in the record.
func TestCredentialInPieces(t *testing.T) {
	for _, between := range []string{"\u200b", "\ufe0f", "\u034f", "\u3164", "\U000e0041", "\x00"} {
		r := newRig(t, setup{})
		body, err := json.Marshal(map[string]string{"message": "no " + strings.Join(strings.Split(fakeapi.DefaultAPIKey, ""), between)})
		if err != nil {
			t.Fatal(err)
		}
		r.fake.Fail("", fakeapi.Body(403, "application/json", string(body)))
		_, err = r.call(by(t, "alice@example.com", mayAll), "get_settings", `{}`)
		text := told(t, err).Error()
		if !strings.Contains(text, "[redacted]") {
			t.Errorf("%q: got %s, want it redacted", between, text)
		}
		for _, rec := range r.log.Records() {
			text += rec.Reason
		}
		visibly := strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return -1
			}
			return r
		}, text)
		if strings.Contains(visibly, fakeapi.DefaultAPIKey[:20]) {
			t.Errorf("%q: the credential is in %s", between, text)
		}
	}
}
