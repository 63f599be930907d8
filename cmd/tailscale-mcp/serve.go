// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/gateway"
	"tailscale-mcp/internal/identity"
	"tailscale-mcp/internal/listen"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/metrics"
	"tailscale-mcp/internal/service"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/tool/catalog/typo"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/version"
)

const (
	// stopTimeout is how long calls in flight may take to end after SIGTERM: longer
	// than a tool's own bound, so that a change is not cut off and its outcome is
	// recorded. Those to servers behind this one, which may take longer, are answered
	// then with an error. The unit's TimeoutStopSec is longer still.
	stopTimeout = gate.DefaultTimeout + 15*time.Second
	// answerTime is how long these answers may take to go out.
	answerTime = 2 * time.Second
	// closeTime is how long the processes of servers may take to end after that.
	closeTime = 20 * time.Second
)

// refuseTime is how long a daemon that cannot start turns clients away; only
// with a socket from systemd.
const refuseTime = 3 * time.Second

func serveCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "serve MCP on this host's Tailscale addresses (what the systemd unit runs; the default)",
		RunE:  func(c *cobra.Command, _ []string) error { return runServe(c.Context(), s) },
	}
}

// runServe is the daemon: it wires the stages in the order a request meets
// them and serves until it is told to stop. It ends by itself only for a
// configuration that cannot work: a tailscaled that is away is waited for.
func runServe(ctx context.Context, s streams) error {
	cfg, err := config.Load(catalog.Groups()...)
	if err != nil {
		return refuseStart(ctx, s, err)
	}
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: cfg.LogLevel}))
	stdlog.SetFlags(0)
	stdlog.SetOutput(library{log})
	for _, w := range cfg.Warnings {
		log.Warn("configuration", "warning", w)
	}

	counts := metrics.New(version.String())
	api, err := newAPI(cfg, log, func(o *tsapi.Options) {
		o.CallerRate = cfg.Limits.APIRate
		o.Observe = func(op string, status int, code failure.Code, took time.Duration) {
			counts.Upstream(op, status, string(code), took)
		}
	})
	if err != nil {
		return refuseStart(ctx, s, cli.Hint(err, "correct the credential in "+config.File))
	}
	lc := localClient(cfg)
	manager := &manager{log: log}
	listener, err := openListener(cfg, lc, manager, log)
	if err != nil {
		return err
	}
	offers := offer(cfg)
	if offers.notice != "" {
		log.Warn("configuration", "warning", offers.notice)
	}
	registry := catalog.New(catalog.Options{
		Local: socket.ClientForTools(cfg.TailscaledSocket), API: api, Ceiling: offers.ceiling, Unaudited: offers.unaudited, Groups: cfg.Groups,
		Capability: cfg.Capability, Version: version.String(), Metrics: counts.Text,
	})
	trail := openTrail(cfg, s.out, losses{counts.AuditLost, counts.JournalLost}, log)
	defer closeTrail(trail, log)
	records := counts.Audit(trail, offered(registry))
	dispatcher := gate.NewDispatcher(gate.Options{
		Registry: registry, Audit: records, Digest: trail.Digest, Notice: offers.notice, Log: log,
		Capability: cfg.Capability, AskPerson: cfg.ConfirmByPerson, Charge: charge(api), ChargeServers: chargeServers(),
		Host:      func() gate.Host { return host(listener) },
		ReadsOnly: func() string { return listener.State().ReadsOnly },
	})
	behind := openServers(cfg, registry, records, counts, log)
	defer behind.Close()
	behind.Follow(ctx)
	resolver := identity.New(identity.Options{
		Tailscaled: counts.Tailscaled(lc), Capability: cfg.Capability, AllowSelf: cfg.AllowSelf, Keep: behind.Passes, Log: log,
		Self: func() (string, bool) { id := listener.Self().NodeID; return id, id != "" },
	})
	mcp := mcpserver.New(mcpserver.Options{Dispatcher: dispatcher, Groups: catalog.Groups(), Version: version.String(), Log: log})
	way := front.New(front.Options{
		Resolve: (&typo.Watcher{Log: log, Servers: mistakenBehind(registry)}).Watch(resolver.Resolve),
		Names:   func() []string { return hostNames(listener.Self(), cfg.Hostnames) },
		Health:  func() string { return string(listener.State().Phase) },
		Limits:  front.Limits{Connections: cfg.Limits.Connections, Calls: cfg.Limits.Calls, Streams: cfg.Limits.Streams, Rate: cfg.Limits.Rate},
		Refused: mcp.Refused, Observe: front.Observe{HTTP: counts.HTTP, Limited: counts.Limited}, Log: log,
	})
	door := gateway.New(gateway.Options{Servers: behind, Dispatcher: dispatcher, Version: version.String(), Log: log})
	way.Handle(mcpserver.Path, mcp.Serve)
	door.Handle(way)
	way.Handle(metricsPath, scrape(dispatcher))
	counts.Gauges(inUse(way, behind.Stats))
	if api == nil {
		log.Info("no API credential: only what the local tailscaled can answer is offered")
	} else {
		go warnScopes(ctx, api, offers.ceiling, cfg.Groups, log)
	}
	// What making the tools has left behind goes back to the system: a daemon is at rest for
	// days.
	debug.FreeOSMemory()
	end := ending{drain: func() { mcp.Drain(); door.Drain() }, cut: behind.Cut}
	return serve(ctx, way.HTTPServer(), end, listener, manager, log)
}

// refuseStart reports a configuration that cannot work, and ends after it has
// turned away for a while whoever is waiting at a socket from systemd: systemd
// would start the service again for them at once, and give up the socket when that
// goes on.
func refuseStart(ctx context.Context, s streams, err error) error {
	report(s.err, err)
	ctx, cancel := context.WithTimeout(ctx, refuseTime)
	defer cancel()
	if err := listen.TurnAway(ctx); err != nil {
		fmt.Fprintf(s.err, "error: %v\n", err)
	}
	return cli.Code(exitConfiguration)
}

// openListener takes the sockets of systemd, or binds by itself.
func openListener(cfg config.Config, lc listen.Tailscaled, m *manager, log *slog.Logger) (*listen.Listener, error) {
	inherited, err := listen.Inherited()
	if err != nil {
		return nil, cli.Hint(fmt.Errorf("taking over the sockets from systemd: %w", err), "systemctl cat tailscale-mcp.socket")
	}
	return listen.Open(listen.Config{
		Tailscaled: lc,
		Port:       cfg.Port,
		Inherited:  inherited,
		Log:        log,
		OnChange:   m.changed,
	})
}

// ending is what is done when the daemon stops: drain ends streams, and cut answers the
// calls to servers behind this one that have not ended in time.
type ending struct{ drain, cut func() }

// serve serves until ctx ends, then lets calls in flight finish.
func serve(ctx context.Context, h *http.Server, end ending, listener *listen.Listener, m *manager, log *slog.Logger) error {
	served := make(chan error, 1)
	go func() { served <- h.Serve(listener) }()
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	go func() {
		if err := service.Watchdog(watching, log, listener.Probe); err != nil {
			log.Error("watchdog", "err", err)
		}
	}()
	m.ready(listener.State)

	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping: finishing calls in flight", "atMost", stopTimeout)
	m.told(service.Stopping(stopTimeout + answerTime + closeTime))
	late := time.AfterFunc(stopTimeout, end.cut)
	defer late.Stop()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout+answerTime)
	defer cancel()
	listener.Quiesce(ending) // who has been let in is served
	end.drain()
	// Shutdown hangs up on whoever's request it has not read yet, without an answer.
	// Without keep-alive connections end with the answer, and those without a request
	// when its header is overdue.
	h.SetKeepAlivesEnabled(false)
	listener.Vacant(ending)
	if err := h.Shutdown(ending); err != nil {
		// No failure of this service: whoever is still there may have been cut off
		// long ago, with the network device of tailscaled.
		log.Warn("calls in flight were cut off", "after", stopTimeout, "err", err)
		_ = h.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// manager is the service manager. Ready and the changes of state come from two
// goroutines; what it was told last must be the newest.
type manager struct {
	log *slog.Logger
	mu  sync.Mutex
}

func (m *manager) ready(state func() listen.State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told(service.Ready(state().Detail))
}

func (m *manager) changed(state listen.State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told(service.Status(state.Detail))
}

// told logs what could not be told; it is never a reason to stop serving.
func (m *manager) told(err error) {
	if err != nil {
		m.log.Warn("service manager", "err", err)
	}
}

// charge is what a change of ours that begins costs its caller; nothing without the API, as
// nothing of ours can be changed then.
func charge(api *tsapi.API) func(caller string) error {
	if api == nil {
		return nil
	}
	return api.Charge
}

// hostNames are the names that requests may be addressed to; none before
// tailscaled has said what this host is called.
func hostNames(self listen.Self, further []string) []string {
	if self.NodeID == "" && len(self.Addrs) == 0 {
		return nil
	}
	names := append([]string{}, further...)
	for _, addr := range self.Addrs {
		names = append(names, addr.String())
	}
	if self.DNSName != "" {
		label, _, _ := strings.Cut(self.DNSName, ".")
		names = append(names, strings.ToLower(self.DNSName), strings.ToLower(label))
	}
	return names
}
