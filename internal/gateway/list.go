// SPDX-License-Identifier: MIT

package gateway

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/mcpserver"
)

// ListPath is where a caller is told which servers it may use something of: those behind
// the gate, and the one with our own tools. It is for tailscale-mcp-proxy, which enters
// them in the configuration of a client; an assistant has whoami.
const ListPath = "/servers"

// OwnName is what the server with our own tools is called in a List. No server behind the
// gate can have that name.
const OwnName = "tailscale"

// List is what GET /servers answers, as JSON.
type List struct {
	Servers []Listed `json:"servers"`
}

// Listed is one server, and how much of it the caller may use. Nothing is said of the rest.
type Listed struct {
	Name string `json:"name"`
	Path string `json:"path"` // on the host and port that were asked
	// Title is how the server calls itself for people, and About what it says that it is for,
	// else the first line of its instructions; as they were approved.
	Title string `json:"title,omitempty"`
	About string `json:"about,omitempty"`
	// Tools are how many tools the caller may call, by class.
	Tools map[string]int `json:"tools,omitempty"`
	// Prompts are how many prompts the caller may use.
	Prompts int `json:"prompts,omitempty"`
	// Resources says that the caller may read something.
	Resources bool `json:"resources,omitempty"`
}

// mostAbout is the length of About, in characters.
const mostAbout = 200

// List answers GET /servers, as a front.Handler. Whoever is granted nothing is answered as
// if there were no such path, and no server is started to find out.
func (g *Gateway) List(w http.ResponseWriter, r *http.Request, v *front.Visit) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		front.Refuse(w, http.StatusMethodNotAllowed, "the servers are read with GET")
		return
	}
	list, all := g.list(v.Caller)
	if len(list.Servers) == 0 {
		front.Refuse(w, http.StatusNotFound, nothingHere)
		return
	}
	text, err := json.Marshal(list)
	if err != nil { // strings and numbers only: cannot be
		front.Refuse(w, http.StatusInternalServerError, "the list could not be written")
		return
	}
	g.o.Dispatcher.Listed(r.Context(), v.Caller, mcpserver.Request(r), len(list.Servers), all)
	if full := v.Hold(r.Context(), len(text)); full != nil {
		front.Reject(w, nil, full)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(front.WriteTimeout))
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

// list returns what c may use, our own server first, and how many servers there are.
func (g *Gateway) list(c caller.Caller) (list List, all int) {
	own := Listed{Name: OwnName, Path: mcpserver.Path, About: "the tailnet itself: its devices, users, policy and logs", Resources: len(g.o.Dispatcher.Resources(c)) > 0, Prompts: len(g.o.Dispatcher.Prompts(c))}
	own.Tools = byClass(g.o.Dispatcher.Tools(c))
	list.add(own)
	behind := g.o.Dispatcher.Behind(c)
	for _, b := range behind {
		about, ok := g.o.Servers.About(b.Name)
		if !ok {
			continue
		}
		d := g.o.Dispatcher.Of(b.Name)
		list.add(Listed{
			Name: b.Name, Path: b.Path, Title: about.Title.Title, About: cmp.Or(about.Title.Description, firstLine(about.Instructions)),
			Tools: byClass(d.Tools(c)), Prompts: len(b.Prompts), Resources: len(b.Resources) > 0,
		})
	}
	return list, 1 + len(g.o.Dispatcher.Registry().Servers())
}

// add adds l, if there is something of it to use.
func (list *List) add(l Listed) {
	if len(l.Tools) > 0 || l.Prompts > 0 || l.Resources {
		list.Servers = append(list.Servers, l)
	}
}

// byClass counts tools, without those that are for everybody: they say nothing about
// anybody's grants.
func byClass(tools []gate.Tool) map[string]int {
	n := map[string]int{}
	for _, t := range tools {
		if !t.ForEveryone {
			n[string(t.Class)]++
		}
	}
	return n
}

// firstLine is that of text, cut to what a list has room for.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line = strings.TrimSpace(line)
	if utf8.RuneCountInString(line) > mostAbout {
		line = string([]rune(line)[:mostAbout-1]) + "…"
	}
	return line
}
