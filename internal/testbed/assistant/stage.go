// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/assistant/company"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/running"
)

// stage is the company on the testbed.
type stage struct {
	dir     string // the built programs
	tn      *testbed.Tailnet
	nodes   map[string]*testbed.Node // the devices that are real
	api     *fakeapi.Server
	clock   atomic.Pointer[time.Time] // the API's, while it is told of the past
	daemon  *running.Daemon
	port    int
	company *company.Company
	checked int // requests to the API, whether they changed anything
}

// real are the devices that are machines of the testbed.
var real = []testbed.NodeOptions{
	{Name: company.Server, Tags: []string{"tag:mcp"}},
	{Name: company.Alice, Login: company.Login("alice")},
	{Name: company.Desk, Login: company.Login("alice")},
	{Name: company.Rita, Login: company.Login("rita")},
	{Name: company.Dan, Login: company.Login("dan")},
	{Name: company.Agent, Tags: []string{"tag:agent"}},
	{Name: company.Web, Tags: []string{"tag:web"}},
}

func newStage(ctx context.Context) (st *stage, err error) {
	st = &stage{nodes: map[string]*testbed.Node{}}
	defer func() {
		if err != nil {
			_ = st.Close()
		}
	}()
	if st.dir, err = os.MkdirTemp("", "tailscale-mcp-assistant-"); err != nil {
		return st, err
	}
	if err := running.Build(ctx, st.dir); err != nil {
		return st, err
	}
	if st.tn, err = testbed.Start(ctx, testbed.Options{UseInstalled: true, Progress: os.Stderr, DNS: nodeDNS()}); err != nil {
		return st, err
	}
	nodes, err := st.tn.AddNodes(ctx, real...)
	if err != nil {
		return st, err
	}
	for _, n := range nodes {
		st.nodes[n.Name] = n
	}
	if st.port, err = running.FreePort(); err != nil {
		return st, err
	}
	first, err := company.New(time.Now(), st.port)
	if err != nil {
		return st, err
	}
	st.api, err = fakeapi.Start(fakeapi.Options{
		Organization: company.Domain, MagicDNSDomain: st.tn.Domain(), Policy: first.Changes[0].Before, QuietLog: true,
		Obey: st.tn.SendPolicy, Now: st.now,
	})
	if err != nil {
		return st, err
	}
	if err := st.restore(ctx); err != nil {
		return st, err
	}
	// The defaults in everything: what a caller may use at once, too.
	st.daemon, err = running.Start(ctx, st.dir, st.nodes[company.Server].Socket, st.port,
		"TAILSCALE_API_URL="+st.api.URL(), "TAILSCALE_API_KEY="+fakeapi.DefaultAPIKey, "TAILSCALE_MCP_ALLOW=read,write,destructive,escalating")
	return st, err
}

func (st *stage) now() time.Time {
	if past := st.clock.Load(); past != nil {
		return *past
	}
	return time.Now()
}

const (
	// keeps is how long the server may answer a read by what it read before.
	keeps = 3 * time.Second
	// stale is a company whose times, such as that of the last hour, are no longer what
	// they were made for.
	stale = 2 * time.Minute
)

// ready restores the company where something was changed or time has passed, and waits
// until the server has forgotten how it was.
func (st *stage) ready(ctx context.Context) error {
	requests := st.api.Requests()
	since := requests[min(st.checked, len(requests)):]
	st.checked = len(requests)
	changed := slices.ContainsFunc(since, func(r fakeapi.Request) bool { return r.Method != http.MethodGet })
	if !changed && time.Since(st.company.Now) < stale {
		return nil
	}
	if err := st.restore(ctx); err != nil {
		return err
	}
	return pause(ctx, keeps)
}

// restore makes the company what it was before the first task, and waits until every
// tailscaled obeys its policy file.
func (st *stage) restore(ctx context.Context) error {
	c, err := company.New(time.Now(), st.port)
	if err != nil {
		return err
	}
	for name, n := range st.nodes {
		if err := c.Adopt(name, n.StableID(), n.IPv4().String()); err != nil {
			return err
		}
	}
	st.company = c
	st.api.Reset()
	st.api.SetDevices(devices(c, st.tn.Domain()))
	if err := fill(st.api, c); err != nil {
		return err
	}
	defer st.clock.Store(nil)
	for _, change := range c.Changes {
		st.clock.Store(&change.At)
		if err := st.api.SetPolicyBy(change.By, change.After); err != nil {
			return err
		}
	}
	return st.tn.AwaitPolicy(ctx)
}

// url is the address that a person types: the server's MagicDNS name.
func (st *stage) url() string { return fmt.Sprintf("http://%s:%d/mcp", company.Server, st.port) }

// get reads something of the API past the server.
func (st *stage) get(ctx context.Context, path string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, st.api.URL()+"/api/v2"+path, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+fakeapi.DefaultAPIKey)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, res.Status)
	}
	return string(text), err
}

// path is how one machine reaches another, by its own tailscaled: direct or derp.
func (st *stage) path(ctx context.Context, from, to string) (string, error) {
	pong, err := st.nodes[from].LocalClient().Ping(ctx, st.nodes[to].IPv4(), tailcfg.PingDisco)
	switch {
	case err != nil:
		return "", err
	case pong.Err != "":
		return "", fmt.Errorf("%s pings %s: %s", from, to, pong.Err)
	case pong.Endpoint != "":
		return "direct", nil
	}
	return "derp", nil
}

// Close ends everything that was started, and says if something would not end.
func (st *stage) Close() error {
	var errs []error
	if st.daemon != nil {
		errs = append(errs, st.daemon.Stop())
	}
	if st.tn != nil {
		errs = append(errs, st.tn.Close())
	}
	if st.api != nil {
		st.api.Close()
	}
	if st.dir != "" {
		errs = append(errs, os.RemoveAll(st.dir))
	}
	return errors.Join(errs...)
}
