// SPDX-License-Identifier: MIT

package pin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"tailscale-mcp/internal/grant"
)

// maxFile is the largest pin that is read, in bytes, and maxItems how many definitions it
// may have; the largest server known shows 400.
const (
	maxFile  = 16 << 20
	maxItems = 5000
)

// version is that of the form of the file.
const version = 1

// line is one item in the file: what is short stands before the definition.
type line struct {
	AsIs       bool            `json:"asIs,omitempty"`
	Class      grant.Class     `json:"class,omitempty"`
	SHA256     string          `json:"sha256"`
	Definition json.RawMessage `json:"definition"`
}

// Parse reads the file that holds a pin. It refuses one that was changed by hand but for
// the title, classes and spaces, and says in which line.
func Parse(text []byte) (Pin, error) {
	if len(text) > maxFile {
		return Pin{}, fmt.Errorf("the pin has %d bytes, at most %d are accepted: remove it and approve again", len(text), maxFile)
	}
	r := fileReader{text: text, dec: json.NewDecoder(bytes.NewReader(text))}
	p, err := r.pin()
	if err != nil {
		return Pin{}, fmt.Errorf("line %d: %w", r.line(), err)
	}
	return p, nil
}

type fileReader struct {
	text  []byte
	dec   *json.Decoder
	at    int64 // where what is being read begins
	items int
}

// line is the one that is being read.
func (r *fileReader) line() int {
	at := min(int(r.at), len(r.text))
	for at < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[at]) >= 0 {
		at++
	}
	return 1 + bytes.Count(r.text[:at], []byte{'\n'})
}

var errForm = errors.New("this is no pin of version 1: take it from git, or remove it and approve again")

func (r *fileReader) pin() (Pin, error) {
	var p Pin
	if start, err := r.dec.Token(); err != nil || start != json.Delim('{') {
		return p, errForm
	}
	seen := map[string]bool{}
	for r.dec.More() {
		r.at = r.dec.InputOffset()
		token, err := r.dec.Token()
		key, _ := token.(string)
		if err != nil || seen[key] {
			return p, errForm
		}
		seen[key] = true
		if err := r.member(&p, key); err != nil {
			return p, err
		}
	}
	r.at = r.dec.InputOffset()
	if _, err := r.dec.Token(); err != nil || !seen["version"] {
		return p, errForm
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return p, errForm
	}
	return p, nil
}

// member reads the value of one key of the file.
func (r *fileReader) member(p *Pin, key string) error {
	switch key {
	case "version":
		var n int
		if err := r.dec.Decode(&n); err != nil || n != version {
			return errForm
		}
		return nil
	case "title", "description":
		var value json.RawMessage
		if err := r.dec.Decode(&value); err != nil {
			return errForm
		}
		return p.Title.member(key, value)
	case "instructions", "capabilities":
		return r.item(p, Kind(key))
	}
	for _, list := range lists {
		if list.key != key {
			continue
		}
		if start, err := r.dec.Token(); err != nil || start != json.Delim('[') {
			return errForm
		}
		for r.dec.More() {
			if err := r.item(p, list.kind); err != nil {
				return err
			}
		}
		_, err := r.dec.Token()
		return err
	}
	return fmt.Errorf("unknown key %s: %w", short(key), errForm)
}

// item reads one line.
func (r *fileReader) item(p *Pin, kind Kind) error {
	r.at = r.dec.InputOffset()
	var raw json.RawMessage
	if err := r.dec.Decode(&raw); err != nil {
		return errForm
	}
	var l line
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil || l.Definition == nil {
		return errForm
	}
	if r.items++; r.items > maxItems {
		return fmt.Errorf("more than %d definitions: remove it and approve again", maxItems)
	}
	item, err := l.item(kind)
	if err != nil {
		return err
	}
	if p.Find(kind, item.Name) != nil {
		return fmt.Errorf("%s %s stands there twice: take the file from git, or remove it and approve again", kind, short(item.Name))
	}
	p.add(kind, item)
	return nil
}

// item checks what a line says.
func (l line) item(kind Kind) (Item, error) {
	item := Item{Class: l.Class, AsIs: l.AsIs}
	var err error
	switch kind {
	case Instructions:
		var s string
		if json.Unmarshal(l.Definition, &s) != nil || s == "" {
			return item, errForm
		}
		item.Definition = []byte(quoted(s))
	case Capabilities:
		if item.Definition, err = canonical(l.Definition); err != nil {
			return item, errForm
		}
	default:
		if item, err = itemOf(kind, l.Definition); err != nil {
			return item, fmt.Errorf("the definition cannot be used: %w", err)
		}
		item.Class, item.AsIs = l.Class, l.AsIs
	}
	item.SHA256 = hash(item.Definition)
	if whole, err := canonical(l.Definition); err != nil || item.SHA256 != l.SHA256 || !bytes.Equal(whole, item.Definition) {
		return item, fmt.Errorf("the definition of %s %s is not the one that was approved (SHA-256): take the file from git, or remove it and approve again", kind, short(item.Name))
	}
	if kind == Tool {
		if _, err := grant.ParseClass(string(l.Class)); err != nil {
			return item, err
		}
	} else if l.Class != "" {
		return item, fmt.Errorf("a class belongs to a tool, not to a %s: leave it out", kind)
	}
	return item, nil
}
