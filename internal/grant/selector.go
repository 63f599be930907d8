// SPDX-License-Identifier: MIT

package grant

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	maxToolName = 128  // bytes, as the MCP specification recommends
	maxSelector = 1024 // bytes of a resource selector
	maxQuoted   = 80   // bytes of an offending text that an error repeats

	acceptedTool = "a tool selector is an exact tool name (letters, digits, _ . -, at most 128), *, CLASS:*, group:NAME or group:NAME:CLASS, where CLASS is one of " + classNames +
		"; or SERVER/NAME, SERVER/BEGINNING*, SERVER/CLASS:* or SERVER/*, where " + acceptedServer
	acceptedPrompt   = "a prompt selector is SERVER/NAME or SERVER/*, where " + acceptedServer
	acceptedServer   = "SERVER is a server behind the gateway (lower case letters, digits and -, at most 31)"
	acceptedResource = "a resource selector is an exact URI such as tailscale://devices (ASCII, at most 1024 bytes), a template such as tailscale://device/{id}, *, or a URI followed by /* for everything below it, such as tailscale://device/*; or SERVER/ before one of these, where " + acceptedServer
)

// kind is the form of a selector.
type kind int

const (
	exactly     kind = iota // a name or a URI
	beginning               // SERVER/NAME*
	everything              // *
	ofClass                 // CLASS:*
	ofGroup                 // group:NAME, group:NAME:CLASS
	ofTemplate              // a URI with {name}
	descendants             // URI/*
)

// toolSelector is a tool selector taken apart. name is the group's for ofGroup, and
// what names begin with for beginning; class is set for ofClass and, unless every
// class but escalating is meant, for ofGroup. server is empty for Tailscale's tools.
type toolSelector struct {
	server string
	kind   kind
	name   string
	class  Class
}

func parseToolSelector(text string) (toolSelector, error) {
	server, s, why := cutServer(text)
	refuse := func(why string) (toolSelector, error) {
		return toolSelector{}, fmt.Errorf("tool selector %s %s; %s", quote(text), why, acceptedTool)
	}
	if why == "" {
		why = blemish(s)
	}
	if why != "" {
		return refuse(why)
	}
	sel, why := cutTool(s, server != "")
	if why != "" {
		return refuse(why)
	}
	sel.server = server
	return sel, nil
}

// cutTool takes the part behind the server's name apart, or says what is wrong with it.
func cutTool(s string, foreign bool) (sel toolSelector, why string) {
	refuse := func(why string) (toolSelector, string) { return toolSelector{}, why }
	if s == "*" {
		return toolSelector{kind: everything}, ""
	}
	if start, ok := strings.CutSuffix(s, "*"); ok && foreign && IsToolName(start) {
		return toolSelector{kind: beginning, name: start}, ""
	}
	head, rest, isPair := strings.Cut(s, ":")
	switch {
	case !isPair:
		if !IsToolName(s) {
			return refuse(globOr(s, "is not a tool name"))
		}
		return toolSelector{kind: exactly, name: s}, ""
	case head == "group" && foreign:
		return refuse("names a group, which the tools of a server have not")
	case head == "group":
		name, class, hasClass := strings.Cut(rest, ":")
		if !IsToolName(name) {
			return refuse("has no valid group name")
		}
		if hasClass && !Class(class).known() {
			return refuse("has an unknown class")
		}
		return toolSelector{kind: ofGroup, name: name, class: Class(class)}, ""
	case !Class(head).known():
		return refuse("starts with neither group: nor a class")
	case rest != "*":
		return refuse("names a class, which must be followed by :*")
	}
	return toolSelector{kind: ofClass, class: Class(head)}, ""
}

// parsePromptSelector returns the server and the name of a prompt, or "*".
func parsePromptSelector(text string) (server, name string, err error) {
	server, name, why := cutServer(text)
	switch {
	case why != "":
	case server == "":
		why = "names no server; a prompt of Tailscale's is offered to whoever may call every tool that it uses"
	case blemish(name) != "":
		why = blemish(name)
	case name != "*" && !IsToolName(name):
		why = globOr(name, "does not end with the name of a prompt")
	}
	if why != "" {
		return "", "", fmt.Errorf("prompt selector %s %s; %s", quote(text), why, acceptedPrompt)
	}
	return server, name, nil
}

// resourceSelector is a resource selector taken apart.
type resourceSelector struct {
	server string
	kind   kind
	uri    string // as the selector has it, without the server
}

func parseResourceSelector(text string) (resourceSelector, error) {
	server, s, why := cutResourceServer(text)
	if why == "" {
		why = blemish(s)
	}
	var kind kind
	if why == "" {
		kind, why = kindOfResource(s)
	}
	if why != "" {
		return resourceSelector{}, fmt.Errorf("resource selector %s %s; %s", quote(text), why, acceptedResource)
	}
	return resourceSelector{server, kind, s}, nil
}

// kindOfResource returns the form of a resource selector, or what is wrong with it.
func kindOfResource(s string) (kind kind, why string) {
	if len(s) > maxSelector {
		return 0, "is too long"
	}
	if s == "*" {
		return everything, ""
	}
	if base, ok := strings.CutSuffix(s, "*"); ok && strings.HasSuffix(base, "/") {
		if !isBase(base) {
			return 0, "does not put a plain URI before /*"
		}
		return descendants, ""
	}
	if !isURI(s, "{}") {
		return 0, globOr(s, "is not a URI")
	}
	if strings.ContainsAny(s, "{}") {
		return ofTemplate, ""
	}
	return exactly, ""
}

// isBase reports whether base, which ends in a slash, is "SCHEME://" or a plain
// URI and a slash. Anything else has no plain URI below it, so whoever wrote it
// meant something else.
func isBase(base string) bool {
	_, path, ok := cutScheme(base)
	return ok && (path == "" || isPlainPath(strings.TrimSuffix(path, "/")))
}

// blemish says what is wrong with s before its form is looked at.
func blemish(s string) string {
	switch {
	case s == "":
		return "is empty"
	case strings.TrimSpace(s) != s:
		return "has surrounding space"
	}
	return ""
}

func globOr(s, why string) string {
	if strings.Contains(s, "*") {
		return "has a * where none is accepted"
	}
	return why
}

// IsToolName reports whether s can name a tool: 1 to 128 ASCII letters, digits,
// underscores, dots or hyphens (MCP 2025-11-25, server/tools, "Tool Names").
// Only then may a refusal suggest granting it: any other text that a client
// sends as a name might read as a selector.
func IsToolName(s string) bool {
	if s == "" || len(s) > maxToolName {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// IsURI reports whether s can name one resource: an absolute URI (RFC 3986) of
// at most 1024 bytes, without "*". Only then may a refusal suggest granting it:
// any other text that a client sends as a URI might read as a wider selector,
// or make the whole grant malformed.
func IsURI(s string) bool { return isURI(s, "") }

// isURI is IsURI with more characters accepted.
func isURI(s, more string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || len(s) > maxSelector || !isScheme(scheme) {
		return false
	}
	for i := range len(rest) {
		c := rest[i]
		if c == '%' {
			if _, ok := unescape(rest[i:]); !ok {
				return false
			}
			continue
		}
		if !isAlphanumeric(c) && strings.IndexByte("-._~:/?#[]@!$&'()+,;="+more, c) < 0 {
			return false
		}
	}
	return true
}

// isScheme follows RFC 3986, section 3.1.
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := isAlphanumeric(c) && (c < '0' || c > '9')
		if !letter && (i == 0 || !isAlphanumeric(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// unescape returns the byte that the percent-encoding at the start of s stands for.
func unescape(s string) (byte, bool) {
	if len(s) < len("%00") {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(n), err == nil
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// quote makes text from a policy file fit for one line of a log or terminal.
func quote(s string) string {
	if len(s) <= maxQuoted {
		return strconv.QuoteToASCII(s)
	}
	return strconv.QuoteToASCII(s[:maxQuoted]) + "..."
}
