// SPDX-License-Identifier: MIT

package message

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// FuzzParse: Parse never panics, and what it lets pass means to mcp-go, which
// reads with encoding/json, what it means to us.
func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("testdata/bodies.txt")
	if err != nil {
		f.Fatal(err)
	}
	for body := range bytes.SplitSeq(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, refused := Parse(body)
		if m.ID != nil && !validID(m.ID) {
			t.Fatalf("the id is %s", m.ID)
		}
		if refused != nil {
			if refused.Status != 400 || refused.Code > -32600 || refused.Message == "" {
				t.Errorf("refused with %+v", refused)
			}
			return
		}
		sameToBoth(t, m, body, m.ID)
	})
}

// sameToBoth compares Parse with encoding/json.
func sameToBoth(t *testing.T, m *Message, body []byte, id json.RawMessage) {
	t.Helper()
	var theirs struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Result json.RawMessage `json:"result"`
		Params *struct {
			Name      string          `json:"name"`
			URI       string          `json:"uri"`
			Arguments json.RawMessage `json:"arguments"`
			Meta      *mcp.Meta       `json:"_meta"`
		} `json:"params"`
	}
	if err := json.Unmarshal(body, &theirs); err != nil {
		t.Fatalf("encoding/json cannot read it: %v: %s", err, body)
	}
	if string(theirs.ID) != string(id) || theirs.Method != m.Method || string(theirs.Result) != string(m.Result) {
		t.Errorf("encoding/json reads id %s, method %q of %s", theirs.ID, theirs.Method, body)
	}
	if p := theirs.Params; p != nil && (p.Name != m.Name || p.URI != m.URI || string(p.Arguments) != string(m.Arguments) ||
		mcp.IsModernProtocol(p.Meta.ProtocolVersion()) != m.Modern) {
		t.Errorf("encoding/json reads %+v of %s", p, body)
	}
}
