// SPDX-License-Identifier: MIT

package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/proxy/transport"
)

// stepTimeout bounds each step that asks the server.
const stepTimeout = 30 * time.Second

const seeHost = "on the server's host run: sudo tailscale-mcp doctor"

func protocol(ctx context.Context, w *walk) Finding {
	w.dialogue = converse(ctx, w.o)
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	hello, err := w.greet(ctx)
	if err != nil {
		return w.ungreeted(err)
	}
	f := found("%s speaks MCP %s", hello.server, hello.version)
	if k, ok := w.over.Load().(transport.Kind); ok {
		f.Detail += " over " + k.Name()
		f.Data = map[string]any{"version": hello.version, "transport": k}
	}
	return f
}

// ungreeted is the break at an error in place of a greeting, with the next step
// that belongs to it.
func (w *walk) ungreeted(err error) Finding {
	var said *answerError
	if !errors.As(err, &said) {
		return broken(err, w.isThatIt())
	}
	switch code := said.Code; {
	case code == fault.CodeUnreachable || code == fault.CodeHTTPStatus:
		// The relay ends these with the next step, where there is one.
		what, next, ok := strings.Cut(said.Message, "; ")
		if !ok {
			next = seeHost
		}
		if k := w.o.Relay.Transport; k != "" && k != transport.Auto {
			next += "; or leave out --transport " + string(k) + ", and the proxy finds out what the server speaks"
		}
		return broken(errors.New(what), next)
	case code == http.StatusNotFound:
		return broken(err, "see what you may use there: tailscale-mcp-proxy servers --server "+w.at("/"))
	case code >= http.StatusBadRequest && code < 600:
		// So tailscale-mcp refuses a caller, and says why and what to do.
		return broken(err, "")
	case code == fault.CodeInterrupted:
		return broken(err, seeHost)
	}
	return broken(err, w.isThatIt())
}

// at is another place on the host of the server.
func (w *walk) at(path string) string {
	u := *w.o.Relay.Server
	return strings.TrimSuffix((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}).String(), "/")
}

func (w *walk) isThatIt() string {
	return "is " + w.o.Relay.Server.String() + " the URL of tailscale-mcp (its path is /mcp)? If so, " + seeHost
}

// whoami is what the tool of that name of tailscale-mcp answers, as far as a
// person needs it here.
type whoami struct {
	Login   string   `json:"login,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	Node    string   `json:"node,omitempty"`
	Address string   `json:"address,omitempty"`
	Host    string   `json:"host,omitempty"`
	Classes []string `json:"classes,omitempty"`
	Groups  []string `json:"groups,omitempty"`
	// NotOffered is what the host offers to nobody, and why.
	NotOffered []string `json:"notOffered,omitempty"`
	Missing    *struct {
		Tools []string `json:"tools,omitempty"`
		Count int      `json:"count,omitempty"` // of servers that sum them up in Tools
		Grant string   `json:"grant,omitempty"`
	} `json:"missing,omitempty"`
}

// identity asks the server who it takes this node for.
func identity(ctx context.Context, w *walk) Finding {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var result struct {
		IsError bool
		Content []struct{ Text string }
		// StructuredContent is whole whatever text the URL asks for.
		StructuredContent json.RawMessage
	}
	err := w.ask(ctx, "tools/call", map[string]any{"name": "whoami", "arguments": map[string]any{}}, &result)
	var said *answerError
	switch {
	case errors.As(err, &said) && (said.Code == codeMethodNotFound || said.Code == codeInvalidParams):
		return noted("", "there is no tool whoami: the server is no tailscale-mcp, or is behind one, which says who it takes you for with: tailscale-mcp-proxy doctor --server "+w.at("/mcp"))
	case err != nil:
		return broken(err, seeHost)
	case result.IsError || len(result.Content) == 0:
		return noted("", "the server did not say who it takes you for")
	}
	answer := []byte(result.StructuredContent)
	if answer == nil {
		answer = []byte(result.Content[0].Text)
	}
	if err := json.Unmarshal(answer, &w.who); err != nil {
		return noted("", "the server's whoami is not that of tailscale-mcp: who it takes you for is not known")
	}
	who := w.who.Login
	if len(w.who.Tags) > 0 {
		who = strings.Join(w.who.Tags, ",")
	}
	note := ""
	if w.path.Tailnet() && !strings.EqualFold(strings.TrimSuffix(w.who.Node, "."), w.path.Self()) {
		note = "that is not this node (" + w.path.Self() + "): something between here and the server makes the connection, such as a reverse proxy"
	}
	f := noted(fmt.Sprintf("%s takes you for %s on %s (%s) and offers the classes: %s", w.who.Host, who, w.who.Node, w.who.Address, strings.Join(w.who.Classes, ", ")), note)
	f.Data = w.who
	return f
}

// Codes of JSON-RPC by which a server says that it has no such tool.
const (
	codeMethodNotFound = -32601
	codeInvalidParams  = -32602
)

// maxPages bounds the pages of a list, which a server could make without end.
const maxPages = 100

func tools(ctx context.Context, w *walk) Finding {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var names []string
	params := map[string]any{}
	for range maxPages {
		var page struct {
			Tools      []struct{ Name string }
			NextCursor string
		}
		if err := w.ask(ctx, "tools/list", params, &page); err != nil {
			return broken(err, seeHost)
		}
		for _, t := range page.Tools {
			names = append(names, t.Name)
		}
		if page.NextCursor == "" {
			break
		}
		params = map[string]any{"cursor": page.NextCursor}
	}
	missing := w.who.Missing
	switch only := len(names) == 1 && names[0] == "whoami"; {
	case (only || len(names) == 0) && missing != nil && missing.Grant != "":
		return broken(errors.New("nothing is granted to you there"), "an administrator adds this, or a part of it, to \"grants\" in the tailnet policy file:\n"+missing.Grant)
	case (only || len(names) == 0) && len(w.who.Groups) > 0:
		return broken(errors.New("you may use no tool of the groups that the URL asks for: "+strings.Join(w.who.Groups, ", ")),
			"ask for other groups in the URL, or have an administrator grant you tools of these")
	case only || len(names) == 0:
		return broken(errors.New("the server offers no tool"), "on the server's host run: tailscale-mcp tools")
	}
	slices.Sort(names)
	f := found("%d: %s", len(names), strings.Join(names, ", "))
	f.Data = names
	if len(w.who.Groups) > 0 {
		f.Detail += "; the URL asks for the groups " + strings.Join(w.who.Groups, ", ") + " only"
	}
	if missing != nil && len(missing.Tools) > 0 {
		f.Detail += fmt.Sprintf("; %d more are not granted", cmp.Or(missing.Count, len(missing.Tools)))
		if missing.Grant != "" {
			f.Detail += " (whoami says by which grant those that read would be)"
		}
	}
	if n := len(w.who.NotOffered); n > 0 {
		f.Detail += "; not offered there: " + strings.Join(w.who.NotOffered[:min(n, 5)], "; ")
	}
	return f
}

// latency measures what a small request takes, there and back.
func latency(ctx context.Context, w *walk) Finding {
	const rounds = 5
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	took := make([]time.Duration, rounds)
	for i := range took {
		begin := time.Now()
		var page struct{}
		if err := w.ask(ctx, "tools/list", map[string]any{}, &page); err != nil {
			return broken(err, seeHost)
		}
		took[i] = time.Since(begin)
	}
	slices.Sort(took)
	median := took[rounds/2].Round(10 * time.Microsecond)
	f := found("%v for tools/list (median of %d, fastest %v)", median, rounds, took[0].Round(10*time.Microsecond))
	f.Data = map[string]float64{"medianMilliseconds": float64(median) / float64(time.Millisecond)}
	return f
}
