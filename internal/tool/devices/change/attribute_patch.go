// SPDX-License-Identifier: MIT

package change

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
)

// attribute is a posture attribute as a caller sets or removes it.
type attribute struct {
	Key    string  `json:"key" jsonschema:"such as custom:tier"`
	Text   *string `json:"text,omitempty" jsonschema:"a value that is text"`
	Number *int64  `json:"number,omitempty" jsonschema:"or a whole number"`
	Flag   *bool   `json:"flag,omitempty" jsonschema:"or true or false"`
	Remove bool    `json:"remove,omitempty" jsonschema:"or takes the attribute away"`
	Expiry string  `json:"expiry,omitempty" jsonschema:"such as 2027-01-31T12:00:00Z"`
}

// The forms of the keys and of the texts of custom attributes, as the document of the
// API has them.
var (
	attributeKey  = regexp.MustCompile(`^custom:[A-Za-z0-9_:]+$`)
	attributeText = regexp.MustCompile(`^[A-Za-z0-9_.]+$`)
)

// patch returns the attribute as the API takes it; nil removes it.
func (a attribute) patch() (map[string]any, error) {
	p, given := map[string]any{}, 0
	if a.Text != nil {
		p["value"], given = *a.Text, given+1
	}
	if a.Number != nil {
		p["value"], given = *a.Number, given+1
	}
	if a.Flag != nil {
		p["value"], given = *a.Flag, given+1
	}
	if a.Remove {
		given++
	}
	const most = 1<<53 - 1
	_, err := time.Parse(time.RFC3339, a.Expiry)
	switch {
	case len(a.Key) > len("custom:")+121 || !attributeKey.MatchString(a.Key):
		return nil, tool.Invalidf("give a key such as custom:tier", "%q is no custom attribute", tool.Clip(a.Key))
	case given != 1:
		return nil, tool.Invalidf("give one of text, number, flag or remove", "%q is given %d values and not one", a.Key, given)
	case a.Text != nil && (len(*a.Text) > 50 || !attributeText.MatchString(*a.Text)), a.Number != nil && (*a.Number > most || *a.Number < -most):
		return nil, tool.Invalidf("give 1 to 50 letters, digits, _ and ., or a number within 2^53", "the value of %q is none that the API takes", a.Key)
	case a.Expiry != "" && (err != nil || a.Remove):
		return nil, tool.Invalidf("give a time such as 2027-01-31T12:00:00Z, for a value", "the expiry of %q cannot be used", a.Key)
	case a.Remove:
		return nil, nil
	case a.Expiry != "":
		p["expiry"] = a.Expiry
	}
	return p, nil
}

// patches returns the attributes as the API takes them, by key.
func (in attributesInput) patches() (map[string]map[string]any, error) {
	if len(in.Devices) < 1 || len(in.Devices) > 20 || len(in.Attributes) < 1 || len(in.Attributes) > 20 || len([]rune(in.Comment)) > 200 {
		return nil, tool.Invalidf("give 1 to 20 devices, 1 to 20 attributes, and a comment of at most 200 characters", "there is too little or too much")
	}
	patches, said := map[string]map[string]any{}, map[string]bool{}
	for _, a := range in.Attributes {
		p, err := a.patch()
		if err != nil {
			return nil, err
		}
		if said[strings.ToLower(a.Key)] {
			return nil, tool.Invalidf("give each attribute once", "%q is there twice", a.Key)
		}
		patches[a.Key], said[strings.ToLower(a.Key)] = p, true
	}
	return patches, nil
}

// effect says what each attribute of each device is now and becomes.
func (in attributesInput) effect(names []string, previous []tool.Object) (string, error) {
	var lines []string
	for i, name := range names {
		var now struct {
			Attributes map[string]json.RawMessage
			Expiries   map[string]string
		}
		text, err := json.Marshal(previous[i])
		if err == nil {
			err = json.Unmarshal(text, &now)
		}
		if err != nil {
			return "", unread("getDevicePostureAttributes", err)
		}
		for _, a := range in.Attributes {
			for key := range now.Attributes {
				// The API keeps one attribute of a name, in whatever case.
				if key != a.Key && strings.EqualFold(key, a.Key) {
					return "", tool.Invalidf("give the key "+lookup.Printable(key), "%s has that attribute in another case than %q", lookup.Printable(name), a.Key)
				}
			}
			old := "absent"
			if value, ok := now.Attributes[a.Key]; ok {
				old = until(value, now.Expiries[a.Key])
			}
			lines = append(lines, lookup.Printable(name)+" "+a.Key+": "+old+" -> "+a.becomes())
		}
	}
	return "changes what access rules know of devices (" + strings.Join(lines, ", ") + ")", nil
}

// becomes says what the attribute is after the change.
func (a attribute) becomes() string {
	p, err := a.patch()
	if err != nil || p == nil {
		return "removed"
	}
	value, _ := json.Marshal(p["value"])
	return until(value, a.Expiry)
}

// until returns a value as a message can hold it, and when it goes by itself.
func until(value json.RawMessage, expiry string) string {
	var text string
	shown := lookup.Printable(string(value))
	if json.Unmarshal(value, &text) == nil {
		shown = strconv.Quote(tool.Clip(text))
	}
	if expiry == "" {
		return shown
	}
	return shown + " until " + lookup.Printable(expiry)
}
