// SPDX-License-Identifier: MIT

// Package tsapi is a client of Tailscale's control API (version 2,
// https://tailscale.com/api).
//
// Every call takes one path: the operation's address is built from checked segments,
// identical reads are joined while under way and answered from what was kept for a few
// seconds after, an access token (package token) and a slot are taken, the answer is
// read whole within a bound (package object), and whatever goes wrong becomes an
// [*Error] with a fixed code and a next step (package fault). Only reads are repeated.
// An answer is complete or an error, never a part.
//
// What callers share is shared fairly (package limit): after a 429 nothing is sent for a
// while, each caller has so many requests a minute and gets slots in turn with the
// others, and all answers under way have one budget of bytes.
//
// It imports the standard library's HTTP client, the packages below it and leaves of
// this module; its callers see no HTTP. It fails by returning errors: it decides nothing
// about who may call what, and keeps no state but access tokens, connections and the
// last few answers.
package tsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/flight"
	"tailscale-mcp/internal/redact"
	"tailscale-mcp/internal/tsapi/credential"
	"tailscale-mcp/internal/tsapi/fault"
	"tailscale-mcp/internal/tsapi/limit"
	"tailscale-mcp/internal/tsapi/object"
	"tailscale-mcp/internal/tsapi/token"
)

// Options says which tailnet is called, as whom, and within which limits.
type Options struct {
	// BaseURL is scheme and host of the API; nil means https://api.tailscale.com. The
	// credential travels there: package config has checked the address.
	BaseURL *url.URL
	// Tailnet is the tailnet's ID, or the empty string or "-" for the
	// credential's own.
	Tailnet string
	// Credential authenticates every call; package config has checked it.
	Credential credential.Credential
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
	// CallerRate bounds the requests that one caller makes in a minute, see
	// [OnBehalf]; 0 means 120, a negative value no limit.
	CallerRate int
	// MaxResponse bounds one answer, in bytes after decompression, at 34 MiB at
	// most; 0 means 16 MiB, or what the operation is known to need.
	MaxResponse int64

	// Observe is called once for each request that was sent, those for access tokens
	// included: with the operationId, the HTTP status (0: no answer), the code of the
	// error, if any, and how long it took. It may be called at once by several
	// goroutines, and every request waits for it. Nil means nobody.
	Observe func(op string, status int, code failure.Code, took time.Duration) `json:"-"`
}

// Error is every error that calls of this package return.
type Error = fault.Error

// Object is one JSON object of an answer.
type Object = object.Object

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

	kind      credential.Kind
	clientID  string // of an OAuth client or a federated identity
	place     string
	source    token.Source
	transport *http.Transport
	observer  func(op string, status int, code failure.Code, took time.Duration)
	hold      limit.Hold
	quotas    limit.Quotas
	slots     *limit.Slots
	budget    *limit.Budget
	reads     flight.Group[any]
	kept      kept
	// changes counts the changes made, so that a read that starts after one
	// never joins a read that started before it.
	changes atomic.Uint64

	// seams for the tests of retries
	sleep  func(context.Context, time.Duration) error
	jitter func() float64 // in [0, 1)
}

// ErrNoCredential is returned by [New] when there is no credential at all: the
// daemon then offers only the tools of the local tailscaled.
var ErrNoCredential = errors.New("no Tailscale API credential is configured")

// New returns a client. It makes no request. Without any credential it returns
// [ErrNoCredential].
func New(o Options) (*API, error) {
	if o.Credential.IsZero() {
		return nil, ErrNoCredential
	}
	a := &API{
		base:        cmp.Or(o.BaseURL, &url.URL{Scheme: "https", Host: "api.tailscale.com"}),
		tailnet:     cmp.Or(o.Tailnet, "-"),
		userAgent:   cmp.Or(o.UserAgent, "tailscale-mcp"),
		log:         o.Log,
		timeout:     cmp.Or(o.Timeout, 30*time.Second),
		retryBudget: cmp.Or(o.RetryBudget, 10*time.Second),
		maxResponse: min(o.MaxResponse, limit.MaxAnswer),
		kept:        kept{keep: cmp.Or(o.Keep, 3*time.Second)},
		kind:        o.Credential.Kind(),
		clientID:    o.Credential.OAuthClientID,
		place:       cmp.Or(o.CredentialPlace, "/etc/tailscale-mcp.env"),
		observer:    o.Observe,
		slots:       limit.NewSlots(max(1, cmp.Or(o.Concurrency, 8))),
		budget:      limit.NewBudget(),
		sleep:       sleep,
		jitter:      rand.Float64,
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.hold.Now, a.hold.Log = time.Now, a.log
	a.quotas.Now, a.quotas.PerMinute = time.Now, cmp.Or(o.CallerRate, limit.DefaultCallerRate)
	if why := badParameter("{tailnet}", a.tailnet); why != "" {
		return nil, fmt.Errorf("the tailnet %q %s: use its ID, or - for the credential's own", redact.Text(a.tailnet), why)
	}
	a.transport = newTransport(a.slots.Size())
	a.source = a.newSource(o.Credential, time.Now)
	return a, nil
}

// Changes counts the changes made, or perhaps made, through this client: what was read at
// another count may be out of date.
func (a *API) Changes() uint64 { return a.changes.Load() }

// Close drops what is kept and the idle connections. Calls under way end by themselves.
func (a *API) Close() {
	a.kept.drop()
	a.transport.CloseIdleConnections()
}

// Uses reports whether the key with that ID is the credential of this client: by
// its client ID, or by its secret, which has the form tskey-KIND-ID-RANDOM.
func (a *API) Uses(id string) bool {
	return id != "" && (id == a.clientID || slices.ContainsFunc(a.source.Secrets(), func(secret string) bool {
		part := strings.SplitN(secret, "-", 4)
		return len(part) == 4 && part[2] == id
	}))
}

// String names the tailnet and the kind of credential.
func (a *API) String() string {
	return fmt.Sprintf("tailnet %s at %s (%s)", a.tailnet, a.base, a.kind)
}

// GoString keeps %#v from walking through the fields.
func (a *API) GoString() string { return "tsapi.API(" + a.String() + ")" }

// newSource returns what gives access tokens for the credential.
func (a *API) newSource(c credential.Credential, now func() time.Time) token.Source {
	return token.New(token.Options{
		Base:       a.base,
		Credential: c,
		Place:      a.place,
		UserAgent:  a.userAgent,
		Transport:  a.transport,
		Now:        now,
		Observe:    a.observe,
	})
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
