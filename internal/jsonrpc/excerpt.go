// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"bytes"
	"unicode/utf8"
)

// maxExcerpt is the length, in bytes, of the longest excerpt.
const maxExcerpt = 1 << 10

// Excerpt returns the beginning of a text of somebody else, at most 1 KiB of it and cut
// between characters, for an error or a log.
func Excerpt(body []byte) string {
	body = bytes.TrimSpace(body)
	if len(body) > maxExcerpt {
		body = body[:maxExcerpt-len("…")]
		for len(body) > 0 {
			if r, n := utf8.DecodeLastRune(body); r != utf8.RuneError || n > 1 {
				break
			}
			body = body[:len(body)-1]
		}
		return string(body) + "…"
	}
	return string(bytes.ToValidUTF8(body, []byte("\ufffd")))
}
