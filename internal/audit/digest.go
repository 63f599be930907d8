// SPDX-License-Identifier: MIT

package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
)

// keySize is the size of the key of digests in bytes.
const keySize = sha256.Size

// key makes digests that nobody can compare with guesses who does not have it.
type key [keySize]byte

// newKey returns a random key.
func newKey() *key {
	k := new(key)
	_, _ = rand.Read(k[:]) // never fails, see crypto/rand
	return k
}

// processKey is the key of [Digest], new with each process.
var processKey = newKey()

// Digest is [File.Digest] without a file: its digests can be compared within this
// process only.
func Digest(arguments []byte) string { return processKey.digest(arguments) }

// digest returns a digest of call arguments that is equal for equal JSON values,
// whatever the order of keys, the escapes and the white space: 128 bits of
// HMAC-SHA-256 in hexadecimal. Numbers are compared as they are written, so that
// two large ones never pass for each other. Text that is not JSON is digested as
// it is.
//
// Who reads the records without the key cannot find out arguments by guessing
// them, and sees only which calls had the same ones.
func (k *key) digest(arguments []byte) string {
	if len(arguments) == 0 {
		return ""
	}
	if !settled(arguments) {
		if canonical, err := canonical(arguments); err == nil {
			arguments = canonical
		}
	}
	sum := hmac.New(sha256.New, k[:])
	sum.Write(arguments)
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func canonical(text []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("text after the value")
	}
	return json.Marshal(value)
}

// settledDepth is how many objects and arrays in one another settled looks into.
const settledDepth = 16

// settled reports that canonical would change nothing, as with most calls: names are in
// order and occur once, and there is neither white space nor a character that could be
// escaped. It may say no where that is so, and says nothing about what is not JSON, which
// is digested as it is.
func settled(text []byte) bool {
	var last [settledDepth][]byte // the name before, in each object that is open
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case ' ', '\t', '\r', '\n':
			return false
		case '{', '[':
			if depth++; depth == settledDepth {
				return false
			}
			last[depth] = nil
		case '}', ']':
			depth = max(0, depth-1)
		case '"':
			said, ok := plain(text[i+1:])
			if !ok {
				return false
			}
			i += len(said) + 1
			if i+1 == len(text) || text[i+1] != ':' {
				continue // no name
			}
			if last[depth] != nil && bytes.Compare(last[depth], said) >= 0 {
				return false
			}
			last[depth] = said
		}
	}
	return true
}

// plain is the string that rest begins with, up to its quote, if all its characters are
// written in one way only.
func plain(rest []byte) (said []byte, ok bool) {
	for i, c := range rest {
		switch {
		case c == '"':
			return rest[:i], true
		case c < ' ' || c > '~' || c == '\\' || c == '<' || c == '>' || c == '&':
			return nil, false
		}
	}
	return nil, false
}
