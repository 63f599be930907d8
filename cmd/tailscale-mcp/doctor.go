// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/identity"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/version"
)

// runDoctor walks the path of a request and stops at the first break.
func runDoctor(ctx context.Context, s streams, args []string) error {
	if err := none(newFlags("doctor"), args); err != nil {
		return err
	}
	ok := func(format string, a ...any) { fmt.Fprintf(s.out, "ok    "+format+"\n", a...) }
	note := func(format string, a ...any) { fmt.Fprintf(s.out, "note  "+format+"\n", a...) }
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()

	cfg, err := operatorConfig(s)
	if err != nil {
		return err
	}
	for _, w := range cfg.Warnings {
		note("%s", w)
	}
	ok("configuration: offers %s tools, on port %d", joinClasses(cfg), cfg.Port)

	lc := localClient(cfg)
	status, err := tailnet.NewLocal(lc).Peers(ctx)
	if err != nil {
		return err
	}
	if len(status.TailscaleIPs) == 0 {
		return hinted{fmt.Errorf("tailscaled has no address on the tailnet yet"), "tailscale status"}
	}
	ok("tailscaled %s: %s, grants name this host as %s", status.Version, status.TailscaleIPs[0], hostName(status))

	if err := checkServing(ctx, cfg, status, ok, note); err != nil {
		return err
	}
	if err := checkGrants(ctx, cfg, lc, status, ok, note); err != nil {
		return err
	}
	return checkAPI(ctx, cfg, ok, note)
}

func joinClasses(cfg config.Config) string {
	names := make([]string, len(cfg.Allow))
	for i, class := range cfg.Allow {
		names[i] = string(class)
	}
	return strings.Join(names, ", ")
}

// checkServing asks the daemon on this host's own address how it is.
func checkServing(ctx context.Context, cfg config.Config, status *ipnstate.Status, ok, note func(string, ...any)) error {
	host := status.TailscaleIPs[0].String()
	if !status.TUN {
		note("tailscaled runs with userspace networking: the daemon listens on loopback and tailscaled forwards to it")
		host = "127.0.0.1"
	}
	word, err := askDaemon(ctx, host, cfg.Port)
	port := cfg.Port
	for _, other := range socketPorts(os.DirFS("/")) {
		if err == nil || other == cfg.Port {
			continue
		}
		if said, failed := askDaemon(ctx, host, other); failed == nil {
			word, err, port = said, nil, other
			note("the daemon answers on port %d, that of tailscale-mcp.socket, where TAILSCALE_MCP_PORT=%d has no effect; "+
				"set it to %[1]d in %[3]s, since grants are printed with it, or change the socket's: systemctl edit tailscale-mcp.socket",
				other, cfg.Port, config.File)
		}
	}
	at := net.JoinHostPort(host, strconv.Itoa(int(port)))
	if err != nil {
		return hinted{fmt.Errorf("nothing answers on %s: %w", at, err), "systemctl status tailscale-mcp.socket tailscale-mcp.service"}
	}
	if word != "" {
		return hinted{fmt.Errorf("the daemon on %s says: %s", at, word), "journalctl -u tailscale-mcp"}
	}
	ok("the daemon answers on %s", at)
	return nil
}

// askDaemon asks /healthz and returns what it says, which is empty if all is well.
func askDaemon(ctx context.Context, host string, port uint16) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, strconv.Itoa(int(port)))+"/healthz", nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	word, err := io.ReadAll(io.LimitReader(res.Body, 64))
	if err != nil || res.StatusCode == http.StatusOK {
		return "", err
	}
	return cmp.Or(strings.TrimSpace(string(word)), res.Status), nil
}

// checkGrants looks for at least one caller who may do something here.
func checkGrants(ctx context.Context, cfg config.Config, lc identity.Tailscaled, status *ipnstate.Status, ok, note func(string, ...any)) error {
	resolver := identity.New(identity.Options{
		Tailscaled: lc, Capability: cfg.Capability, AllowSelf: cfg.AllowSelf, Log: slog.New(slog.DiscardHandler),
		Self: func() (string, bool) { return string(status.Self.ID), true },
	})
	const most = 500 // nodes asked about; each costs a third of a millisecond
	granted, asked := 0, 0
	for _, key := range status.Peers() {
		p := status.Peer[key]
		if len(p.TailscaleIPs) == 0 || asked == most {
			continue
		}
		asked++
		c, err := resolver.Resolve(ctx, netip.AddrPortFrom(p.TailscaleIPs[0], 1))
		switch {
		case errors.Is(err, identity.ErrMalformedGrant):
			return hinted{fmt.Errorf("%s: %w", c, err), "correct the entry of " + cfg.Capability + " in the tailnet policy file"}
		case err == nil && !c.Rules.Empty():
			granted++
		}
	}
	if granted == 0 {
		note("no node of the %d that this host sees is granted anything here; a first grant: tailscale-mcp grant --src YOUR-LOGIN --read", asked)
		return nil
	}
	ok("%d of %d nodes are granted something here", granted, asked)
	return nil
}

// checkAPI makes one call with the credential.
func checkAPI(ctx context.Context, cfg config.Config, ok, note func(string, ...any)) error {
	api, err := newAPI(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if api == nil {
		note("no API credential: only what the local tailscaled can answer is offered")
		return nil
	}
	found, err := api.ListDevices(ctx, tailnet.DeviceQuery{})
	if err != nil {
		var e *tailnet.Error
		if errors.As(err, &e) {
			return hinted{fmt.Errorf("the Tailscale API refuses: %s", e.Message), e.Next}
		}
		return err
	}
	ok("the Tailscale API shows %d devices", len(found))
	return nil
}

// newAPI returns the client of the Tailscale API, or nil without a credential.
func newAPI(cfg config.Config, log *slog.Logger) (*tailnet.API, error) {
	api, err := tailnet.New(tailnet.Options{
		BaseURL:    cfg.APIURL,
		Tailnet:    cfg.Tailnet,
		Credential: tailnet.Credential(cfg.Credential),
		UserAgent:  "tailscale-mcp/" + version.String(),
		Log:        log,
	})
	if errors.Is(err, tailnet.ErrNoCredential) {
		return nil, nil
	}
	return api, err
}
