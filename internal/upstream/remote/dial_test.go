// SPDX-License-Identifier: MIT

package remote_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"tailscale-mcp/internal/testbed/elsewhere"
	"tailscale-mcp/internal/upstream/remote"
)

// resolver answers every question for an address with what now has.
func resolver(t *testing.T, now *atomic.Pointer[string]) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: &dnsmessage.AResource{A: netip.MustParseAddr(*now.Load()).As4()},
				}}
			}
			if text, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(text, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// TestNames: it is the address that counts, at each time that it is connected to, and not
// what a name says or has said before.
func TestNames(t *testing.T) {
	var now atomic.Pointer[string]
	is := func(addr string) { now.Store(&addr) }
	client := remote.Client{Resolver: resolver(t, &now)}
	far := &elsewhere.Server{Legacy: true, NoStream: true}
	far.Before = func(w http.ResponseWriter, _ *http.Request, _ elsewhere.Message) bool {
		w.Header().Set("Connection", "close") // so that the next request connects anew
		return false
	}
	at, err := url.Parse(serve(t, far).URL)
	if err != nil {
		t.Fatal(err)
	}
	name := "http://far.example.test:" + at.Port()

	is("127.0.0.1")
	p, err := open(t, local(name), client, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := call(t.Context(), p, "count"); err != nil {
		t.Error(err)
	}
	eventually(t, "it is asked for its stream", func() bool { return len(far.Seen(http.MethodGet, "")) == 1 })
	for _, other := range []string{"169.254.169.254", "10.0.0.1", "100.100.100.100"} {
		is(other)
		if _, err := call(t.Context(), p, "count"); err == nil || !strings.Contains(err.Error(), "far.example.test:"+at.Port()+" was not connected to: the address "+other+" is none that its entry lists") {
			t.Errorf("%s: %v", other, err)
		}
	}
	is("127.0.0.1")
	if _, err := call(t.Context(), p, "count"); err != nil {
		t.Error(err)
	}
	_, err = open(t, `{"url":"https://far.example.test:`+at.Port()+`"}`, client, nil)
	if err == nil || !strings.Contains(err.Error(), `the address 127.0.0.1 is this host, which is not the internet; if it is meant, list it in "network" of the entry`) {
		t.Errorf("by default: %v", err)
	}
	for _, literal := range []string{"https://127.0.0.1", "https://[::1]", "https://[::ffff:127.0.0.1]", "https://0.0.0.0", "https://[64:ff9b::7f00:1]", "https://2130706433"} {
		if _, err := open(t, `{"url":"`+literal+`:`+at.Port()+`"}`, remote.Client{}, nil); err == nil || !strings.Contains(err.Error(), "was not connected to: the address ") && !strings.Contains(err.Error(), "does not resolve") {
			t.Errorf("%s: %v", literal, err)
		}
	}
	if n := len(far.Seen("", "")); n != 5 { // initialize, initialized, GET, and two calls
		t.Errorf("%d requests came through", n)
	}
}

// TestTLS: a certificate has to hold, by the authorities of the host or by those that the
// entry names, and by no others; so has the version.
func TestTLS(t *testing.T) {
	quiet := log.New(io.Discard, "", 0)
	secure := func(least, most uint16) *httptest.Server {
		srv := httptest.NewUnstartedServer(&elsewhere.Server{Legacy: true, NoStream: true})
		srv.TLS = &tls.Config{MinVersion: least, MaxVersion: most} //nolint:gosec // an old one is what is tried
		srv.Config.ErrorLog = quiet
		srv.StartTLS()
		t.Cleanup(srv.Close)
		return srv
	}
	good, old := secure(tls.VersionTLS12, 0), secure(tls.VersionTLS10, tls.VersionTLS11)
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own := put("own.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: good.Certificate().Raw})))
	none := put("none.pem", "no certificate")
	for name, c := range map[string]struct{ url, ours, want string }{
		"named":        {good.URL, `,"ca":"` + own + `"`, ""},
		"not named":    {good.URL, "", `the certificate of ` + strings.TrimPrefix(good.URL, "https://") + ` does not hold (x509: certificate signed by unknown authority); name a private authority with "ca" in its entry`},
		"another name": {strings.Replace(good.URL, "127.0.0.1", "127.0.0.2", 1), `,"ca":"` + own + `"`, ""},
		"no such file": {good.URL, `,"ca":"` + dir + `/no"`, `the certificates of "ca" cannot be read`},
		"no authority": {good.URL, `,"ca":"` + none + `"`, `has no certificate in PEM`},
		"old":          {old.URL, `,"ca":"` + own + `"`, "no TLS of version 1.2 or later comes about"},
		"http":         {"https://" + strings.TrimPrefix(serve(t, http.NotFoundHandler()).URL, "http://"), "", "speaks http there, not https"},
	} {
		_, err := open(t, fmt.Sprintf(`{"url":%q,"tailscale":{"network":["127.0.0.0/8"]%s}}`, c.url, c.ours), remote.Client{}, nil)
		if name == "another name" {
			if err == nil {
				t.Error("a certificate for another address holds")
			}
			continue
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
