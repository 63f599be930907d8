// SPDX-License-Identifier: MIT

// Package magicdns asks the resolver of Tailscale on this host, at 100.100.100.100, as any
// program here does. It asks no other: a question leaves only where the system sends it
// out from an address of this node, so one that Tailscale would not get is not sent. A leaf.
package magicdns

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"tailscale.com/net/tsaddr"
)

// Timeout bounds a question, with its repetition over TCP.
const Timeout = 5 * time.Second

var (
	// ErrNoWay means that the system has no way to the resolver that is Tailscale's.
	ErrNoWay = errors.New("no way to the resolver of Tailscale")
	// ErrSilent means that there was no answer in time.
	ErrSilent = errors.New("no answer")
	// ErrUnreadable means that there was an answer that is none to the question.
	ErrUnreadable = errors.New("an answer that cannot be read")
)

// Client asks the resolver.
type Client struct {
	// Own are the Tailscale addresses of this host.
	Own []netip.Addr
	// Dial connects; nil is net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout is how long an answer is waited for; 0 is [Timeout].
	Timeout time.Duration
}

// Answer is what the resolver says.
type Answer struct {
	// Server is its address.
	Server netip.Addr
	// Code is the response code, such as NOERROR.
	Code dnsmessage.RCode
	// Records are those of the answer, in its order, at most [MostRecords].
	Records []Record
	// More is set when there were more.
	More bool
	// TCP is set when the answer was too long for UDP.
	TCP bool
	// Took is how long it took.
	Took time.Duration
}

// Server returns the address of the resolver: that of the family that this host has.
func (c Client) Server() netip.Addr {
	if slices.ContainsFunc(c.Own, netip.Addr.Is4) || len(c.Own) == 0 {
		return tsaddr.TailscaleServiceIP()
	}
	return tsaddr.TailscaleServiceIPv6()
}

// Ask asks for the records of one type that a name has. Errors are [ErrNoWay],
// [ErrSilent], [ErrUnreadable], those of the context and those of the system.
func (c Client) Ask(ctx context.Context, name dnsmessage.Name, kind dnsmessage.Type) (Answer, error) {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = Timeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, ErrSilent)
	defer cancel()
	question, err := newQuery(name, kind)
	if err != nil {
		return Answer{}, err
	}
	began := time.Now()
	answer, truncated, err := c.ask(ctx, "udp", question)
	if err == nil && truncated {
		answer, _, err = c.ask(ctx, "tcp", question)
		answer.TCP = true
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return Answer{}, err
	}
	answer.Server, answer.Took = c.Server(), time.Since(began)
	return answer, nil
}

func (c Client) ask(ctx context.Context, network string, q query) (answer Answer, truncated bool, err error) {
	dial := c.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, network, netip.AddrPortFrom(c.Server(), 53).String())
	if err != nil {
		return Answer{}, false, fmt.Errorf("reaching the resolver: %w", err)
	}
	defer conn.Close()
	// Nothing is sent before this: connecting tells by which address it would leave. With
	// another it would go to whoever has 100.100.100.100 in the network around this host.
	if from, err := netip.ParseAddrPort(conn.LocalAddr().String()); err != nil || !slices.Contains(c.Own, from.Addr().WithZone("").Unmap()) {
		return Answer{}, false, ErrNoWay
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if network == "udp" {
		return q.overUDP(conn)
	}
	return q.overTCP(conn)
}

func (q query) overUDP(conn net.Conn) (Answer, bool, error) {
	if _, err := conn.Write(q.packed); err != nil {
		return Answer{}, false, fmt.Errorf("asking: %w", err)
	}
	const most = 4096 // none was asked to be longer than 512
	packet := make([]byte, most)
	for {
		n, err := conn.Read(packet)
		if err != nil {
			return Answer{}, false, fmt.Errorf("reading the answer: %w", err)
		}
		// What is no answer to this question is none: the next may be.
		if q.answeredBy(packet[:n]) {
			return parse(packet[:n])
		}
	}
}

// overTCP asks with the length in front of question and answer, RFC 1035 §4.2.2.
func (q query) overTCP(conn net.Conn) (Answer, bool, error) {
	message := binary.BigEndian.AppendUint16(nil, uint16(len(q.packed)))
	if _, err := conn.Write(append(message, q.packed...)); err != nil {
		return Answer{}, false, fmt.Errorf("asking over TCP: %w", err)
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return Answer{}, false, fmt.Errorf("reading the answer over TCP: %w", err)
	}
	packet := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, packet); err != nil {
		return Answer{}, false, fmt.Errorf("reading the answer over TCP: %w", err)
	}
	if !q.answeredBy(packet) {
		return Answer{}, false, ErrUnreadable
	}
	return parse(packet)
}
