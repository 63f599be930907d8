// SPDX-License-Identifier: MIT

package pin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"tailscale-mcp/internal/grant"
)

// Seen is what a server shows of itself, as it wrote it.
type Seen struct {
	Title, Description        string
	Instructions              string
	Capabilities              json.RawMessage // of the answer to initialize; may be empty
	Tools, Prompts, Templates []json.RawMessage
}

// What of a definition is kept: what a client's model or person is shown or has to send.
// Annotations follow the class that was approved; icons are left out.
var kept = map[Kind][]string{
	Tool:     {"name", "title", "description", "inputSchema", "outputSchema", "execution"},
	Prompt:   {"name", "title", "description", "arguments"},
	Template: {"uriTemplate", "name", "title", "description", "mimeType"},
}

// nameKey is the member that an item is found by.
var nameKey = map[Kind]string{Tool: "name", Prompt: "name", Template: "uriTemplate", Instructions: "-", Capabilities: "-"}

// found is one item as it was seen.
type found struct {
	kind      Kind
	item      Item
	suggested grant.Class
	broken    string // why it cannot be pinned at all
}

// items takes apart what was seen.
func (s Seen) items() []found {
	var all []found
	if s.Instructions != "" {
		text := []byte(quoted(s.Instructions))
		all = append(all, found{kind: Instructions, item: Item{Definition: text, SHA256: hash(text)}})
	}
	if len(s.Capabilities) > 0 {
		f := found{kind: Capabilities}
		text, err := canonical(s.Capabilities)
		if err != nil {
			f.broken = err.Error()
		} else {
			f.item = Item{Definition: text, SHA256: hash(text)}
		}
		all = append(all, f)
	}
	for _, list := range []struct {
		kind  Kind
		texts []json.RawMessage
	}{{Tool, s.Tools}, {Prompt, s.Prompts}, {Template, s.Templates}} {
		for i, text := range list.texts {
			f := found{kind: list.kind}
			var err error
			if f.item, err = itemOf(list.kind, text); err != nil {
				f.broken = err.Error()
				if f.item.Name == "" {
					f.item.Name = fmt.Sprintf("#%d", i+1)
				}
			} else if list.kind == Tool {
				f.suggested = Suggest(text)
			}
			all = append(all, f)
		}
	}
	return all
}

// itemOf reads one definition.
func itemOf(kind Kind, text json.RawMessage) (Item, error) {
	text, err := canonical(text)
	if err != nil {
		return Item{}, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return Item{}, errors.New("it is not an object")
	}
	var name string
	key := nameKey[kind]
	if json.Unmarshal(members[key], &name) != nil || name == "" {
		return Item{}, fmt.Errorf("it has no %s", key)
	}
	definition := map[string]json.RawMessage{}
	for _, key := range kept[kind] {
		if value, there := members[key]; there && !bytes.Equal(value, []byte("null")) {
			definition[key] = value
		}
	}
	plain, err := json.Marshal(definition)
	if err != nil {
		return Item{Name: name}, err
	}
	if text, err = canonical(plain); err != nil {
		return Item{Name: name}, err
	}
	return Item{Name: name, Definition: text, SHA256: hash(text)}, nil
}

// Suggest returns the class that a tool's annotations claim, for a person to decide: a
// server may say what it likes. A tool that says nothing is destructive, as MCP has it.
func Suggest(tool json.RawMessage) grant.Class {
	var t struct {
		Annotations struct {
			ReadOnlyHint    *bool `json:"readOnlyHint"`
			DestructiveHint *bool `json:"destructiveHint"`
		} `json:"annotations"`
	}
	if json.Unmarshal(tool, &t) != nil {
		return grant.Destructive
	}
	switch a := t.Annotations; {
	case a.ReadOnlyHint != nil && *a.ReadOnlyHint:
		return grant.Read
	case a.DestructiveHint != nil && !*a.DestructiveHint:
		return grant.Write
	}
	return grant.Destructive
}
