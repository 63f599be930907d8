// SPDX-License-Identifier: MIT

package mcpserver

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"tailscale-mcp/internal/gate"
)

// asked is what a client asks for in the query of its URL, with each of its requests:
// /mcp?groups=devices,policy&text=short. It may ask for less than it is granted, and
// never for more.
type asked struct {
	// view has the groups of tools that it is shown and may call.
	view gate.View
	// short is set for answers with a short text beside the structured content, which
	// holds everything.
	short bool
}

// Members of the query; others are ignored, but not what was to be one of these.
const (
	askGroups = "groups"
	askText   = "text"
)

// askedIn reads a query. A mistake in it is refused, because whoever made it meant to
// narrow something.
func (s *Server) askedIn(query string) (a asked, err error) {
	if query == "" {
		return a, nil
	}
	said, err := url.ParseQuery(query)
	if err != nil {
		return a, errors.New("the query of the URL cannot be read: write it as " + Path + "?groups=devices,policy")
	}
	for name := range said {
		if meant := meantBy(name); meant != name && meant != "" {
			return a, fmt.Errorf("%s in the URL is nothing that there is: write %s", bounded(fmt.Sprintf("%+q", name)), meant)
		}
	}
	switch text := said[askText]; {
	case len(text) == 1 && text[0] == "short":
		a.short = true
	case len(text) > 0 && (len(text) > 1 || text[0] != "full"):
		return a, errors.New("text in the URL is short or full, which is the same as without it")
	}
	lists, there := said[askGroups]
	if !there {
		return a, nil
	}
	groups := strings.FieldsFunc(strings.Join(lists, ","), func(r rune) bool { return r == ',' || r == ' ' })
	known := s.o.Groups
	if known == nil {
		known = s.o.Dispatcher.Snapshot().Groups()
	}
	for _, group := range groups {
		if !slices.Contains(known, group) {
			return a, fmt.Errorf("groups in the URL names %s, which is no group of tools; there are: %s", bounded(fmt.Sprintf("%+q", group)), strings.Join(known, ", "))
		}
	}
	if len(groups) == 0 {
		return a, fmt.Errorf("groups in the URL names no group of tools; there are: %s", strings.Join(known, ", "))
	}
	a.view = gate.NewView(groups...)
	return a, nil
}

// meantBy is the member of the query that a name is, or was to be; empty for any other.
func meantBy(name string) string {
	switch strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "[]")) {
	case askGroups, "group":
		return askGroups
	case askText:
		return askText
	}
	return ""
}
