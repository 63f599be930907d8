// SPDX-License-Identifier: MIT

// Package listed asks a host of tailscale-mcp which of its servers the caller may use, over
// the way and with the identity of the relay (GET /servers).
//
// A host may answer what it likes, and what it answers is printed and written into files
// of clients. So the answer is bounded; a name has to be one that a server can have; the
// URL of a server is made of its name and of the host that was asked, never of the answer;
// and texts are made visible, in one line.
package listed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/proxy/endpoint"
	"tailscale-mcp/internal/proxy/route"
	"tailscale-mcp/internal/visible"
)

// Server is one server that the caller may use something of.
type Server struct {
	Name  string `json:"name"`
	URL   string `json:"url"`
	Title string `json:"title,omitempty"` // how it calls itself, and
	About string `json:"about,omitempty"` // what it says of itself; one line each, visible
	// Tools are how many tools the caller may call, by class.
	Tools     map[string]int `json:"tools,omitempty"`
	Prompts   int            `json:"prompts,omitempty"`
	Resources bool           `json:"resources,omitempty"`
}

const (
	// OwnName is the name of the server whose path is /mcp.
	OwnName = "tailscale"
	// listTime bounds the question.
	listTime = 30 * time.Second
	// Bounds of the answer.
	maxBody    = 1 << 20
	maxServers = 1000
	maxAbout   = 200 // characters
)

// serverName is the form of a name of a server, and class that of a class of tools.
var (
	serverName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`) })
	class      = []string{"read", "write", "destructive", "escalating"}
)

// ErrNone says that the caller may use nothing there, or that there is no tailscale-mcp
// with such a list: a host does not say which.
var ErrNone = errors.New("it has no list of servers for you: nothing is granted to you there, or it is no tailscale-mcp of this version")

// Origin returns the URL of the host of server, without a path.
func Origin(server *url.URL) *url.URL { return at(server, "") }

// at returns the URL of path at the host of server.
func at(server *url.URL, path string) *url.URL {
	return &url.URL{Scheme: server.Scheme, Host: server.Host, Path: path}
}

// Ask returns the servers that the caller may use at the host of cfg.Server, in the order
// of the host.
func Ask(ctx context.Context, cfg proxy.Config) ([]Server, error) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	origin := Origin(cfg.Server)
	way := &endpoint.Endpoint{URL: at(origin, "/servers"), Agent: cfg.Agent, Header: endpoint.Allowed(cfg.Header, cfg.Log), Router: route.New(ctx, cfg.Route())}
	defer way.Router.Close()
	resp, err := way.Read(ctx, make(http.Header, 8))
	if err != nil {
		return nil, way.Failure(err, &jsonrpc.Envelope{Method: "the list of servers"})
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := jsonrpc.ReadAll(resp.Body, resp.ContentLength, maxBody)
	switch {
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusMethodNotAllowed: // as other servers of MCP answer
		return nil, fmt.Errorf("%s: %w", origin, ErrNone)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %s", origin, oneLine(refusal(resp, body)))
	case err != nil:
		return nil, fmt.Errorf("reading the list of %s: %w", origin, err)
	}
	list, err := read(origin, body)
	if err != nil {
		return nil, fmt.Errorf("the list of %s: %w", origin, err)
	}
	return list, nil
}

// refusal is what a host said instead of a list.
func refusal(resp *http.Response, body []byte) string {
	var said struct{ Error struct{ Message string } }
	if json.Unmarshal(body, &said) == nil && said.Error.Message != "" {
		return jsonrpc.Excerpt([]byte(said.Error.Message))
	}
	return endpoint.StatusFailure(resp, body).Message
}

// read checks the answer body of the host at origin.
func read(origin *url.URL, body []byte) ([]Server, error) {
	var answer struct {
		Servers []struct {
			Name, Path, Title, About string
			Tools                    map[string]int
			Prompts                  int
			Resources                bool
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, errors.New("it is not one as tailscale-mcp has it")
	}
	if len(answer.Servers) > maxServers {
		return nil, fmt.Errorf("it has %d servers, more than %d", len(answer.Servers), maxServers)
	}
	var list []Server
	for _, s := range answer.Servers {
		path := "/" + s.Name + "/mcp"
		if s.Name == OwnName {
			path = "/mcp"
		}
		switch {
		case !serverName().MatchString(s.Name):
			return nil, fmt.Errorf("it has a server with a name that none can have: %q", jsonrpc.Excerpt([]byte(s.Name)))
		case s.Path != path:
			return nil, fmt.Errorf("it says that the server %s is not at %s", s.Name, path)
		case slices.ContainsFunc(list, func(other Server) bool { return other.Name == s.Name }):
			return nil, fmt.Errorf("it has the server %s twice", s.Name)
		}
		known := Server{Name: s.Name, URL: at(origin, path).String(), Title: oneLine(s.Title), About: oneLine(s.About), Prompts: max(s.Prompts, 0), Resources: s.Resources}
		for c, n := range s.Tools {
			if slices.Contains(class, c) && n > 0 {
				if known.Tools == nil {
					known.Tools = map[string]int{}
				}
				known.Tools[c] = n
			}
		}
		list = append(list, known)
	}
	if len(list) == 0 {
		return nil, ErrNone
	}
	return list, nil
}

// oneLine is a text of the host as one visible line, cut to what a list has room for.
func oneLine(text string) string {
	text = visible.Text(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > maxAbout {
		return string(runes[:maxAbout-1]) + "…"
	}
	return text
}

// NameOf returns what a client calls the server at u, as long as a person does not say
// otherwise: the name of a server behind the gateway, and else OwnName.
func NameOf(u *url.URL) string {
	name, ok := strings.CutSuffix(strings.TrimPrefix(u.Path, "/"), "/mcp")
	if ok && serverName().MatchString(name) {
		return name
	}
	return OwnName
}

// Summary says in a few words how much of s the caller may use.
func (s Server) Summary() string {
	var parts []string
	for _, c := range class {
		if n := s.Tools[c]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c))
		}
	}
	text := "tools: " + strings.Join(parts, ", ")
	if len(parts) == 0 {
		text = "no tools"
	}
	if s.Prompts > 0 {
		text += fmt.Sprintf("; prompts: %d", s.Prompts)
	}
	if s.Resources {
		text += "; resources"
	}
	return text
}
