// SPDX-License-Identifier: MIT

package fakelocal

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// System stands in for the operating system's names and routes: every
// connection ends at one listener, and says where it wanted to go.
type System struct {
	To string

	Mu     sync.Mutex
	Names  map[string][]netip.Addr
	dialed []string
	Mute   bool // the resolver answers nothing
}

// Resolve is the system's resolver.
func (s *System) Resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if s.Mute {
		<-ctx.Done()
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if addrs, ok := s.Names[host]; ok {
		return slices.Clone(addrs), nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// Dial makes every connection to To.
func (s *System) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(addr)
	s.Mu.Lock()
	s.dialed = append(s.dialed, addr)
	known := s.Names[host] != nil
	s.Mu.Unlock()
	if net.ParseIP(host) == nil && !known {
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host}}
	}
	var d net.Dialer
	return d.DialContext(ctx, network, s.To)
}

// Dials are the addresses that were dialed so far.
func (s *System) Dials() []string {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	return slices.Clone(s.dialed)
}
