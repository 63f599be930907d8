// SPDX-License-Identifier: MIT

package known

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"time"

	"tailscale-mcp/internal/upstream/look"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/process"
	"tailscale-mcp/internal/upstream/remote"
	"tailscale-mcp/internal/visible"
)

const (
	// lookTime bounds how long one server may take to be looked at.
	lookTime = 15 * time.Second
	// mostTold bounds what is told of one server.
	mostTold = 5
)

// Host is where the servers run.
type Host struct {
	// Dial connects to what starts a server.
	Dial func(ctx context.Context, server string) (net.Conn, error)
	// Remote reaches the servers that run elsewhere.
	Remote remote.Client
	// Unconfined is set where nothing confines servers: TAILSCALE_MCP_SERVERS_UNCONFINED.
	Unconfined bool
}

// Doctor looks at each server: its files, its socket, and whether it starts and shows what
// was approved. ok and note say a step of the walk, and what to know.
func (k Servers) Doctor(ctx context.Context, h Host, ok, note func(string, ...any)) {
	if h.Unconfined && len(k.All) > 0 {
		note("SERVERS ARE NOT CONFINED: TAILSCALE_MCP_SERVERS_UNCONFINED is set, so that each may do all that the account may which runs it, " +
			"and nothing keeps its callers apart; leave it out wherever systemd runs")
	}
	for _, s := range k.All {
		switch {
		case s.Hidden && s.Name == "":
			note("the servers behind this one are not known: this account may not read their folder; run this with sudo")
		case s.Hidden:
			note("the server %s is not known: this account may not read its files; run this with sudo", s.Name)
		case len(s.Mistakes) > 0:
			for i, m := range s.Mistakes {
				if i == mostTold {
					note("%d more mistakes: tailscale-mcp server check %s", len(s.Mistakes)-i, s.Name)
					break
				}
				note("the server %s is not served: %s", s.Name, m.Error())
			}
		case s.Why != "":
			note("the server %s is not served: %s", s.Name, s.Why)
		default:
			s.walk(ctx, h, ok, note)
		}
	}
}

// walk looks at a server that has nothing against it in its files.
func (s Server) walk(ctx context.Context, h Host, ok, note func(string, ...any)) {
	for _, m := range s.Server.Host() {
		note("the server %s: %s", s.Name, m.Error())
	}
	if s.Server.Network.Unconfined && !s.Server.Stdio() {
		note("the server %s is reached wherever its name leads, this host and the tailnet too; its entry says \"network\": \"unconfined\"", s.Name)
	} else if s.Server.Network.Unconfined {
		note("THE NETWORK OF THE SERVER %s IS NOT CONFINED: it reaches all that this host reaches, the tailnet too, and in this host's name; "+
			"its entry says \"network\": \"unconfined\"", s.Name)
	}
	if s.Server.User != "" || s.Server.Shared {
		note("the callers of the server %s are not apart: they share one account or one process", s.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	began := time.Now()
	p, err := process.Start(ctx, process.Options{
		Server: s.Name, Link: h.Remote.To(s.Server), Dial: func(ctx context.Context) (net.Conn, error) { return h.Dial(ctx, s.Name) },
		ClientName: "tailscale-mcp", ClientVersion: "doctor", Heard: func(string, []byte) {}, Log: slog.New(slog.DiscardHandler),
		Offers: s.Server.Offers(),
	})
	var socket *net.OpError
	switch {
	case errors.Is(err, fs.ErrPermission):
		note("the server %s was not looked at: this account may not connect to its socket; run this with sudo", s.Name)
		return
	case errors.As(err, &socket) && socket.Op == "dial":
		remedy := "sudo tailscale-mcp server apply"
		if h.Unconfined {
			remedy = "have what runs the servers here listen there"
		}
		note("the server %s cannot be started: nothing listens at its socket (%v): %s", s.Name, socket.Err, remedy)
		return
	case err != nil && !s.Server.Stdio():
		note("%v", err)
		return
	case err != nil:
		note("%v; journalctl -t tailscale-mcp-%s has all that it wrote to stderr", err, s.Name)
		return
	}
	defer p.End(nil)
	seen, err := look.At(ctx, p)
	if err != nil {
		note("the server %s does not say what it offers: %v", s.Name, err)
		return
	}
	took := time.Since(began)
	changes := pin.Compare(s.Pin, seen)
	for i, c := range changes {
		if i == mostTold {
			note("%d more of it: tailscale-mcp server show %s", len(changes)-i, s.Name)
			break
		}
		note("withheld from everybody: the %s %s of the server %s is %s since it was approved: sudo tailscale-mcp server approve %[3]s",
			c.Kind, visible.Text(c.Name), s.Name, c.State)
	}
	if len(changes) == 0 {
		ok("the server %s: it answers within %s and shows what was approved, %d tools and %d prompts",
			s.Name, took.Round(time.Millisecond), len(s.Pin.Tools), len(s.Pin.Prompts))
	}
}
