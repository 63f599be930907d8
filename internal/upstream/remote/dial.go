// SPDX-License-Identifier: MIT

package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"syscall"
	"time"

	"tailscale-mcp/internal/upstream/entry"
)

// The bounds of reaching a server.
const (
	connectTime = 10 * time.Second
	tlsTime     = 10 * time.Second
	idleConn    = time.Minute
	mostHeaders = 64 << 10
	// mostConns are the connections of one session: one for each open request, its stream,
	// and what is told meanwhile.
	mostConns = mostOpen + 16
)

// barred is the error of an address that a server is not to be reached at.
type barred struct{ why string }

func (b *barred) Error() string { return b.why }

// transport makes the connections of one session. No two sessions share one: what is slow
// for one holder is not for another, and nothing of one can come to another.
func (c Client) transport(s entry.Server, at *url.URL) (*http.Transport, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: at.Hostname()}
	if s.CA != "" {
		pool, err := authorities(s.CA)
		if err != nil {
			return nil, err
		}
		t.RootCAs = pool
	}
	dialer := &net.Dialer{
		Timeout: connectTime, Resolver: c.Resolver,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 15 * time.Second, Count: 4},
		// Of the address that is connected to, whatever its name meant before.
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if why := refused(to.Addr(), s.Network); why != "" {
				return &barred{why}
			}
			return nil
		},
	}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: t, TLSHandshakeTimeout: tlsTime,
		DisableCompression: true, MaxResponseHeaderBytes: mostHeaders,
		MaxConnsPerHost: mostConns, MaxIdleConnsPerHost: 8, IdleConnTimeout: idleConn,
		// HTTP/1.1 only: a stream that stays open is not to hold up what is beside it.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}, nil
}

// authorities are those of a file, and no others.
func authorities(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file) //nolint:gosec // named by the administrator
	if err != nil {
		return nil, fmt.Errorf("the certificates of \"ca\" cannot be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s, which \"ca\" names, has no certificate in PEM", file)
	}
	return pool, nil
}
