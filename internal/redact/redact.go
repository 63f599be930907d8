// SPDX-License-Identifier: MIT

// Package redact makes the words of others fit for a message: bounded, visible and
// without secrets. It is a leaf.
package redact

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"tailscale-mcp/internal/visible"
)

// maxMessage bounds what is repeated of an upstream text, in runes.
const maxMessage = 300

// secretShapes are the forms of credentials that the API deals in, wherever they
// turn up: Tailscale keys and tokens, JWTs, Authorization values, and the invite
// links that whoever holds them may accept.
var secretShapes = regexp.MustCompile(`tskey-[A-Za-z]+-[A-Za-z0-9_-]+` +
	`|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?` +
	`|(?i:\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,})` +
	`|(?i:/(admin/invite|uinv)/[A-Za-z0-9_-]+)`)

// Text makes text of unknown origin fit for a message: one line of what can be
// seen (so no terminal escapes and no bidirectional controls), bounded, and without
// anything that is a secret, by its shape or because secrets lists it.
func Text(text string, secrets ...string) string {
	// What is dropped may have stood between the letters of a secret, and what is a
	// secret may only be seen with what is dropped (as a space); so it is looked for
	// before and after, and before the text is bounded: half of one is not recognised.
	return shortened(redacted(cleaned(redacted(text, secrets)), secrets))
}

// Quoted is text as the words of somebody else: fit for a message, and in quotes that it
// cannot end.
func Quoted(text string, secrets ...string) string {
	return strconv.Quote(Text(text, secrets...))
}

func redacted(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "[redacted]")
		}
	}
	return secretShapes.ReplaceAllString(text, "[redacted]")
}

// cleaned drops what cannot be seen, and makes every kind of space one space.
func cleaned(text string) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case r == unicode.ReplacementChar, !unicode.IsPrint(r), visible.Hidden(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

func shortened(text string) string {
	runes := 0
	for i := range text {
		if runes++; runes > maxMessage {
			return text[:i] + "…"
		}
	}
	return text
}
