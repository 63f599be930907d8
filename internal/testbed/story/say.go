// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"strings"
)

// What the story prints. One function a kind of line, so that it reads alike.

var acts int

func act(title string) {
	acts++
	fmt.Printf("\n%d. %s\n", acts, title)
}

func step(text string) { fmt.Println("  -", text) }

func said(what, text string) { fmt.Printf("  → %s %s\n", what, text) }

// told prints a message as the person's assistant shows it.
func told(text string) {
	fmt.Println("  → is refused:")
	quoted(text)
}

// quoted prints a text of several lines.
func quoted(text string) {
	for line := range strings.Lines(text) {
		fmt.Println("    | " + strings.TrimSuffix(line, "\n"))
	}
}

// brief cuts a long answer for the screen.
func brief(text string) string {
	const most = 160
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
