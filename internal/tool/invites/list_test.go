// SPDX-License-Identifier: MIT

package invites

import (
	"encoding/json"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

func TestList(t *testing.T) {
	r := newRig(t)
	r.Answers("list_invites", `{}`, `"role":"admin"`, "dave@example.com", `"total":3`, `"returned":3`)
	r.Answers("list_invites", `{"device":"web-1"}`, `"allowExitNode":true`, "carol@example.org", `"total":2`)
	r.Answers("list_invites", `{"device":"web-2"}`, `"invites":[]`, `"total":0`)
	r.Answers("list_invites", `{"fields":["role"]}`, `[{"role":"admin"},{"role":"member"},{"role":"member"}]`)
	r.Refuses("list_invites", `{"device":"nothing"}`, string(failure.NotFound), "nothing")
	r.Refuses("list_invites", `{"showLink":true}`, tool.CodeInvalidArgument, "cursor")
	r.Refuses("list_invites", `{"fields":["deviceId"]}`, tool.CodeInvalidArgument, "inviterId")
	r.Refuses("list_invites", `{"device":"web-1","fields":["role"]}`, tool.CodeInvalidArgument, "acceptedBy")
	r.Fake.Fail("", fakeapi.Status(503))
	r.Refuses("list_invites", `{}`, string(failure.UpstreamUnavailable), "")
}

func TestListPages(t *testing.T) {
	r := newRig(t)
	var seen []string
	arguments := `{"limit":2}`
	for range 2 {
		var page listOutput
		if err := json.Unmarshal([]byte(r.Answers("list_invites", arguments, `"total":3`)), &page); err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Invites {
			seen = append(seen, string(o["id"]))
		}
		arguments = `{"limit":2,"cursor":"` + page.NextCursor + `"}`
		if page.NextCursor != "" {
			r.Refuses("list_invites", `{"device":"web-1","cursor":"`+page.NextCursor+`"}`, tool.CodeInvalidArgument, "does not belong")
		}
	}
	if got := strings.Join(seen, " "); got != `"29214" "29215" "29216"` {
		t.Errorf("got %s over two pages, want each of the three once", got)
	}
}

func TestListOne(t *testing.T) {
	r := newRig(t)
	r.Answers("list_invites", `{"kind":"user","invite":" 29215\n"}`, `"id":"29215"`, `"role":"member"`, `"total":1`, `"returned":1`)
	r.Answers("list_invites", `{"kind":"device","invite":"12346","fields":["accepted"]}`, `"invites":[{"accepted":true}]`)
	if n := len(r.Fake.Requests()); n != 3 {
		t.Errorf("got %d requests, want one an invitation, and one for the login of who made the first", n)
	}
	r.Refuses("list_invites", `{"kind":"user","invite":"12346"}`, string(failure.NotFound), "")
	r.Refuses("list_invites", `{"kind":"user","invite":"29215","fields":["accepted"]}`, tool.CodeInvalidArgument, "inviterId")
	before := len(r.Fake.Requests())
	for arguments, part := range map[string]string{
		`{"kind":"user"}`:                                     "give both",
		`{"invite":"29215"}`:                                  "give both",
		`{"kind":"user","invite":" "}`:                        "give both",
		`{"kind":"device","invite":"12346","device":"web-1"}`: "leave out either",
		`{"kind":"user","invite":"29215","cursor":"x"}`:       "leave out either",
		`{"kind":"users","invite":"29215"}`:                   "device",
	} {
		r.Refuses("list_invites", arguments, tool.CodeInvalidArgument, part)
	}
	if n := len(r.Fake.Requests()) - before; n != 0 {
		t.Errorf("got %d requests for arguments that are wrong", n)
	}
}

// A link is never in a list, whatever is asked for, and what is said of links is true.
func TestListHidesLinks(t *testing.T) {
	r := newRig(t)
	for arguments, note := range map[string]string{
		`{}`:                                 hiddenNote,
		`{"fields":["inviteUrl","id"]}`:      hiddenNote,
		`{"fields":["all"]}`:                 hiddenNote,
		`{"device":"web-1"}`:                 hiddenNote,
		`{"kind":"user","invite":"29214"}`:   hiddenNote,
		`{"kind":"device","invite":"12345"}`: hiddenNote,
		`{"fields":["email"]}`:               "",
		`{"device":"web-2"}`:                 "",
		`{"kind":"user","invite":"29215"}`:   "", // of the tailnet's own domain
	} {
		text := r.Answers("list_invites", arguments)
		var got listOutput
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.Note != note {
			t.Errorf("%s: got the note %q and error %v, want %q", arguments, got.Note, err, note)
		}
		if strings.Contains(text, "https://") {
			t.Errorf("%s: got %s, want no link", arguments, text)
		}
	}
	r.Fake.Fail("listUserInvites", fakeapi.Body(200, "application/json", `[{"id":"1","inviteUrl":""}]`))
	if text := r.Answers("list_invites", `{}`); strings.Contains(text, "left out") {
		t.Errorf("got %s, want nothing said of a link that there is not", text)
	}
}
