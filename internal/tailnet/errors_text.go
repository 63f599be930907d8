// SPDX-License-Identifier: MIT

package tailnet

import (
	"regexp"
	"strings"
	"unicode"
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

// printable makes text of unknown origin fit for a message: one line, printable
// runes only (so no terminal escapes and no bidirectional controls), bounded, and
// without anything that is a secret, by its shape or because secrets lists it.
func printable(text string, secrets ...string) string {
	// Redacted before it is bounded: half a secret would not be recognised.
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "[redacted]")
		}
	}
	text = secretShapes.ReplaceAllString(text, "[redacted]")

	var b strings.Builder
	runes, space := 0, false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			space = runes > 0
			continue
		case r == unicode.ReplacementChar, !unicode.IsPrint(r):
			continue
		}
		if runes >= maxMessage {
			b.WriteString("…")
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		runes++
	}
	return b.String()
}
