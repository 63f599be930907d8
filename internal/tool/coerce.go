// SPDX-License-Identifier: MIT

package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// coerce returns value in the form that property wants, or why it cannot be.
func coerce(property *jsonschema.Schema, value json.RawMessage) (json.RawMessage, error) {
	isText := value[0] == '"'
	switch property.Type {
	case "string":
		if !isText {
			if property.ContentMediaType == "" && (value[0] == '{' || value[0] == '[') {
				return nil, errors.New("wants a string")
			}
			value = jsonString(string(value))
		}
		return value, oneOf(property, value)
	case "integer", "number":
		if isText {
			value = json.RawMessage(strings.TrimSpace(textOf(value)))
		}
		return number(property, string(value))
	case "boolean":
		if isText {
			value = json.RawMessage(strings.ToLower(strings.TrimSpace(textOf(value))))
		}
		if s := string(value); s != "true" && s != "false" {
			return nil, errors.New("wants true or false")
		}
		return value, nil
	case "array":
		return list(property, value)
	case "object":
		if isText {
			value = json.RawMessage(textOf(value))
		}
		return nested(property, value)
	}
	return json.Marshal(value) // without white space
}

// textOf is the text that a JSON string says.
func textOf(value json.RawMessage) (text string) {
	if err := json.Unmarshal(value, &text); err != nil {
		panic("decoding a string: " + err.Error()) // cannot happen
	}
	return text
}

func nested(property *jsonschema.Schema, value json.RawMessage) (json.RawMessage, error) {
	given, err := members(value)
	if err != nil {
		return nil, fmt.Errorf("wants an object: %w", err)
	}
	// No %w: whoever asks for errNotKnown means the object at hand.
	switch name, _, err := fit(property, given); {
	case errors.Is(err, errNotKnown):
		return nil, fmt.Errorf("it has no member %s, only: %s", quote(name), strings.Join(slices.Sorted(maps.Keys(property.Properties)), ", "))
	case err != nil:
		return nil, fmt.Errorf("member %s: %v", quote(name), err) //nolint:errorlint // see above
	}
	return json.Marshal(given)
}

func list(property *jsonschema.Schema, value json.RawMessage) (json.RawMessage, error) {
	if value[0] == '"' {
		text := textOf(value)
		switch trimmed := strings.TrimSpace(text); {
		case trimmed == "":
			return json.RawMessage("[]"), nil
		case trimmed[0] == '[':
			value = json.RawMessage(trimmed)
		default:
			value = json.RawMessage("[" + string(jsonString(text)) + "]")
		}
	}
	var items []json.RawMessage
	if err := json.Unmarshal(value, &items); err != nil {
		return nil, errors.New("wants a list")
	}
	for i, item := range items {
		if string(item) == "null" {
			return nil, fmt.Errorf("item %d is null", i+1)
		}
		one, err := coerce(property.Items, item)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
		items[i] = one
	}
	return json.Marshal(items)
}

func oneOf(property *jsonschema.Schema, value json.RawMessage) error {
	if len(property.Enum) == 0 {
		return nil
	}
	if text := textOf(value); !slices.Contains(property.Enum, any(text)) {
		return fmt.Errorf("%s is not one of the accepted values", quote(text))
	}
	return nil
}

// number returns text as property wants it. 1.0 and 1e3 are whole numbers too
// (JSON Schema 2020-12, "type"), and encoding/json does not take them for one.
func number(property *jsonschema.Schema, text string) (json.RawMessage, error) {
	whole := property.Type == "integer"
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && json.Valid([]byte(text)):
		return nil, errors.New("is too large a number")
	case (err != nil || !json.Valid([]byte(text))) && whole:
		return nil, errors.New("wants a whole number")
	case err != nil || !json.Valid([]byte(text)):
		return nil, errors.New("wants a number")
	case property.Minimum != nil && n < *property.Minimum:
		return nil, errors.New("is below the smallest value, " + plainNumber(*property.Minimum))
	case property.Maximum != nil && n > *property.Maximum:
		return nil, errors.New("is above the largest value, " + plainNumber(*property.Maximum))
	case !whole:
		return json.RawMessage(text), nil
	}
	i, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		const exact = 1 << 53 // beyond, a float64 no longer tells whole numbers apart
		switch i = int64(max(-exact, min(n, exact))); {
		case n != math.Trunc(n):
			return nil, errors.New("wants a whole number")
		case n != float64(i) || n == exact || n == -exact:
			return nil, errors.New("is too large a number")
		}
	}
	return strconv.AppendInt(nil, i, 10), nil
}

func plainNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func jsonString(text string) json.RawMessage {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic("encoding a string: " + err.Error()) // cannot happen
	}
	return encoded
}
