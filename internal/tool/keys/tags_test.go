// SPDX-License-Identifier: MIT

package keys

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
)

// A tag is taken with tag: and without, by each of these tools.
func TestTagsWithoutPrefix(t *testing.T) {
	for name, arguments := range map[string]string{
		"create_auth_key":         `{"description":"ci","tags":["build","tag:web"],"confirm":"CODE"}`,
		"create_trust_credential": `{"kind":"client","description":"ci","scopes":["auth_keys"],"tags":["build","tag:web"],"confirm":"CODE"}`,
		"set_trust_credential":    `{"key":"kClient1CNTRL","tags":["build","tag:web"],"confirm":"CODE"}`,
	} {
		r := newRig(t)
		text, err := r.Call(name, arguments)
		if err != nil || !strings.Contains(text, `"tags":["tag:build","tag:web"]`) {
			t.Errorf("%s: got %s and error %v, want both tags", name, text, err)
		}
	}
}

// Nobody is asked for a key with a tag that the API must refuse; where the policy file
// cannot be read, the API refuses.
func TestTagThatNobodyMayAssign(t *testing.T) {
	const arguments = `{"description":"ci","tags":["tag:biuld"]}`
	r := newRig(t)
	_, err := r.Call("create_auth_key", arguments)
	if got, said := code(err); got != "invalid_argument" || !strings.Contains(said, `does not define "tag:biuld"`) || !strings.Contains(said, `use "tag:build" if it is meant`) {
		t.Errorf("got %v, want a refusal that names the tag that is meant", err)
	}
	for _, fault := range []fakeapi.Fault{fakeapi.Status(403), fakeapi.Body(200, "application/hujson", `{"tagOwners": 7}`)} {
		r.Fake.ClearFaults()
		r.Fake.Fail("getPolicyFile", fault)
		_, err = r.Call("create_auth_key", arguments)
		if got, _ := code(err); got != "confirmation_required" {
			t.Errorf("with an unreadable policy file: got %v, want the question", err)
		}
	}
}
