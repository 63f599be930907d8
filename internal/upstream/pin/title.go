// SPDX-License-Identifier: MIT

package pin

import (
	"encoding/json"
	"fmt"
	"strings"

	"tailscale-mcp/internal/visible"
)

// mostTitle and mostDescription are how long these may be, in characters.
const (
	mostTitle       = 100
	mostDescription = 200
)

// Title is how a server calls itself for people, and what it says that it is for, each in one
// visible line; either may be empty. Nothing is decided by it, so that a server may have
// another than what is pinned, and a person may write a better one into the file.
type Title struct{ Title, Description string }

// TitleOf makes a Title of what a server says of itself.
func TitleOf(title, description string) Title {
	return Title{oneLine(title, mostTitle), oneLine(description, mostDescription)}
}

// oneLine is the words of a text as one line, cut to so many characters.
func oneLine(text string, most int) string {
	text = visible.Text(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// member reads the value of one of the keys of a title.
func (t *Title) member(key string, value json.RawMessage) error {
	to, most := &t.Title, mostTitle
	if key == "description" {
		to, most = &t.Description, mostDescription
	}
	var text string
	if json.Unmarshal(value, &text) != nil || text == "" {
		return errForm
	}
	if *to = oneLine(text, most); *to != text {
		return fmt.Errorf("the %s is no visible line of at most %d characters: write it so, or leave it out", key, most)
	}
	return nil
}

// Text is how the title of a server differs from what is pinned, for a person; empty if it
// does not.
func (t Title) Text(was Title) string {
	var b strings.Builder
	for _, part := range []struct{ key, was, is string }{{"title", was.Title, t.Title}, {"description", was.Description, t.Description}} {
		if part.was == part.is {
			continue
		}
		b.WriteString("its " + part.key + ", which decides nothing\n")
		if part.was != "" {
			b.WriteString("  - " + part.was + "\n")
		}
		if part.is != "" {
			b.WriteString("  + " + part.is + "\n")
		}
	}
	return b.String()
}
