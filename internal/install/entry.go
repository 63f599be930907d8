// SPDX-License-Identifier: MIT

package install

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// program is what the proxy's executable is called.
const program = "tailscale-mcp-proxy"

// DefaultName is what the server is called in a client.
const DefaultName = "tailscale"

// Entry is the server as a client starts it.
type Entry struct {
	// Command is the absolute path of the proxy.
	Command string
	// Args are its arguments.
	Args []string
}

// member is a name with its value: a string, a bool or a list of strings.
type member struct {
	name  string
	value any
}

// Shape describes an entry as a client wants it.
type Shape func(Entry) []member

func commandArgs(e Entry) []member {
	return []member{{"command", e.Command}, {"args", e.Args}}
}

func typed(name string) Shape {
	return func(e Entry) []member { return append([]member{{"type", name}}, commandArgs(e)...) }
}

func allTools(e Entry) []member {
	return append(typed("local")(e), member{"tools", []string{"*"}})
}

func commandList(e Entry) []member {
	return []member{{"type", "local"}, {"command", append([]string{e.Command}, e.Args...)}}
}

// Check refuses an entry that the client would not start as it stands.
func (c Client) Check(s System, e Entry) error {
	if s.OS != windows || !c.SplitsArgs {
		return nil
	}
	for _, arg := range e.Args {
		if strings.ContainsAny(arg, " \t") {
			return refuse("choose one without spaces", "%s breaks arguments at spaces on Windows: %q", c.Product, arg)
		}
	}
	return nil
}

// nameForm is what names may look like. The relay, which shares the program,
// should not have to compile it.
var nameForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) })

// CheckName refuses a name that not every client takes.
func CheckName(name string) error {
	if !nameForm().MatchString(name) {
		return refuse("use letters, digits, - and _, 64 at most", "--name: %q is no name for a server", name)
	}
	return nil
}

// read takes an entry apart, whatever its shape.
func read(entry any) (e Entry, ok bool) {
	fields, _ := entry.(map[string]any)
	switch command := fields["command"].(type) {
	case string:
		return Entry{command, texts(fields["args"])}, true
	case []any:
		if all := texts(command); len(all) > 0 {
			return Entry{all[0], all[1:]}, true
		}
	}
	return Entry{}, false
}

func texts(list any) []string {
	items, _ := list.([]any)
	var all []string
	for _, item := range items {
		s, ok := item.(string)
		if !ok {
			return nil
		}
		all = append(all, s)
	}
	return all
}

// ours reports whether an entry starts the proxy: a program of its name, or
// the very one that is to be entered.
func ours(entry any, self string) bool {
	e, ok := read(entry)
	return ok && (e.Command == self || strings.HasPrefix(base(e.Command), program))
}

// base is the last part of a path of any system.
func base(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// describe says what an entry does, without what could be a secret.
func describe(entry any) string {
	if e, ok := read(entry); ok {
		return "starts " + base(e.Command)
	}
	fields, ok := entry.(map[string]any)
	if !ok {
		return "is " + kind(entry)
	}
	for _, name := range []string{"url", "httpUrl", "serverUrl"} {
		if s, ok := fields[name].(string); ok {
			if u, err := url.Parse(s); err == nil && u.Host != "" {
				return "connects to " + u.Hostname()
			}
		}
	}
	return "neither starts nor connects to anything known"
}

// Server is the URL that the entry gives the proxy; "" when it gives none.
func (e Entry) Server() string {
	for i, arg := range e.Args {
		name, value, ok := strings.Cut(arg, "=")
		switch {
		case name != "--server" && name != "-server":
		case ok:
			return value
		case i+1 < len(e.Args):
			return e.Args[i+1]
		}
	}
	return ""
}

// kind is what JSON and TOML call a value. What JSON calls an object is a table
// in TOML.
func kind(value any) string {
	switch value.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	case string:
		return "a string"
	case nil:
		return "null"
	case bool:
		return "a boolean"
	}
	return "a number or a date"
}

// agrees reports whether an entry already says all that it should. What else it
// says is the person's.
func agrees(entry any, want []member) bool {
	fields, ok := entry.(map[string]any)
	if !ok {
		return false
	}
	for _, m := range want {
		got, there := fields[m.name]
		if list, ok := m.value.([]string); ok {
			items, isList := got.([]any)
			if !isList || len(items) != len(list) || !slices.Equal(texts(items), list) {
				return false
			}
		} else if !there || got != m.value {
			return false
		}
	}
	return true
}
