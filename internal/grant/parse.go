// SPDX-License-Identifier: MIT

package grant

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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

	acceptedEntry = `an entry is {"tools": [...], "resources": [...]}, both optional lists of strings`
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
	var b builder
	bytes, selectors := 0, 0
	for i, v := range values {
		refuse := func(err error) (Rules, error) {
			return Rules{}, fmt.Errorf("%w: entry %d of %d: %w", ErrMalformed, i+1, len(values), err)
		}
		if bytes += len(v); bytes > maxBytes {
			return refuse(fmt.Errorf("the entries are longer than %d bytes in total", maxBytes))
		}
		tools, resources, err := decodeEntry(v)
		if err != nil {
			return refuse(err)
		}
		if selectors += len(tools) + len(resources); selectors > maxSelectors {
			return refuse(fmt.Errorf("the entries have more than %d selectors in total", maxSelectors))
		}
		for _, s := range tools {
			if err := b.addTool(s); err != nil {
				return refuse(err)
			}
		}
		for _, s := range resources {
			if err := b.addResource(s); err != nil {
				return refuse(err)
			}
		}
	}
	return b.rules(), nil
}

// decodeEntry reads one entry member by member, because decoding into a struct
// or a map would accept repeated keys, keys in another case, and null.
func decodeEntry(v string) (tools, resources []string, err error) {
	if !utf8.ValidString(v) {
		return nil, nil, fmt.Errorf("%s is not valid UTF-8; %s", quote(v), acceptedEntry)
	}
	// The whole text first: the decoder below stops at the end of the object
	// and would not see what trails it.
	if !json.Valid([]byte(v)) {
		return nil, nil, fmt.Errorf("%s is not JSON; %s", quote(v), acceptedEntry)
	}
	dec := json.NewDecoder(strings.NewReader(v))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, nil, fmt.Errorf("%s is not an object; %s", quote(v), acceptedEntry)
	}
	var seen [2]bool
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("reading a key: %w; %s", err, acceptedEntry)
		}
		key, _ := token.(string)
		which, list := 0, &tools
		switch key {
		case keyTools:
		case keyResources:
			which, list = 1, &resources
		default:
			return nil, nil, fmt.Errorf("unknown key %s; %s", quote(key), acceptedEntry)
		}
		if seen[which] {
			return nil, nil, fmt.Errorf("repeated key %s; %s", quote(key), acceptedEntry)
		}
		seen[which] = true
		if *list, err = decodeList(dec); err != nil {
			return nil, nil, fmt.Errorf("%s: %w; %s", key, err, acceptedEntry)
		}
	}
	return tools, resources, nil
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

// builder collects selectors into an index.
type builder struct {
	ix               index
	tools, resources map[string]bool
}

func (b *builder) addTool(s string) error {
	sel, err := parseToolSelector(s)
	if err != nil {
		return err
	}
	put(&b.tools, s, true)
	switch by := byTools + s; sel.kind {
	case everything:
		b.ix.anyTool = true
	case exactly:
		put(&b.ix.toolNames, s, by)
	case ofClass:
		put(&b.ix.classes, sel.class, by)
	case ofGroup:
		put(&b.ix.groups, groupClass{sel.name, sel.class}, by)
	}
	return nil
}

func (b *builder) addResource(s string) error {
	kind, err := parseResourceSelector(s)
	if err != nil {
		return err
	}
	put(&b.resources, s, true)
	switch by := byResources + s; kind {
	case everything:
		b.ix.anyResource = true
	case exactly:
		put(&b.ix.uris, s, by)
	case ofTemplate:
		put(&b.ix.templates, s, by)
	case descendants:
		base := strings.TrimSuffix(s, "*")
		put(&b.ix.below, base, by)
		b.ix.longestBase = max(b.ix.longestBase, len(base))
	}
	return nil
}

func (b *builder) rules() Rules {
	if len(b.tools)+len(b.resources) == 0 {
		return Rules{}
	}
	ix := b.ix // a copy, so that the rules do not keep the builder in memory
	ix.tools = slices.Sorted(maps.Keys(b.tools))
	ix.resources = slices.Sorted(maps.Keys(b.resources))
	ix.bases = slices.Sorted(maps.Keys(ix.below))
	r := Rules{&ix}
	ix.digest = digest(r.String())
	return r
}

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[k] = v
}
