// SPDX-License-Identifier: MIT

package grant

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// Missing describes the grant that a refused caller would need.
type Missing struct {
	Capability string   // name of this service's capability
	Src        []string // the caller: a login, or the tags of a tagged node
	Dst        string   // the host of this service: a tag or an address
	Port       uint16   // TCP port of this service; 0: network access is granted elsewhere
	// Tools, Resources and Prompts are selectors. A refusal must fill in only what
	// passes [IsToolName] and [IsURI]: a client that asks for a tool called
	// "*" must not be handed a grant of everything.
	Tools, Resources, Prompts []string
	// Devices, Until and Rate are conditions of the entry; what is empty sets none.
	Devices     []string
	Until, Rate string
}

// Check says what is wrong with the conditions.
func (m Missing) Check() error {
	if m.Until != "" {
		if _, err := parseUntil(m.Until); err != nil {
			return err
		}
	}
	if m.Rate != "" {
		if _, err := parseRate(m.Rate); err != nil {
			return err
		}
	}
	_, err := parseDevices(m.Devices)
	return err
}

// String returns the grant as indented JSON, ready to be pasted into the
// "grants" array of a policy file, the same text for the same sets. It is ASCII
// without control characters but line ends, whatever the values are, so it can
// be printed on a terminal.
//
// What [Parse] would not accept is left out, since pasting it would lock the
// caller out entirely; when nothing remains, the text is empty and no grant
// would help. An unknown source or destination leaves its list empty: it is
// never filled with something wider.
func (m Missing) String() string {
	tools := keep(m.Tools, func(s string) bool { _, err := parseToolSelector(s); return err == nil })
	resources := keep(m.Resources, func(s string) bool { _, err := parseResourceSelector(s); return err == nil })
	prompts := keep(m.Prompts, func(s string) bool { _, _, err := parsePromptSelector(s); return err == nil })
	var entry []string
	if len(tools) > 0 {
		entry = append(entry, member(keyTools, tools))
	}
	if len(resources) > 0 {
		entry = append(entry, member(keyResources, resources))
	}
	if len(prompts) > 0 {
		entry = append(entry, member(keyPrompts, prompts))
	}
	if len(entry) == 0 || m.Check() != nil {
		return ""
	}
	if len(m.Devices) > 0 {
		entry = append(entry, member(keyDevices, keep(m.Devices, notEmpty)))
	}
	if m.Until != "" {
		entry = append(entry, literal(keyUntil)+": "+literal(m.Until))
	}
	if m.Rate != "" {
		entry = append(entry, literal(keyRate)+": "+literal(m.Rate))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "{\n  %s,\n", member("src", keep(m.Src, notEmpty)))
	fmt.Fprintf(&b, "  %s,\n", member("dst", keep([]string{m.Dst}, notEmpty)))
	if m.Port != 0 {
		fmt.Fprintf(&b, "  %s,\n", member("ip", []string{fmt.Sprintf("tcp:%d", m.Port)}))
	}
	fmt.Fprintf(&b, "  \"app\": {\n    %s: [\n      {%s}\n    ]\n  }\n}", literal(m.Capability), strings.Join(entry, ", "))
	return b.String()
}

// Way returns the grant that lets the sources connect to the service, and gives nothing
// there: for those who are granted something and have no way to it. Its form is that of
// String.
func (m Missing) Way() string {
	return fmt.Sprintf("{\n  %s,\n  %s,\n  %s\n}",
		member("src", keep(m.Src, notEmpty)), member("dst", keep([]string{m.Dst}, notEmpty)), member("ip", []string{fmt.Sprintf("tcp:%d", m.Port)}))
}

// member returns a member of a JSON object whose value is a list of strings.
func member(key string, list []string) string {
	literals := make([]string, len(list))
	for i, s := range list {
		literals[i] = literal(s)
	}
	return literal(key) + ": [" + strings.Join(literals, ", ") + "]"
}

// keep returns what ok accepts, sorted, without duplicates, never nil.
func keep(list []string, ok func(string) bool) []string {
	kept := make([]string, 0, len(list))
	for _, s := range list {
		if ok(s) {
			kept = append(kept, s)
		}
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}

func notEmpty(s string) bool { return s != "" }

// literal returns s as a JSON string in ASCII. It escapes beyond need what
// encoding/json leaves as it is but a terminal or a reader may take for
// something else: DEL, C1 controls, text direction marks, look-alike letters.
func literal(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""` // cannot happen: every string has a JSON form
	}
	var b strings.Builder
	for _, c := range string(text) {
		if c < 0x7f {
			b.WriteByte(byte(c))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, c) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
