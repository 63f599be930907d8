// SPDX-License-Identifier: MIT

package local

import (
	"cmp"
	"context"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"tailscale.com/ipn"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/tool"
)

type serveResult struct {
	Endpoints []serveEndpoint `json:"endpoints" jsonschema:"what this host serves; empty when nothing"`
}

// serveEndpoint is one port that tailscaled answers on.
type serveEndpoint struct {
	Service       string         `json:"service,omitempty" jsonschema:"Tailscale Service it belongs to, as svc:web; absent for the node's own name"`
	Host          string         `json:"host,omitempty" jsonschema:"name it is served under; absent for plain TCP"`
	Port          int            `json:"port,omitempty"`
	Protocol      string         `json:"protocol" jsonschema:"https, http, tcp, tls-terminated-tcp, or tun when all packets are passed to this host"`
	Funnel        bool           `json:"funnel,omitempty" jsonschema:"open to the whole internet, not to the tailnet only"`
	Foreground    bool           `json:"foreground,omitempty" jsonschema:"ends with the command that somebody started in a terminal"`
	ForwardTo     string         `json:"forwardTo,omitempty" jsonschema:"where TCP connections go"`
	ProxyProtocol int            `json:"proxyProtocol,omitempty" jsonschema:"version of the PROXY header that goes ahead of them"`
	Handlers      []serveHandler `json:"handlers,omitempty" jsonschema:"what is under which path"`
}

type serveHandler struct {
	Mount           string   `json:"mount" jsonschema:"path on this endpoint"`
	Kind            string   `json:"kind" jsonschema:"proxy, path (files), text or redirect"`
	Target          string   `json:"target,omitempty" jsonschema:"where to, or which files; passwords in URLs are left out"`
	AppCapabilities []string `json:"appCapabilities,omitempty" jsonschema:"app capabilities of the caller that are passed on"`
}

func (n *node) getServeConfig() tool.Tool {
	d := read("get_serve_config", "What this host serves", `{}`,
		"What this host exposes by serve, funnel (internet) and Services.")
	return tool.New(d, func(ctx context.Context, _ tool.Call, _ nothing) (serveResult, error) {
		config, err := n.tailscaled.ServeConfig(ctx)
		if err != nil {
			return serveResult{}, err
		}
		return serveResult{Endpoints: filled(endpoints(config))}, nil
	})
}

func endpoints(config *ipn.ServeConfig) []serveEndpoint {
	if config == nil {
		return nil
	}
	all := portsOf("", config.TCP, config.Web)
	for _, name := range slices.Sorted(maps.Keys(config.Services)) {
		service := config.Services[name]
		if service == nil {
			continue
		}
		if service.Tun {
			all = append(all, serveEndpoint{Service: string(name), Protocol: "tun"})
		}
		all = append(all, portsOf(name, service.TCP, service.Web)...)
	}
	for i, e := range all {
		all[i].Funnel = e.Service == "" && funnels(config, e)
	}
	// The keys are sessions of the IPN bus, which are nobody's business.
	for _, session := range slices.Sorted(maps.Keys(config.Foreground)) {
		for _, e := range endpoints(config.Foreground[session]) {
			e.Foreground = true
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b serveEndpoint) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Host, b.Host))
	})
	return all
}

// portsOf puts ports and the web servers behind them together.
func portsOf(service tailcfg.ServiceName, tcp map[uint16]*ipn.TCPPortHandler, web map[ipn.HostPort]*ipn.WebServerConfig) []serveEndpoint {
	var all []serveEndpoint
	for _, port := range slices.Sorted(maps.Keys(tcp)) {
		h := tcp[port]
		if h == nil {
			continue
		}
		e := serveEndpoint{Service: string(service), Port: int(port)}
		switch {
		case h.HTTPS, h.HTTP:
			e.Protocol = "https"
			if h.HTTP {
				e.Protocol = "http"
			}
			all = append(all, websOf(e, web)...)
			continue
		case h.TerminateTLS != "":
			e.Protocol, e.Host = "tls-terminated-tcp", h.TerminateTLS
		default:
			e.Protocol = "tcp"
		}
		e.ForwardTo, e.ProxyProtocol = withoutPassword(h.TCPForward), h.ProxyProtocol
		all = append(all, e)
	}
	return all
}

// websOf returns an endpoint for each name that is served on the port of e.
func websOf(e serveEndpoint, web map[ipn.HostPort]*ipn.WebServerConfig) []serveEndpoint {
	var all []serveEndpoint
	for _, at := range slices.Sorted(maps.Keys(web)) {
		host, port, err := net.SplitHostPort(string(at))
		if err != nil || port != strconv.Itoa(e.Port) || web[at] == nil {
			continue
		}
		one := e
		one.Host = host
		for _, mount := range slices.Sorted(maps.Keys(web[at].Handlers)) {
			if h := web[at].Handlers[mount]; h != nil {
				one.Handlers = append(one.Handlers, handlerOf(mount, h))
			}
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return []serveEndpoint{e} // a port that nothing is behind
	}
	return all
}

func handlerOf(mount string, h *ipn.HTTPHandler) serveHandler {
	out := serveHandler{Mount: mount, AppCapabilities: []string{}}
	switch {
	case h.Proxy != "":
		out.Kind, out.Target = "proxy", withoutPassword(h.Proxy)
	case h.Redirect != "":
		out.Kind, out.Target = "redirect", withoutPassword(h.Redirect)
	case h.Path != "":
		out.Kind, out.Target = "path", h.Path
	default:
		out.Kind = "text"
	}
	for _, name := range h.AcceptAppCaps {
		out.AppCapabilities = append(out.AppCapabilities, string(name))
	}
	return out
}

// funnels reports whether the internet is let in. TCP endpoints have no name of
// their own; their Funnel is under the node's.
func funnels(config *ipn.ServeConfig, e serveEndpoint) bool {
	for at, on := range config.AllowFunnel {
		host, port, err := net.SplitHostPort(string(at))
		if on && err == nil && port == strconv.Itoa(e.Port) && (e.Host == "" || strings.EqualFold(host, e.Host)) {
			return true
		}
	}
	return false
}
