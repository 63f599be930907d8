// SPDX-License-Identifier: MIT

package grant

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrMalformed is wrapped by every error of [Parse]. The caller must then be
// refused everything.
var ErrMalformed = errors.New("malformed grant")

// Bounds on what Parse accepts, far above what policy files hold. They apply to
// all values together, so that the normal form of accepted rules is accepted.
const (
	maxEntries   = 4096
	maxSelectors = 16384
	maxBytes     = 2 << 20
)

const (
	keyTools     = "tools"
	keyResources = "resources"
	keyPrompts   = "prompts"
	keyDevices   = "devices"
	keyUntil     = "until"
	keyRate      = "rate"

	acceptedEntry = `an entry is {"tools": [...], "resources": [...], "prompts": [...], "devices": [...], "until": "...", "rate": "..."}, ` +
		`all optional: lists of strings, a time and a rate`
)

// Parse reads the values of the capability, one JSON text each, as WhoIs
// returns them, and unites them. No values, empty lists and "{}" grant nothing
// and are no error.
//
// Anything else than the grammar of the package comment is an error that wraps
// [ErrMalformed] and names the entry (counted from 1), the offending text,
// quoted and shortened, and what is accepted: an unknown or repeated key, a
// null, a selector this version does not know, text that is not JSON in valid
// UTF-8, or more than the bounds. Keys and selectors are case-sensitive. No
// part of the rules is returned then.
func Parse(values []string) (Rules, error) {
	if len(values) > maxEntries {
		return Rules{}, fmt.Errorf("%w: %d entries, at most %d are accepted", ErrMalformed, len(values), maxEntries)
	}
	var u union
	bytes, selectors := 0, 0
	for i, v := range values {
		refuse := func(err error) (Rules, error) {
			return Rules{}, fmt.Errorf("%w: entry %d of %d: %w", ErrMalformed, i+1, len(values), err)
		}
		if bytes += len(v); bytes > maxBytes {
			return refuse(fmt.Errorf("the entries are longer than %d bytes in total", maxBytes))
		}
		text, err := decodeEntry(v)
		if err != nil {
			return refuse(err)
		}
		if selectors += text.size(); selectors > maxSelectors {
			return refuse(fmt.Errorf("the entries have more than %d selectors in total", maxSelectors))
		}
		if err := u.add(text); err != nil {
			return refuse(err)
		}
	}
	return u.rules(), nil
}

// entryText is one entry as it was written, member by member.
type entryText struct {
	lists       map[string][]string // by key
	until, rate string
}

func (e entryText) size() (n int) {
	for _, list := range e.lists {
		n += len(list)
	}
	return n
}

// decodeEntry reads one entry member by member, because decoding into a struct
// or a map would accept repeated keys, keys in another case, and null.
func decodeEntry(v string) (entryText, error) {
	refuse := func(format string, args ...any) (entryText, error) {
		return entryText{}, fmt.Errorf(format+"; "+acceptedEntry, args...)
	}
	if !utf8.ValidString(v) {
		return refuse("%s is not valid UTF-8", quote(v))
	}
	// The whole text first: the decoder below stops at the end of the object
	// and would not see what trails it.
	if !json.Valid([]byte(v)) {
		return refuse("%s is not JSON", quote(v))
	}
	dec := json.NewDecoder(strings.NewReader(v))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return refuse("%s is not an object", quote(v))
	}
	e := entryText{lists: map[string][]string{}}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return refuse("reading a key: %w", err)
		}
		key, _ := token.(string)
		if seen[key] {
			return refuse("repeated key %s", quote(key))
		}
		seen[key] = true
		switch key {
		case keyTools, keyResources, keyPrompts, keyDevices:
			e.lists[key], err = decodeList(dec)
		case keyUntil:
			e.until, err = decodeString(dec)
		case keyRate:
			e.rate, err = decodeString(dec)
		default:
			return refuse("unknown key %s", quote(key))
		}
		if err != nil {
			return refuse("%s: %w", key, err)
		}
	}
	return e, nil
}

// decodeString reads the next value of dec, a string that is not empty.
func decodeString(dec *json.Decoder) (s string, err error) {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return "", fmt.Errorf("reading the string: %w", err)
	}
	if raw[0] != '"' {
		return "", fmt.Errorf("%s is not a string", quote(string(raw)))
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("reading the string: %w", err)
	}
	if s == "" {
		return "", errors.New("is empty")
	}
	return s, nil
}

// decodeList reads the next value of dec, a list of strings.
func decodeList(dec *json.Decoder) ([]string, error) {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return nil, fmt.Errorf("reading the list: %w", err)
	}
	if raw[0] != '[' {
		return nil, fmt.Errorf("%s is not a list", quote(string(raw)))
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, fmt.Errorf("reading the list: %w", err)
	}
	list := make([]string, 0, min(len(items), maxSelectors+1))
	for _, item := range items {
		if len(list) > maxSelectors {
			break // Parse counts them and refuses
		}
		if item[0] != '"' {
			return nil, fmt.Errorf("%s is not a string", quote(string(item)))
		}
		var s string
		if err := json.Unmarshal(item, &s); err != nil {
			return nil, fmt.Errorf("reading a string: %w", err)
		}
		list = append(list, s)
	}
	return list, nil
}
