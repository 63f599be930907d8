// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type attribute struct {
	Key    string  `json:"key" jsonschema:"the attribute, such as custom:tier"`
	Text   *string `json:"text,omitempty" jsonschema:"its value when that is text, such as gold"`
	Number *int64  `json:"number,omitempty" jsonschema:"its value when that is a whole number, such as 80"`
	Flag   *bool   `json:"flag,omitempty" jsonschema:"its value when that is true or false"`
	Remove bool    `json:"remove,omitempty" jsonschema:"true removes the attribute"`
	Expiry string  `json:"expiry,omitempty" jsonschema:"when it goes by itself, such as 2027-01-31T12:00:00Z"`
}

type attributesInput struct {
	Devices    []string    `json:"devices" jsonschema:"the devices, at most 20, such as web-1"`
	Attributes []attribute `json:"attributes" jsonschema:"what to set or remove; others stay"`
	Comment    string      `json:"comment,omitempty" jsonschema:"why, for the audit log of the tailnet; at most 200 characters"`
	tool.Confirmation
}

type attributesOutput struct {
	Previous []tool.Object `json:"previous" jsonschema:"the attributes before, in the order of the devices"`
	Now      []tool.Object `json:"now,omitempty" jsonschema:"the attributes now; absent when they could not be read"`
	Note     string        `json:"note,omitempty" jsonschema:"what is not certain about this answer"`
}

var (
	attributeKey  = regexp.MustCompile(`^custom:[A-Za-z0-9_:]{1,121}$`)
	attributeText = regexp.MustCompile(`^[A-Za-z0-9_.]{1,50}$`)
)

// patch is the attribute as the API takes it; nil removes it.
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
	case !attributeKey.MatchString(a.Key):
		return nil, tool.Invalidf("give a key such as custom:tier", "%q is no custom attribute", bounded(a.Key))
	case given != 1:
		return nil, tool.Invalidf("give one of text, number, flag or remove", "%q has %d of them", a.Key, given)
	case a.Text != nil && !attributeText.MatchString(*a.Text), a.Number != nil && (*a.Number > most || *a.Number < -most):
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

// https://tailscale.com/api#tag/devices/PATCH/tailnet/{tailnet}/device-attributes
func (d *devices) updateAttributes() tool.Tool {
	return tool.New(tool.Definition{
		Name: "update_device_attributes", Title: "Change posture attributes of devices", Group: group, Class: grant.Escalating,
		Operations: []string{"listTailnetDevices", "getDevice", "getDevicePostureAttributes", "setCustomDevicePostureAttributes",
			"deleteCustomDevicePostureAttributes", "batchUpdateCustomDevicePostureAttributes"},
		Description: "Sets or removes custom posture attributes of up to 20 devices; others stay. Policy conditions read them, so access may change at once. " +
			"Needs confirm: the names of the devices, joined by commas. Answers with the attributes before and after. One change by the Tailscale API, and up to four reads for each device.",
	}, func(ctx context.Context, call tool.Call, in attributesInput) (out attributesOutput, err error) {
		if len(in.Devices) < 1 || len(in.Devices) > 20 || len(in.Attributes) < 1 || len([]rune(in.Comment)) > 200 {
			return out, tool.Invalidf("give 1 to 20 devices, an attribute, and a comment of at most 200 characters", "there is too little or too much")
		}
		patches, said := map[string]map[string]any{}, map[string]bool{}
		for _, a := range in.Attributes {
			p, err := a.patch()
			if err != nil {
				return out, err
			}
			if said[strings.ToLower(a.Key)] {
				return out, tool.Invalidf("give each attribute once", "%q is there twice", a.Key)
			}
			patches[a.Key], said[strings.ToLower(a.Key)] = p, true
		}
		var names []string
		var found []tailnet.Device
		nodes := map[string]any{}
		for _, name := range in.Devices {
			device, err := d.resolve(ctx, name, false)
			if err != nil {
				return out, err
			}
			if nodes[key(device)] != nil {
				return out, tool.Invalidf("give each device once", "%q is there twice", bounded(name))
			}
			before, err := d.object(ctx, "getDevicePostureAttributes", device)
			if err != nil {
				return out, err
			}
			out.Previous, found = append(out.Previous, before), append(found, device)
			names, nodes[key(device)] = append(names, called(device)), patches
		}
		var keys []string
		for _, a := range in.Attributes {
			keys = append(keys, a.Key)
		}
		who := strings.Join(names, ",")
		if err := call.Confirm(in.Confirmation, who, fmt.Sprintf("replaces or removes the attributes %q of %s", keys, printable(who))); err != nil {
			return attributesOutput{}, err
		}
		r := tailnet.Request{Op: "batchUpdateCustomDevicePostureAttributes"}
		body := map[string]any{"nodes": nodes}
		if len(found) == 1 && len(keys) == 1 {
			r = tailnet.Request{Op: "deleteCustomDevicePostureAttributes", Params: []string{key(found[0]), keys[0]}}
			body = patches[keys[0]]
			if body != nil {
				r.Op = "setCustomDevicePostureAttributes"
			}
		}
		if body != nil {
			if in.Comment != "" {
				body["comment"] = in.Comment
			}
			r.Body = body
		}
		if err := d.api.Do(ctx, r); err != nil {
			return attributesOutput{}, err
		}
		for _, device := range found {
			now, err := d.object(ctx, "getDevicePostureAttributes", device)
			if err != nil {
				out.Now, out.Note = nil, "the change was made; do not repeat the call. The attributes could not be read again"
				break
			}
			out.Now = append(out.Now, now)
		}
		return out, nil
	})
}
