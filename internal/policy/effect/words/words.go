// SPDX-License-Identifier: MIT

// Package words puts names, numbers and lists into sentences for a person: what others wrote
// is quoted where it is not plain, and cut where it is long. A leaf.
package words

import (
	"fmt"
	"strconv"
	"strings"
)

// Safe shows a name that somebody else wrote: as it is where it is plain and short, and
// else quoted, such that no character acts or hides.
func Safe(name string) string {
	cut := Clip(name)
	plain := cut != "" && strings.IndexFunc(cut, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._:@/*+-", r))
	}) < 0
	if plain {
		return cut
	}
	return strconv.QuoteToASCII(cut)
}

// Clip shortens a name that somebody made long.
func Clip(name string) string {
	const most = 100
	if len(name) > most {
		return strings.ToValidUTF8(name[:most], "") + "…"
	}
	return name
}

// Code shows JSON: as it is where it is printable ASCII, cut where it is long.
func Code(text string) string {
	const most = 160
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	ascii := strconv.QuoteToASCII(text)
	if strings.ReplaceAll(ascii[1:len(ascii)-1], `\"`, `"`) == text {
		return text
	}
	return ascii
}

// List joins the first few of some texts with commas, and counts the others.
func List(texts []string, most int) string {
	if more := len(texts) - most; more > 1 {
		return strings.Join(texts[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return And(texts)
}

// And joins texts as a sentence does.
func And(texts []string) string {
	if n := len(texts); n > 1 {
		return strings.Join(texts[:n-1], ", ") + " and " + texts[n-1]
	}
	return strings.Join(texts, "")
}

// Count writes a number with its noun.
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if one == "person" {
		return strconv.Itoa(n) + " people"
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// Once appends a text unless it is there.
func Once(all []string, text string) []string {
	for _, t := range all {
		if t == text {
			return all
		}
	}
	return append(all, text)
}

// SafeAll shows names as [Safe] does.
func SafeAll(names []string) []string {
	var all []string
	for _, n := range names {
		all = append(all, Safe(n))
	}
	return all
}
