// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
)

const defaultPings = 3

type pingInput struct {
	Peer  string `json:"peer" jsonschema:"name, node ID or address, also behind a subnet router"`
	Type  string `json:"type,omitempty" jsonschema:"disco tells the path, TSMP tests the tunnel, ICMP the other system" enum:"disco,TSMP,ICMP" default:"disco"`
	Count int    `json:"count,omitempty" jsonschema:"one a second" min:"1" max:"10" default:"3"`
}

type pingResult struct {
	From     string  `json:"from" jsonschema:"this host; no other can be pinged from here"`
	Peer     pinged  `json:"peer" jsonschema:"what was pinged"`
	Type     string  `json:"type"`
	Sent     int     `json:"sent" jsonschema:"how many pings were sent; fewer than asked for when going on was pointless"`
	Received int     `json:"received" jsonschema:"how many were answered"`
	MinMs    float64 `json:"minMs,omitempty" jsonschema:"shortest time to the answer and back, in milliseconds"`
	AvgMs    float64 `json:"avgMs,omitempty"`
	MaxMs    float64 `json:"maxMs,omitempty"`
	Pings    []pong  `json:"pings" jsonschema:"each ping in turn"`
	Note     string  `json:"note,omitempty" jsonschema:"what the result means where that is not obvious"`
}

type pinged struct {
	Name    string `json:"name,omitempty" jsonschema:"MagicDNS name of the node that the address leads to"`
	ID      string `json:"id,omitempty" jsonschema:"stable node ID"`
	Address string `json:"address"`
	Online  *bool  `json:"online,omitempty" jsonschema:"whether the control server sees it; absent for an address that is no node's own"`
}

type pong struct {
	LatencyMs float64 `json:"latencyMs,omitempty" jsonschema:"time to the answer and back in milliseconds; absent when there was none"`
	route
	Error string `json:"error,omitempty" jsonschema:"why there is no answer"`
}

func (n *node) pingPeer() tool.Tool {
	d := read("ping_peer", "Ping a peer", `{"peer":"web-1","count":1}`,
		"Pings a node from this host only: time and path, direct, peer-relay or derp. Between two others, run tailscale ping on one.")
	// Ten pings without an answer, and the status before them.
	d.Timeout = 65 * time.Second
	d.Weight = 16 // it holds a connection to tailscaled, and a third node answers
	return tool.New(d, func(ctx context.Context, call tool.Call, in pingInput) (pingResult, error) {
		st, err := n.tailscaled.Peers(ctx)
		if err != nil {
			return pingResult{}, err
		}
		to, err := resolve(st, in.Peer)
		if err != nil {
			return pingResult{}, err
		}
		if to.self {
			return pingResult{}, tool.Invalidf("name another node; list_peers lists them", "%s is this host itself", nameOf(st, to.peer))
		}
		if in.Count == 0 {
			in.Count = defaultPings
		}
		if in.Type == "" {
			in.Type = string(tailcfg.PingDisco)
		}
		out := pingResult{Type: in.Type, From: nameOf(st, st.Self), Peer: pinged{Address: to.addr.String()}, Pings: []pong{}}
		if to.peer != nil {
			out.Peer.Name, out.Peer.ID, out.Peer.Online = nameOf(st, to.peer), string(to.peer.ID), &to.peer.Online
		}
		if err := n.pings(ctx, call, to, in.Count, &out); err != nil {
			return pingResult{}, err
		}
		out.sum()
		out.Note = out.meaning(st, to)
		return out, nil
	})
}

// pings sends them and fills out.
func (n *node) pings(ctx context.Context, call tool.Call, to target, count int, out *pingResult) error {
	for out.Sent < count {
		began := time.Now()
		one, goOn, err := n.ping(ctx, to, out)
		if err != nil {
			return err
		}
		out.Sent++
		out.Pings = append(out.Pings, one)
		call.Progress(float64(out.Sent), float64(count), one.String())
		if !goOn || out.Sent == count {
			return nil
		}
		pause := time.NewTimer(n.pingEvery - time.Since(began))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
	return nil
}

// ping sends one. goOn is false when every further one would fail alike.
func (n *node) ping(ctx context.Context, to target, out *pingResult) (one pong, goOn bool, err error) {
	r, err := n.tailscaled.Ping(ctx, to.addr, tailcfg.PingType(out.Type), n.pingTimeout)
	switch {
	case err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		return pong{Error: fmt.Sprintf("no answer within %v", n.pingTimeout)}, true, nil
	case err != nil:
		return pong{}, false, err
	case r.IsLocalIP:
		return pong{}, false, tool.Invalidf("name another node; list_peers lists them", "%s is an address of this host itself", to.addr)
	case r.Err != "" && to.peer == nil:
		return pong{}, false, &failure.Error{
			Code:    failure.NotFound,
			Message: fmt.Sprintf("no node that this host knows leads to %s: %s", to.addr, short(r.Err)),
			Next:    "find the node with list_peers; for an address behind a subnet router this host also has to accept routes (get_node_preferences)",
		}
	case r.Err != "":
		return pong{Error: short(r.Err)}, false, nil
	}
	if out.Peer.Name == "" {
		out.Peer.Name = r.NodeName
	}
	return pong{LatencyMs: max(milliseconds(r.LatencySeconds), 0.01), route: routeOf(r.Endpoint, r.PeerRelay, derpOf(r))}, true, nil
}

func derpOf(r *ipnstate.PingResult) string {
	if r.DERPRegionID != 0 && r.DERPRegionCode == "" {
		return fmt.Sprint(r.DERPRegionID)
	}
	return r.DERPRegionCode
}

// String is how the ping is reported while others follow.
func (p pong) String() string {
	switch {
	case p.Error != "":
		return p.Error
	case p.Path == "":
		return fmt.Sprintf("answer in %v ms", p.LatencyMs)
	}
	return fmt.Sprintf("answer in %v ms, %s via %s", p.LatencyMs, p.Path, p.Via)
}

func (r *pingResult) sum() {
	for _, p := range r.Pings {
		if p.Error != "" {
			continue
		}
		if r.Received == 0 {
			r.MinMs = p.LatencyMs
		}
		r.Received++
		r.MinMs, r.MaxMs = min(r.MinMs, p.LatencyMs), max(r.MaxMs, p.LatencyMs)
		r.AvgMs += p.LatencyMs
	}
	if r.Received > 0 {
		r.AvgMs = hundredths(r.AvgMs / float64(r.Received))
	}
}

// meaning explains a result that is easily misread.
func (r *pingResult) meaning(st *ipnstate.Status, to target) string {
	switch last := r.Pings[len(r.Pings)-1]; {
	case r.Received == 0 && to.peer != nil && to.peer.Expired:
		return "the key of this node has expired: it cannot be reached until somebody logs it in there"
	case r.Received == 0 && to.peer != nil && !to.peer.Online && to.peer.LastSeen.IsZero():
		return "the control server does not see this node online"
	case r.Received == 0 && to.peer != nil && !to.peer.Online:
		return "the control server has not seen this node since " + seconds(to.peer.LastSeen).Format(time.RFC3339)
	case r.Received == 0 && r.Type == string(tailcfg.PingICMP):
		return "ICMP needs a grant that allows it and an operating system that answers; disco needs neither"
	case r.Received > 0 && last.Path == "derp":
		return "the connection is not direct but goes through the DERP region " + regionName(last.Via) + "; run_netcheck tells what this host's network has to do with that"
	}
	return ""
}

func regionName(code string) string {
	if code == "" {
		return "of an unknown name"
	}
	return code
}

// milliseconds of a number of seconds, to the hundredth.
func milliseconds(s float64) float64 { return hundredths(s * 1000) }

func hundredths(f float64) float64 { return math.Round(f*100) / 100 }

// short bounds a text of tailscaled's and keeps it in one line.
func short(text string) string { return within(text, 200) }

// within is short with another bound.
func within(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
