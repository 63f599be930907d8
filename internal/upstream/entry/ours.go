// SPDX-License-Identifier: MIT

package entry

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/grant"
)

// ourKeys are the keys under "tailscale"; startedKeys are those that mean something
// only for a server that is started here, reachedKeys only for one with a URL.
var (
	ourKeys = []string{"network", "read", "write", "user", "groups", "instance", "idle", "timeout", "max", "memory", "tasks",
		"identity", "pass", "ask", "confirm", "allow", "stateful", "ca"}
	startedKeys = []string{"read", "write", "user", "groups", "memory", "tasks"}
	reachedKeys = []string{"ca"}
)

var (
	account    = pattern(`^[A-Za-z_][A-Za-z0-9_-]{0,30}$`)
	capability = pattern(`^[a-z0-9-]+(\.[a-z0-9-]+)+/[A-Za-z0-9._~/-]{1,200}$`)
)

// powerful are accounts and groups that open what the sandbox is to close.
var powerful = []string{"root", "tailscale-mcp", "tailscale-mcp-servers", "disk", "kmem", "shadow", "docker", "lxd"}

// ours reads what stands under "tailscale".
func (r *reader) ours(v hujson.Value, byURL bool, s *Server) {
	at := map[string]int{}
	r.members(v, `"tailscale"`, `write {"network": "internet"}, for example`, maxArgs, func(name string, start int, v hujson.Value) {
		at[name] = start
		if byURL && slices.Contains(startedKeys, name) {
			r.wrong(start, fmt.Sprintf("%q means nothing for a server with \"url\"", name), "leave it out")
			return
		}
		if !byURL && slices.Contains(reachedKeys, name) {
			r.wrong(start, fmt.Sprintf("%q means nothing for a server with \"command\"", name), "leave it out")
			return
		}
		if name == "network" && byURL && isNone(v) {
			r.networkWrong = true
			r.wrong(v.StartOffset, `"network" is "none", and the server is reached over the network`, `leave it out, which is "internet", or list the addresses of the server`)
			return
		}
		r.our(name, start, v, s)
	})
	if start, there := at["write"]; there && at["user"] == 0 {
		r.wrong(start, `"write" without "user": an account of its own could write nowhere`, `name with "user" the account that owns these paths`)
	}
	if start, there := at["identity"]; there && !s.Identity && len(s.Pass) > 0 {
		r.wrong(start, `"pass" tells who calls, and "identity" is false`, "leave one of them out")
	}
	s.Identity = s.Identity || len(s.Pass) > 0
}

// our reads one key.
func (r *reader) our(name string, start int, v hujson.Value, s *Server) {
	what := fmt.Sprintf("%q", name)
	switch name {
	case "network":
		r.network(v, &s.Network)
	case "read":
		s.Read = r.paths(v, what, s)
	case "write":
		s.Write = r.paths(v, what, s)
	case "user":
		if text, ok := r.string(v, what); ok && r.account(v.StartOffset, text, "account") {
			s.User = text
			s.mark(r, "user", v.StartOffset)
		}
	case "groups":
		r.list(v, what, maxList, func(at int, group string) {
			if r.account(at, group, "group") {
				s.Groups = append(s.Groups, group)
				s.mark(r, "group "+group, at)
			}
		})
	case "instance":
		instance := r.oneOf(v, what, "caller", "shared")
		s.Shared = instance == "shared"
	case "idle":
		r.duration(v, what, minIdle, maxIdle, &s.Idle)
	case "timeout":
		r.duration(v, what, minTimeout, maxTimeout, &s.Timeout)
	case "max":
		r.integer(v, what, 1, maxMax, &s.Max)
	case "memory":
		r.size(v, what, &s.Memory)
	case "tasks":
		r.integer(v, what, minTasks, maxTasks, &s.Tasks)
	case "identity":
		r.boolean(v, what, &s.Identity)
	case "ca":
		r.ca(v, s)
	case "stateful":
		r.boolean(v, what, &s.Stateful)
	case "pass":
		r.list(v, what, maxList, func(at int, name string) {
			if !capability().MatchString(name) {
				r.wrong(at, shown(name)+" is no name of a capability", "write it as the policy file does: example.com/cap/files")
				return
			}
			s.Pass = append(s.Pass, name)
		})
	case "ask":
		r.list(v, what, maxList, func(at int, ask string) {
			if r.among(at, ask, "sampling", "roots") {
				s.Ask = append(s.Ask, ask)
			}
		})
	case "confirm":
		s.Confirm = r.classes(v, what)
	case "allow":
		s.Allow = r.classes(v, what)
	default:
		if slices.Contains(standardKeys, name) {
			r.wrong(start, shown(name)+` is none of the keys under "tailscale"`, `put it beside "tailscale"`)
			return
		}
		r.unknown(start, name, ` under "tailscale"`, ourKeys)
	}
}

func (r *reader) classes(v hujson.Value, what string) []grant.Class {
	classes := []grant.Class{}
	r.list(v, what, maxList, func(at int, class string) {
		if r.among(at, class, "read", "write", "destructive", "escalating") {
			classes = append(classes, grant.Class(class))
		}
	})
	return classes
}

// oneOf reads a string that is one of a few.
func (r *reader) oneOf(v hujson.Value, what string, known ...string) string {
	text, ok := r.string(v, what)
	if !ok || !r.among(v.StartOffset, text, known...) {
		return ""
	}
	return text
}

func (r *reader) among(at int, text string, known ...string) bool {
	if slices.Contains(known, text) {
		return true
	}
	r.wrong(at, shown(text)+" is not known here", "write "+strings.Join(known[:len(known)-1], ", ")+" or "+known[len(known)-1])
	return false
}

// account checks the name of an account or group. Whether there is one by this name is
// asked by [Server.Host].
func (r *reader) account(at int, name, what string) bool {
	switch {
	case slices.Contains(powerful, name):
		r.wrong(at, fmt.Sprintf("the %s %s opens what no server may reach", what, name), "make one for this server")
	case !account().MatchString(name):
		r.wrong(at, fmt.Sprintf("%s is no name of an %s", shown(name), "existing "+what), "write its name, not its number")
	default:
		return true
	}
	return false
}
