// SPDX-License-Identifier: MIT

package oauth

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"tailscale-mcp/internal/tool"
)

// The person who confirms an app must see everything that it may do. So it is shown
// whole, and one that is too long for that is refused.
const (
	mostListed  = 50
	longestText = 500 // in bytes
)

func checkShown(name string, list ...string) error {
	if len(list) > mostListed || slices.ContainsFunc(list, func(s string) bool {
		return len(s) > longestText || strings.ContainsFunc(s, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) })
	}) {
		return tool.Invalidf("give less of it, and leave out characters that cannot be seen",
			"%s has more than %d entries, one of more than %d bytes, or what cannot be printed", name, mostListed, longestText)
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

// given returns the fields that the call names, as JSON, and checks the rules of the
// API's document.
func (in setInput) given() (map[string]json.RawMessage, error) {
	values := map[string]any{}
	for name, list := range map[string][]string{"redirectURIs": in.RedirectURIs, "scopes": in.Scopes, "allowedNodeAttributes": in.AllowedNodeAttributes} {
		if err := checkShown(name, list...); err != nil {
			return nil, err
		}
	}
	if in.Name != "" {
		if len(in.Name) < 3 || len(in.Name) > 50 || !nameForm.MatchString(in.Name) {
			return nil, tool.Invalidf("give 3 to 50 letters, digits, dots, underscores and hyphens, such as lab-provisioner", "%q is no name of an OAuth app", tool.Clip(in.Name))
		}
		values["name"] = in.Name
	}
	if in.Description != nil {
		if len([]rune(*in.Description)) > 300 {
			return nil, tool.Invalidf("give up to 300 characters", "the description is too long")
		}
		values["description"] = *in.Description
	}
	if in.RedirectURIs != nil {
		if i := slices.IndexFunc(in.RedirectURIs, badRedirect); i >= 0 || len(in.RedirectURIs) == 0 {
			return nil, tool.Invalidf("give https addresses with a host name, or any scheme for localhost, 127.0.0.1 and ::1", "redirectURIs is empty or holds one that an app cannot have")
		}
		values["redirectURIs"] = in.RedirectURIs
	}
	if in.Scopes != nil {
		if len(in.Scopes) == 0 || slices.ContainsFunc(in.Scopes, func(s string) bool { return s == "" || strings.ContainsAny(s, " \t\r\n") }) {
			return nil, tool.Invalidf("give at least one scope, such as auth_keys:create", "scopes is empty or holds what is no scope")
		}
		values["scopes"] = in.Scopes
	}
	if in.AllowedNodeAttributes != nil {
		if slices.ContainsFunc(in.AllowedNodeAttributes, func(s string) bool { return !strings.HasPrefix(s, "custom:") || s == "custom:" }) {
			return nil, tool.Invalidf("give custom attributes, such as custom:lab", "allowedNodeAttributes holds one that an app cannot set")
		}
		values["allowedNodeAttributes"] = in.AllowedNodeAttributes
	}
	out := map[string]json.RawMessage{}
	for name, v := range values {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		out[name] = text
	}
	return out, nil
}

// badRedirect reports whether an address is neither https to a named host nor on the
// user's own machine.
func badRedirect(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil { // https://bank.example@evil.example/
		return true
	}
	if slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()) {
		return false
	}
	_, err = netip.ParseAddr(u.Hostname())
	return u.Scheme != "https" || err == nil
}
