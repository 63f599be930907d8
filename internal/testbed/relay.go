// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"tailscale.com/derp/derpserver"
	"tailscale.com/net/stun"
	"tailscale.com/tailcfg"
	"tailscale.com/types/key"
)

// face is how the tailnet's servers look from one network: the loopback of the machine, or the bridge between the
// namespaces.
type face struct {
	addr     netip.Addr
	control  uint16 // TCP, plain HTTP
	derp     uint16 // TCP, TLS with a certificate that nobody has to know
	stunPort uint16 // UDP
}

func (f *face) controlURL() string {
	return "http://" + netip.AddrPortFrom(f.addr, f.control).String()
}

// derpMap is a map of one region with one relay, the only one there is.
func (f *face) derpMap() *tailcfg.DERPMap {
	return &tailcfg.DERPMap{
		OmitDefaultRegions: true,
		Regions: map[int]*tailcfg.DERPRegion{1: {
			RegionID:   1,
			RegionCode: "test",
			RegionName: "Test",
			Nodes: []*tailcfg.DERPNode{{
				Name:             "1a",
				RegionID:         1,
				HostName:         f.addr.String(),
				IPv4:             f.addr.String(),
				IPv6:             "none",
				DERPPort:         int(f.derp),
				STUNPort:         int(f.stunPort),
				STUNTestIP:       f.addr.String(),
				InsecureForTests: true,
			}},
		}},
	}
}

// servers are the tailnet's control server, DERP relay and STUN responder, on any number of faces.
type servers struct {
	relay   *derpserver.Server
	control *http.Server
	derp    *http.Server

	mu       sync.Mutex
	stuns    []net.PacketConn
	hijacked map[net.Conn]struct{} // connections that http.Server.Close does not know any more
	wg       sync.WaitGroup
}

func newServers(control http.Handler) (*servers, error) {
	cert, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("making the relay's certificate: %w", err)
	}
	quiet := log.New(io.Discard, "", 0)
	s := &servers{
		relay:    derpserver.New(key.NewNode(), func(string, ...any) {}),
		hijacked: make(map[net.Conn]struct{}),
	}
	s.control = &http.Server{
		Handler:           control,
		ErrorLog:          quiet,
		ReadHeaderTimeout: 10 * time.Second,
		ConnState:         s.noteHijacked,
	}
	s.derp = &http.Server{
		Handler:           derpserver.Handler(s.relay),
		ErrorLog:          quiet,
		ReadHeaderTimeout: 10 * time.Second,
		ConnState:         s.noteHijacked,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // DERP upgrades HTTP/1 connections
	}
	return s, nil
}

// serve adds a face at addr. It must be called in the network namespace that addr is in, on the goroutine that is there.
func (s *servers) serve(ctx context.Context, addr netip.Addr) (*face, error) {
	at := net.JoinHostPort(addr.String(), "0")
	var sockets net.ListenConfig
	control, err := sockets.Listen(ctx, "tcp4", at)
	if err != nil {
		return nil, fmt.Errorf("listening for the control server: %w", err)
	}
	derp, err := sockets.Listen(ctx, "tcp4", at)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening for the relay: %w", err), control.Close())
	}
	stuns, err := sockets.ListenPacket(ctx, "udp4", at)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening for STUN: %w", err), control.Close(), derp.Close())
	}
	s.mu.Lock()
	s.stuns = append(s.stuns, stuns)
	s.mu.Unlock()
	s.wg.Go(func() { _ = s.control.Serve(control) })
	s.wg.Go(func() { _ = s.derp.ServeTLS(derp, "", "") })
	s.wg.Go(func() { answerSTUN(stuns) })
	return &face{
		addr:     addr,
		control:  portOf(control.Addr()),
		derp:     portOf(derp.Addr()),
		stunPort: portOf(stuns.LocalAddr()),
	}, nil
}

func portOf(a net.Addr) uint16 { return netip.MustParseAddrPort(a.String()).Port() }

// noteHijacked follows the connections that were upgraded, to Noise or to DERP.
func (s *servers) noteHijacked(c net.Conn, state http.ConnState) {
	if state != http.StateHijacked {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hijacked[c] = struct{}{}
}

// close stops everything, connections included.
func (s *servers) close() error {
	errs := []error{s.control.Close(), s.derp.Close(), s.relay.Close()}
	s.mu.Lock()
	for c := range s.hijacked {
		c.Close() // most are closed already
	}
	for _, pc := range s.stuns {
		errs = append(errs, pc.Close())
	}
	s.mu.Unlock()
	s.wg.Wait()
	return errors.Join(errs...)
}

// answerSTUN tells everybody who asks the address they asked from (RFC 8489), until pc is closed.
func answerSTUN(pc net.PacketConn) {
	var buf [1500]byte
	for {
		n, from, err := pc.ReadFrom(buf[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		id, err := stun.ParseBindingRequest(buf[:n])
		if err != nil {
			continue
		}
		_, _ = pc.WriteTo(stun.Response(id, netip.MustParseAddrPort(from.String())), from)
	}
}

// selfSigned makes a certificate for a server whose clients do not check it.
func selfSigned() (tls.Certificate, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "relay.test"},
		DNSNames:     []string{"relay.test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(30 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, nil
}
