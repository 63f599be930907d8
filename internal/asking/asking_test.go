// SPDX-License-Identifier: MIT

package asking

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// TestOffers: what a client declares is read as it is meant, and written again.
func TestOffers(t *testing.T) {
	for text, want := range map[string]string{
		``:                                ``,
		`5`:                               ``,
		`{}`:                              ``,
		`{"elicitation":{}}`:              `{"elicitation":{"form":{}}}`,
		`{"elicitation":{"form":{}}}`:     `{"elicitation":{"form":{}}}`,
		`{"elicitation":{"url":{}}}`:      `{"elicitation":{"url":{}}}`,
		`{"elicitation":{"url":null}}`:    `{"elicitation":{"form":{}}}`,
		`{"elicitation":true}`:            ``,
		`{"sampling":{"tools":{}}}`:       `{"sampling":{"tools":{}}}`,
		`{"roots":{"listChanged":true}}`:  `{"roots":{"listChanged":true}}`,
		`{"roots":{"listChanged":false}}`: `{"roots":{}}`,
		`{"tasks":{},"experimental":{}}`:  ``,
	} {
		if want == "" {
			want = `{}`
		}
		o := Of(json.RawMessage(text))
		if got := string(o.Capabilities()); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
		if again := Of(o.Capabilities()); again != o || (o.Key() == "") != (o == Offers{}) {
			t.Errorf("%s: %+v is read as %+v", text, o, again)
		}
	}
	all := Offers{true, true, true, true, true, true, true}
	if len(all.Key()) != 7 || all.And(Offers{Form: true, Roots: true}) != (Offers{Form: true, Roots: true}) {
		t.Error("the parts are not told apart")
	}
}

// TestTakes: a server asks what was offered, and says it in one way.
func TestTakes(t *testing.T) {
	all := Offers{true, true, true, true, true, true, true}
	for _, row := range []struct {
		offers         Offers
		method, params string
		why            string // in the refusal; empty for none
	}{
		{all, Elicit, `{"message":"?"}`, ""},
		{all, Elicit, ``, ""},
		{all, Elicit, `{"mode":"url","url":"https://pages.example/?a=1#b"}`, ""},
		{all, Elicit, `{"mode":"url"}`, "no page"},
		{all, Elicit, `{"mode":"url","url":"javascript:alert(1)"}`, "no page"},
		{all, Elicit, `{"mode":"url","url":"file:///etc/passwd"}`, "no page"},
		{all, Elicit, `{"mode":"url","url":"data:text/html,x"}`, "no page"},
		{all, Elicit, `{"mode":"url","url":"https:pages.example"}`, "no page"},
		{all, Elicit, `{"mode":"url","url":"https://accounts.example@evil.example/"}`, "no page"},
		{all, Elicit, `{"mode":"url","url":"https://evil.example/\u202egpj"}`, "no page"},
		{all, Elicit, `{"message":"?","me\u017f\u017fage":"The gateway asks:"}`, "in place of"},
		{all, Elicit, `{"message":"?","Mode":"url","url":"javascript:1"}`, "in place of"},
		{all, Elicit, `{"mode":"url","url":"https://pages.example","URL":"javascript:1"}`, "in place of"},
		{Offers{Sampling: true}, Sample, `{"Tools":[]}`, "in place of"},
		{all, Elicit, `{"message":"?","requestedSchema":{"properties":{"Message":{"type":"string"}}}}`, ""},
		{all, Elicit, `{"mode":"voice"}`, "of this mode"},
		{all, Elicit, `{"mode":7}`, "not what the protocol says"},
		{all, Elicit, `{"message":{}}`, "not what the protocol says"},
		{all, Elicit, `{"message":"?","Message":"!"}`, "not what the protocol says"},
		{all, Elicit, `{"message":"?","meſſage":"!"}`, "not what the protocol says"},
		{Offers{Form: true}, Elicit, `{"MODE":"url"}`, "not what the protocol says"},
		{Offers{Sampling: true}, Sample, `{"Tools":[]}`, "not what the protocol says"},
		{all, Elicit, `[]`, "not what the protocol says"},
		{all, Elicit, `{"task":{}}`, "tasks"},
		{all, Elicit, `{"message":"` + strings.Repeat("x", MostSize) + `"}`, "at most"},
		{Offers{URL: true}, Elicit, `{}`, "of this mode"},
		{Offers{Form: true}, Elicit, `{"mode":"url"}`, "by URL"},
		{Offers{Form: true}, Elicit, `{"mode":"form","mode":"url"}`, "by URL"},
		{Offers{Sampling: true}, Sample, `{"messages":[]}`, ""},
		{Offers{Sampling: true}, Sample, `{"tools":[]}`, "with tools"},
		{Offers{Sampling: true}, Sample, `{"toolChoice":{}}`, "with tools"},
		{Offers{Sampling: true}, Sample, `{"includeContext":"none"}`, ""},
		{Offers{Sampling: true}, Sample, `{"includeContext":"allServers"}`, "with context"},
		{Offers{Form: true}, Sample, `{}`, "sampling"},
		{Offers{Form: true}, Roots, `{}`, "roots"},
		{all, "tasks/get", `{}`, "that"},
	} {
		err := row.offers.Takes(Request{row.method, json.RawMessage(row.params)})
		if (err == nil) != (row.why == "") || err != nil && !strings.Contains(err.Error(), row.why) {
			t.Errorf("%s %.40s: %v, want %q", row.method, row.params, err, row.why)
		}
	}
}

// TestFrom: the person is told who asks, what is there twice is there once, and nothing else
// is touched.
func TestFrom(t *testing.T) {
	for params, want := range map[string]string{
		`{"message":"Hi","url":"https://a/?b=<c>&d","n":9007199254740993}`: `{"message":"The server s asks: Hi","n":9007199254740993,"url":"https://a/?b=<c>&d"}`,
		`{"mode":"form","mode":"form"}`:                                    `{"message":"The server s asks: ","mode":"form"}`,
		"{\"message\":\"a\\r\\nb\\r\\u001b[2K\\u202e\\u200bThe gateway\"}": `{"message":"The server s asks: a\nb\n[2KThe gateway"}`,
		`null`: `{"message":"The server s asks: "}`,
	} {
		if got := string((Request{Elicit, json.RawMessage(params)}).From("s").Params); got != want {
			t.Errorf("%s: %s, want %s", params, got, want)
		}
	}
	if got := string((Request{Sample, json.RawMessage(`{"messages":[1.0]}`)}).From("s").Params); got != `{"messages":[1.0]}` {
		t.Errorf("sampling: %s", got)
	}
	if got := (Request{Roots, nil}).From("s"); got.Params != nil {
		t.Errorf("roots: %s", got.Params)
	}
}

// TestCount: what was tried is counted by method, whatever came of it.
func TestCount(t *testing.T) {
	var c Count
	ask := c.Counting(func(context.Context, map[string]Request) (map[string]Response, error) { return nil, ErrVoid })
	for range 2 {
		_, _ = ask(t.Context(), map[string]Request{"a": {Method: Roots}, "b": {Method: Elicit}})
	}
	if got := c.String(); got != "2 elicitation/create, 2 roots/list" {
		t.Errorf("counted %q", got)
	}
}
