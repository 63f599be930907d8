// SPDX-License-Identifier: MIT

// Package tailnet speaks with Tailscale's two faces: the LocalAPI of the
// tailscaled on this host, and Tailscale's control API (version 2,
// https://tailscale.com/api), which is the [API] of this package.
//
// Every call of the control API takes one path: the operation's address is built
// from checked segments, identical reads are joined while under way and answered
// from what was kept for a few seconds after, a slot and an access token are taken, the answer is read whole within a bound, and whatever
// goes wrong becomes an [*Error] with a fixed code and a next step. Only reads
// are repeated. An answer is complete or an error, never a part.
//
// It imports the official clients, the standard library's HTTP client, and
// nothing of this module; its callers see no HTTP. It fails by returning errors:
// it decides nothing about who may call what, and keeps no state but access
// tokens, connections and the last few answers.
package tailnet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	tailscale "tailscale.com/client/tailscale/v2"
)

// Options says which tailnet is called, as whom, and within which limits.
type Options struct {
	// BaseURL is scheme and host of the API; nil means https://api.tailscale.com.
	// Plain http is accepted for loopback hosts only: the credential travels there.
	BaseURL *url.URL
	// Tailnet is the tailnet's ID, or the empty string or "-" for the
	// credential's own.
	Tailnet string
	// Credential authenticates every call.
	Credential Credential
	// CredentialPlace is where this host keeps the credential, for messages;
	// the empty string means /etc/tailscale-mcp.env.
	CredentialPlace string
	// UserAgent names this program to the API; the empty string means tailscale-mcp.
	UserAgent string
	// Log receives a debug record per request; nil means none.
	Log *slog.Logger

	// Timeout bounds one request and the reading of its answer; 0 means 30 s.
	Timeout time.Duration
	// RetryBudget bounds what one read waits, all in all, between repetitions;
	// 0 means 10 s, a negative value that nothing is repeated.
	RetryBudget time.Duration
	// Keep is how long the answer of a read is kept for whoever asks the same
	// again; 0 means 3 s, a negative value that none is. A change drops them all.
	Keep time.Duration
	// Concurrency bounds the requests under way at once; 0 means 8.
	Concurrency int
	// MaxResponse bounds one answer, in bytes after decompression; 0 means 64 MiB.
	MaxResponse int64
}

// API is a client of the control API, for one tailnet and one credential. It is
// safe for concurrent use.
type API struct {
	base        *url.URL
	tailnet     string
	userAgent   string
	log         *slog.Logger
	timeout     time.Duration
	retryBudget time.Duration
	maxResponse int64

	kind      kind
	clientID  string // of an OAuth client or a federated identity
	place     string
	source    tokenSource
	transport *http.Transport
	official  *tailscale.Client
	slots     chan struct{} // one element per request under way
	reads     flights
	kept      kept
	// changes counts the changes made, so that a read that starts after one
	// never joins a read that started before it.
	changes atomic.Uint64

	// seams for the tests of retries
	sleep  func(context.Context, time.Duration) error
	jitter func() float64 // in [0, 1)
}

// New returns a client. It makes no request. Without any credential it returns
// [ErrNoCredential].
func New(o Options) (*API, error) {
	if err := o.Credential.validate(); err != nil {
		if errors.Is(err, ErrNoCredential) {
			return nil, err
		}
		return nil, fmt.Errorf("checking the Tailscale API credential: %w", err)
	}
	base, err := checkBase(o.BaseURL)
	if err != nil {
		return nil, err
	}
	a := &API{
		base:        base,
		tailnet:     cmp.Or(o.Tailnet, "-"),
		userAgent:   cmp.Or(o.UserAgent, "tailscale-mcp"),
		log:         o.Log,
		timeout:     cmp.Or(o.Timeout, 30*time.Second),
		retryBudget: cmp.Or(o.RetryBudget, 10*time.Second),
		maxResponse: cmp.Or(o.MaxResponse, 64<<20),
		kept:        kept{keep: cmp.Or(o.Keep, 3*time.Second)},
		kind:        o.Credential.kind(),
		clientID:    o.Credential.OAuthClientID,
		place:       cmp.Or(o.CredentialPlace, "/etc/tailscale-mcp.env"),
		slots:       make(chan struct{}, max(1, cmp.Or(o.Concurrency, 8))),
		sleep:       sleep,
		jitter:      rand.Float64,
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if why := badSegment(a.tailnet); why != "" {
		return nil, fmt.Errorf("the tailnet %q %s: use its ID, or - for the credential's own", printable(a.tailnet), why)
	}
	a.transport = newTransport(cap(a.slots))
	a.source = a.newSource(o.Credential)
	a.official = a.newOfficial()
	return a, nil
}

// Close drops what is kept and the idle connections. Calls under way end by themselves.
func (a *API) Close() {
	a.kept.drop()
	a.transport.CloseIdleConnections()
}

// Uses reports whether the key with that ID is the credential of this client: by
// its client ID, or by its secret, which has the form tskey-KIND-ID-RANDOM.
func (a *API) Uses(id string) bool {
	return id != "" && (id == a.clientID || slices.ContainsFunc(a.source.secrets(), func(secret string) bool {
		part := strings.SplitN(secret, "-", 4)
		return len(part) == 4 && part[2] == id
	}))
}

// String names the tailnet and the kind of credential.
func (a *API) String() string {
	return fmt.Sprintf("tailnet %s at %s (%s)", a.tailnet, a.base, a.kind)
}

// GoString keeps %#v from walking through the fields.
func (a *API) GoString() string { return "tailnet.API(" + a.String() + ")" }

func (a *API) newSource(c Credential) tokenSource {
	if a.kind == kindAPIKey {
		return fixedToken{token{text: newSecret(c.APIKey)}}
	}
	m := &minter{
		transport: a.transport,
		userAgent: a.userAgent,
		place:     a.place,
		kind:      a.kind,
		clientID:  c.OAuthClientID,
		now:       time.Now,
	}
	if a.kind == kindFederated {
		m.idToken = &idTokenFile{path: c.IDTokenFile}
		m.endpoint = a.base.JoinPath("api/v2/oauth/token-exchange")
	} else {
		m.clientSecret = newSecret(c.OAuthClientSecret)
		m.endpoint = a.base.JoinPath("api/v2/oauth/token")
	}
	return m
}

// newTransport returns a transport of our own: nothing is shared with the rest of
// the process, and each step of a connection has a bound. HTTPS_PROXY counts, as
// administrators expect of a daemon.
func newTransport(concurrency int) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConnsPerHost:    concurrency,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		// A connection that died silently is noticed, not waited for.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}
}

func checkBase(u *url.URL) (*url.URL, error) {
	if u == nil {
		return &url.URL{Scheme: "https", Host: "api.tailscale.com"}, nil
	}
	refuse := func(why string) (*url.URL, error) {
		return nil, fmt.Errorf("the address of the Tailscale API %s: write it like https://api.tailscale.com", why)
	}
	switch {
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		return refuse("holds more than a scheme and a host")
	case u.Path != "" && u.Path != "/":
		return refuse("has a path")
	case u.Hostname() == "":
		return refuse("has no host")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return refuse("would send the credential unencrypted")
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("is not an https address")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
