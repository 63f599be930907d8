// SPDX-License-Identifier: MIT

package pin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"tailscale-mcp/internal/visible"
)

// maxDepth is how deep a definition may go; the schemas of real servers go to ten.
const maxDepth = 64

// canonical returns text in the one form that it is kept and hashed in: names sorted,
// numbers as they are written, no spaces, and no character that nobody sees.
func canonical(text []byte) (json.RawMessage, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var out bytes.Buffer
	if err := write(&out, dec, 0); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows it")
	}
	return out.Bytes(), nil
}

// write writes the next value of dec.
func write(out *bytes.Buffer, dec *json.Decoder, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("it is more than %d levels deep", maxDepth)
	}
	token, err := dec.Token()
	if err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return writeObject(out, dec, depth)
		}
		out.WriteByte('[')
		for i := 0; dec.More(); i++ {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := write(out, dec, depth+1); err != nil {
				return err
			}
		}
		out.WriteByte(']')
		_, err := dec.Token()
		return err
	case string:
		out.WriteString(quoted(v))
	case json.Number:
		out.WriteString(v.String())
	case bool:
		fmt.Fprint(out, v)
	default:
		out.WriteString("null")
	}
	return nil
}

func writeObject(out *bytes.Buffer, dec *json.Decoder, depth int) error {
	members := map[string][]byte{}
	var names []string
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return fmt.Errorf("it is not JSON: %w", err)
		}
		name, _ := token.(string) // the decoder accepts nothing else there
		if _, twice := members[name]; twice {
			return fmt.Errorf("%s stands in one object twice", short(name))
		}
		var value bytes.Buffer
		if err := write(&value, dec, depth+1); err != nil {
			return err
		}
		members[name], names = value.Bytes(), append(names, name)
	}
	slices.Sort(names)
	out.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(quoted(name) + ":")
		out.Write(members[name])
	}
	out.WriteByte('}')
	_, err := dec.Token()
	return err
}

// quoted is a JSON string in which every invisible character is escaped.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r > 0xffff && visible.Hidden(r):
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		case visible.Hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// hash is the SHA-256 of a definition in its canonical form.
func hash(definition []byte) string {
	sum := sha256.Sum256(definition)
	return hex.EncodeToString(sum[:])
}

// short is a name of the server's, fit for a message.
func short(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return quoted(s)
}
