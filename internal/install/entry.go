// SPDX-License-Identifier: MIT

package install

import (
	"net/url"
	"regexp"
	"strings"
	"sync"

	"tailscale-mcp/internal/install/format"
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

// Shape describes an entry as a client wants it.
type Shape func(Entry) []format.Member

func commandArgs(e Entry) []format.Member {
	return []format.Member{{Name: "command", Value: e.Command}, {Name: "args", Value: e.Args}}
}

func typed(name string) Shape {
	return func(e Entry) []format.Member {
		return append([]format.Member{{Name: "type", Value: name}}, commandArgs(e)...)
	}
}

func allTools(e Entry) []format.Member {
	return append(typed("local")(e), format.Member{Name: "tools", Value: []string{"*"}})
}

func commandList(e Entry) []format.Member {
	return []format.Member{{Name: "type", Value: "local"}, {Name: "command", Value: append([]string{e.Command}, e.Args...)}}
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
		return Entry{command, format.Texts(fields["args"])}, true
	case []any:
		if all := format.Texts(command); len(all) > 0 {
			return Entry{all[0], all[1:]}, true
		}
	}
	return Entry{}, false
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
	if _, ok := entry.(map[string]any); !ok {
		return "is " + format.Kind(entry)
	}
	if u, err := url.Parse(at(entry)); err == nil && u.Host != "" {
		return "connects to " + u.Hostname()
	}
	return "neither starts nor connects to anything known"
}

// at is the URL of the server that an entry is for: that which the client itself connects to,
// or that of the proxy; "" if it has none.
func at(entry any) string {
	if e, ok := read(entry); ok {
		if !ours(entry, e.Command) || !strings.HasPrefix(base(e.Command), program) {
			return ""
		}
		return e.Server()
	}
	fields, _ := entry.(map[string]any)
	for _, name := range []string{"url", "httpUrl", "serverUrl"} {
		if s, ok := fields[name].(string); ok {
			return s
		}
	}
	return ""
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
