// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"tailscale.com/client/local"
	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/listen"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/manage"
	"tailscale-mcp/internal/metrics"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/tool/catalog/typo"
	"tailscale-mcp/internal/tsapi/limit"
	"tailscale-mcp/internal/upstream/known"
	"tailscale-mcp/internal/upstream/npm"
	"tailscale-mcp/internal/upstream/pool"
	"tailscale-mcp/internal/upstream/remote"
	"tailscale-mcp/internal/upstream/servers"
	"tailscale-mcp/internal/upstream/unit"
)

// hostRoot is where the files of this host are. Tests have a folder of their own.
var hostRoot = "/"

// operatorConfig is the daemon's configuration as far as a person's shell can
// see it, with a word about what it cannot.
func operatorConfig(p person) (config.Config, error) {
	file := filepath.Join(hostRoot, config.File)
	cfg, read, err := config.LoadWithFile(file, catalog.Groups()...)
	if err != nil || read {
		return cfg, err
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		p.note(noteNoFile, config.File)
	} else {
		p.note(noteUnreadable, config.File)
	}
	return cfg, nil
}

// localClient reaches the tailscaled of this host.
func localClient(cfg config.Config) *local.Client {
	return socket.Client(cfg.TailscaledSocket)
}

// behind are the servers behind this one, which are entered in the registry to be decided
// about.
func behind(p person, cfg config.Config, registry *gate.Registry) known.Servers {
	servers, err := known.Read(cfg.Servers, registry)
	if err != nil {
		p.note("the servers behind this one are left out of account: %v", err)
	}
	return servers
}

// callable are the names of all tools, and of those of the servers behind this one.
func callable() []string {
	names := toolNames()
	cfg, err := operatorConfig(person{err: io.Discard})
	if err != nil {
		return names
	}
	servers, err := known.Read(cfg.Servers, gate.NewRegistry(nil))
	if err != nil {
		return names
	}
	return append(names, servers.Names()...)
}

// mistaken are the selectors in grants that give nothing.
func mistaken(rules grant.Rules, servers known.Servers) []typo.Mistake {
	all := typo.In(rules)
	for _, m := range servers.In(rules) {
		all = append(all, typo.Mistake(m))
	}
	return all
}

// mistakenBehind are those with the name of a server, by what servers offer at the time.
func mistakenBehind(registry *gate.Registry) func(grant.Rules) []typo.Mistake {
	return func(rules grant.Rules) (all []typo.Mistake) {
		for _, m := range (known.Servers{Registry: registry}).In(rules) {
			all = append(all, typo.Mistake(m))
		}
		return all
	}
}

// checkServers looks at the servers behind this one, one after the other.
func checkServers(ctx context.Context, cfg config.Config, servers known.Servers, ok, note func(string, ...any)) {
	servers.Doctor(ctx, known.Host{Dial: unit.Dialer(cfg.Servers, cfg.ServersUnconfined), Remote: elsewhere(cfg), Unconfined: cfg.ServersUnconfined}, ok, note)
}

// elsewhere reaches servers that are not started here. Where systemd does not run servers, it
// hands over no credentials either.
func elsewhere(cfg config.Config) remote.Client {
	if cfg.ServersUnconfined {
		return remote.Client{}
	}
	return remote.Client{Dial: unit.Dialer(cfg.Servers, false)}
}

// openServers are the servers behind this one, of which it knows none yet.
func openServers(cfg config.Config, registry *gate.Registry, records audit.Log, counts *metrics.Metrics, log *slog.Logger) *servers.Servers {
	if cfg.ServersUnconfined {
		log.Warn("servers behind this one are not confined: each may do all that the account may which runs it, and nothing keeps its callers apart",
			"why", "TAILSCALE_MCP_SERVERS_UNCONFINED", "remedy", "leave it out wherever systemd runs")
	}
	return servers.New(servers.Options{
		Dir: cfg.Servers, Endings: unit.Endings, Dial: unit.Dialer(cfg.Servers, cfg.ServersUnconfined), Remote: elsewhere(cfg), Registry: registry, Log: log,
		ReadsOnly: cfg.AuditFile == "", Withheld: withheld(records, log),
		Counted: func(server string, what pool.Event) { counts.ServerStart(server, string(what)) },
	})
}

// serverChanges is how many calls that are no reads one caller may begin in a minute on
// servers behind this one, a third of them at once: each has two records, for which others
// go one day. They are nothing to the Tailscale API.
const serverChanges = 600

// chargeServers is what such a call costs its caller.
func chargeServers() func(caller string) error {
	quotas := limit.Quotas{PerMinute: serverChanges, Now: time.Now}
	return func(caller string) error {
		e := quotas.Take(caller)
		if e == nil {
			return nil
		}
		e.Message = fmt.Sprintf("this caller has begun as many calls of servers' tools that are no reads as one may: %d a minute, %d of them at once; nothing was done", serverChanges, serverChanges/3)
		return e
	}
}

// serverCommand is for the servers behind this one.
func serverCommand() *cobra.Command {
	return manage.Command(func(ctx context.Context, changes bool) (manage.Host, func(), error) {
		// The completions of fish set it for cobra; it is no variable of the configuration.
		_ = os.Unsetenv("TAILSCALE_MCP_ACTIVE_HELP")
		cfg, err := operatorConfig(person{err: io.Discard})
		if err != nil {
			return manage.Host{}, nil, err
		}
		h := manage.Host{
			Dir: cfg.Servers, Unconfined: cfg.ServersUnconfined, NPM: npm.Folder, States: unit.States, Endings: unit.Endings, Dial: unit.Dialer(cfg.Servers, cfg.ServersUnconfined), Remote: elsewhere(cfg),
			Credentials: []string{"/etc/credstore", "/run/credstore", "/usr/lib/credstore"}, // systemd.exec(5)
			Handed:      []string{"/run/credentials/@system", "/run/credentials/@encrypted"},
			URL: func(ctx context.Context, server string) string {
				host, _ := address(ctx, cfg)
				if host == "" {
					return ""
				}
				return fmt.Sprintf("http://%s/%s/mcp", net.JoinHostPort(host, strconv.Itoa(int(cfg.Port))), server)
			},
			Grant: func(ctx context.Context, server string) string {
				_, dst := address(ctx, cfg)
				return grant.Missing{
					Capability: cfg.Capability, Src: []string{"alice@example.com"}, Dst: dst, Port: cfg.Port,
					Tools: []string{server + "/read:*"}, Resources: []string{server + "/*"},
				}.String()
			},
		}
		if cfg.ServersUnconfined {
			return h, func() {}, nil
		}
		systemd, done, err := manage.Connect(ctx)
		switch {
		case err == nil:
			h.Systemd = systemd
			return h, done, nil
		case changes:
			return manage.Host{}, nil, err
		}
		return h, func() {}, nil // what only reads says what the files do
	})
}

// address is where clients reach this host, by its name in MagicDNS if it has one, and how
// grants name it; both are empty while tailscaled does not say.
func address(ctx context.Context, cfg config.Config) (host, dst string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	status, err := localapi.New(localClient(cfg)).Self(ctx)
	if err != nil {
		return "", ""
	}
	dst = hostName(status)
	if status.Self != nil && status.Self.DNSName != "" {
		return strings.TrimSuffix(status.Self.DNSName, "."), dst
	}
	if len(status.TailscaleIPs) > 0 {
		return status.TailscaleIPs[0].String(), dst
	}
	return "", dst
}

// hostName is how a grant names this host: its first tag, else its address.
func hostName(status *ipnstate.Status) string {
	if self := status.Self; self != nil && self.Tags != nil && self.Tags.Len() > 0 {
		return slices.Min(self.Tags.AsSlice())
	}
	if len(status.TailscaleIPs) > 0 {
		return status.TailscaleIPs[0].String()
	}
	return ""
}

// host is how grants name this host: its first tag, else its address.
func host(l *listen.Listener) gate.Host {
	self := l.Self()
	h := gate.Host{Port: l.Port()}
	switch {
	case len(self.Tags) > 0:
		h.Name = self.Tags[0]
	case len(self.Addrs) > 0:
		h.Name = self.Addrs[0].String()
	}
	return h
}

// nodesOf finds the addresses of the nodes that as names: one node, or all of
// a login or a tag.
func nodesOf(status *ipnstate.Status, as string) []netip.Addr {
	addr, err := netip.ParseAddr(as)
	var found []netip.Addr
	all := []*ipnstate.PeerStatus{status.Self}
	for _, key := range status.Peers() {
		all = append(all, status.Peer[key])
	}
	for _, p := range all {
		if p == nil || len(p.TailscaleIPs) == 0 {
			continue
		}
		name := strings.TrimSuffix(p.DNSName, ".")
		label, _, _ := strings.Cut(name, ".")
		tagged := p.Tags != nil && p.Tags.Len() > 0
		login := status.User[p.UserID].LoginName
		if err == nil && slices.Contains(p.TailscaleIPs, addr) ||
			strings.EqualFold(name, as) || strings.EqualFold(label, as) ||
			tagged && slices.Contains(p.Tags.AsSlice(), as) ||
			!tagged && login == as {
			found = append(found, p.TailscaleIPs[0])
		}
	}
	return found
}
