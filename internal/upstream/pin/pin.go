// SPDX-License-Identifier: MIT

package pin

import (
	"encoding/json"

	"tailscale-mcp/internal/grant"
)

// Pin is what was approved of one server; the zero value is nothing.
type Pin struct {
	Title        Title
	Instructions *Item // of a server that has some; its definition is a string
	Capabilities *Item
	// By name, each name once.
	Tools, Prompts, Templates []Item
}

// Item is one approved definition.
type Item struct {
	// Name is that of a tool or prompt, the uriTemplate of a template, and empty for
	// instructions and capabilities.
	Name       string
	Definition json.RawMessage // in the canonical form
	SHA256     string          // of Definition, in hexadecimal
	// Class is that of a tool, empty for all else. It decides who may call the tool.
	Class grant.Class
	// AsIs says that it was approved in spite of what [Blemish] says of it.
	AsIs bool
}

// Kind is what an item is.
type Kind string

// The kinds of items, in the order of the file.
const (
	Instructions Kind = "instructions"
	Capabilities Kind = "capabilities"
	Tool         Kind = "tool"
	Prompt       Kind = "prompt"
	Template     Kind = "template"
)

// Find returns the item of a kind and name; nil if the pin has none.
func (p Pin) Find(kind Kind, name string) *Item {
	var list []Item
	switch kind {
	case Instructions:
		return p.Instructions
	case Capabilities:
		return p.Capabilities
	case Tool:
		list = p.Tools
	case Prompt:
		list = p.Prompts
	case Template:
		list = p.Templates
	}
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}

// all calls do for every item, in the order of the file.
func (p Pin) all(do func(Kind, Item)) {
	if p.Instructions != nil {
		do(Instructions, *p.Instructions)
	}
	if p.Capabilities != nil {
		do(Capabilities, *p.Capabilities)
	}
	for _, list := range []struct {
		kind  Kind
		items []Item
	}{{Tool, p.Tools}, {Prompt, p.Prompts}, {Template, p.Templates}} {
		for _, item := range list.items {
			do(list.kind, item)
		}
	}
}

// add puts an item where its kind belongs.
func (p *Pin) add(kind Kind, item Item) {
	switch kind {
	case Instructions:
		p.Instructions = &item
	case Capabilities:
		p.Capabilities = &item
	case Tool:
		p.Tools = append(p.Tools, item)
	case Prompt:
		p.Prompts = append(p.Prompts, item)
	case Template:
		p.Templates = append(p.Templates, item)
	}
}
