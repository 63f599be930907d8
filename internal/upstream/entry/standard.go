// SPDX-License-Identifier: MIT

package entry

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// standardKeys are those that clients of MCP know, and where ours are.
var standardKeys = []string{"command", "args", "env", "cwd", "type", "url", "headers", "disabled", "tailscale"}

// longestName is how long the name of a variable or a header may be, in bytes. A pattern that
// says so takes a hundred times the memory.
const longestName = 128

var (
	envName    = pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)
	headerName = pattern("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
)

// entry reads the object of one server.
func (r *reader) entry(v hujson.Value, s *Server) {
	at := map[string]int{} // where each key stands
	kind := ""
	var ours hujson.Value
	r.members(v, "the server", wholeEntry, maxArgs, func(name string, start int, v hujson.Value) {
		at[name] = start
		switch name {
		case "command":
			r.command(v, s)
		case "args":
			r.list(v, `"args"`, maxArgs, func(at int, arg string) {
				if strings.Contains(arg, "${credential:") {
					r.wrong(at, "a credential in an argument could be read by everybody on the host", `put it into "env"`)
				}
				s.Args = append(s.Args, arg)
			})
		case "env":
			s.Env = r.texts(v, s, `"env"`, "a variable", envName())
		case "headers":
			s.Headers = r.texts(v, s, `"headers"`, "a header", headerName())
		case "cwd":
			if dir, ok := r.string(v, `"cwd"`); ok && r.absolute(v.StartOffset, dir) {
				s.Cwd = dir
			}
		case "url":
			r.url(v, s)
		case "type":
			kind = r.kind(v)
		case "disabled":
			r.boolean(v, `"disabled"`, &s.Disabled)
		case "tailscale":
			ours = v
		default:
			where := ""
			if slices.Contains(ourKeys, name) {
				r.wrong(start, shown(name)+" is none of the keys that clients know", `put it under "tailscale"`)
				return
			}
			r.unknown(start, name, where, standardKeys)
		}
	})
	r.stdioOrURL(v.StartOffset, at, kind, s)
	_, byURL := at["url"]
	s.Identity = !byURL
	if ours.Value != nil {
		r.ours(ours, byURL, s)
	}
	if byURL {
		r.remote(at["url"], s)
	}
}

// stdioOrURL holds the keys together: a server is started or reached, not both.
func (r *reader) stdioOrURL(start int, at map[string]int, kind string, s *Server) {
	_, started := at["command"]
	_, reached := at["url"]
	switch {
	case started && reached:
		r.wrong(at["url"], `it has "command" and "url"`, "a server is started or reached: leave one out")
		return
	case !started && !reached:
		r.wrong(start, `it has neither "command" nor "url"`, wholeEntry)
		return
	}
	not := []string{"headers"}
	if reached {
		not = []string{"args", "env", "cwd"}
	}
	for _, key := range not {
		if where, there := at[key]; there {
			with := map[bool]string{true: "url", false: "command"}[reached]
			r.wrong(where, fmt.Sprintf("%q means nothing beside %q", key, with), "leave it out")
		}
	}
	switch {
	case kind == "":
	case (kind == "stdio") != started:
		r.wrong(at["type"], fmt.Sprintf("a server of type %s is not described like this", kind), `"stdio" has "command", "http" and "sse" have "url"`)
	case kind == "sse":
		s.Transport = SSE
	}
}

func (r *reader) kind(v hujson.Value) string {
	kind, ok := r.string(v, `"type"`)
	switch {
	case !ok:
		return ""
	case kind == "stdio", kind == "http", kind == "sse":
		return kind
	case kind == "streamable-http", kind == "streamableHttp", kind == "streamable_http":
		return "http" // as some clients spell it
	}
	r.wrong(v.StartOffset, shown(kind)+" is no transport", "the transports are stdio, http and sse")
	return ""
}

func (r *reader) command(v hujson.Value, s *Server) {
	const remedy = "name the program by its absolute path or by a name in PATH, and give its arguments in \"args\""
	command, ok := r.string(v, `"command"`)
	switch {
	case !ok:
	case command == "":
		r.wrong(v.StartOffset, `"command" is empty`, remedy)
	case strings.Contains(command, "/") && (!path.IsAbs(command) || path.Clean(command) != command):
		r.wrong(v.StartOffset, `"command" is neither an absolute path nor a name`, remedy)
	default:
		s.Command = command
	}
}

// port reports whether there is such a port.
func port(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

func (r *reader) url(v hujson.Value, s *Server) {
	const remedy = `write "https://host/path"; what proves who you are goes into "headers"`
	text, ok := r.string(v, `"url"`)
	if !ok {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || len(text) > 2048:
		r.wrong(v.StartOffset, `"url" is no URL of http or https`, remedy)
	case u.Port() != "" && !port(u.Port()):
		r.wrong(v.StartOffset, `"url" has a port that there is not`, "ports are 1 to 65535")
	case u.User != nil:
		r.wrong(v.StartOffset, `"url" has a user in it`, remedy)
	case strings.Contains(text, "${"):
		r.wrong(v.StartOffset, `"url" has a variable in it, which nothing here replaces`, remedy)
	case u.Fragment != "":
		r.wrong(v.StartOffset, `"url" has a fragment, which is never sent`, "leave out # and what follows")
	default:
		s.URL = text
	}
}

// texts reads env or headers, whose values no message repeats.
func (r *reader) texts(v hujson.Value, s *Server, what, one string, name *regexp.Regexp) map[string]string {
	texts := map[string]string{}
	r.members(v, what, `write {"NAME": "value"}`, maxArgs, func(key string, at int, v hujson.Value) {
		if len(key) > longestName || !name.MatchString(key) {
			r.wrong(at, shown(key)+" is no name for "+one, "see how the documentation of the server spells it")
			return
		}
		text, ok := r.string(v, "the value of "+shown(key))
		if !ok || !r.references(v.StartOffset, text, s.Name, one == "a header") {
			return
		}
		if one == "a header" && !r.header(at, key, v.StartOffset, text, texts) {
			return
		}
		texts[key] = text
	})
	return texts
}
