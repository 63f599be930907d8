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
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/identity"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/service"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/tool/catalog/typo"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/upstream/known"
	"tailscale-mcp/internal/version"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "walk the path a request takes and say at the first break what to do",
		RunE:  func(c *cobra.Command, _ []string) error { return runDoctor(c.Context(), personOf(c)) },
	}
}

// runDoctor walks the path of a request and stops at the first break.
func runDoctor(ctx context.Context, p person) error {
	ok, note := p.stepOK, p.stepNote
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()

	cfg, err := operatorConfig(p)
	if err != nil {
		return err
	}
	for _, w := range cfg.Warnings {
		note("%s", w)
	}
	ok("configuration: offers %s tools%s, on port %d", joinClasses(cfg), ofGroups(cfg), cfg.Port)

	checkAudit(cfg, ok, note)

	lc := localClient(cfg)
	status, err := localapi.New(lc).Peers(ctx)
	if err != nil {
		return err
	}
	if len(status.TailscaleIPs) == 0 {
		return cli.Hint(fmt.Errorf("tailscaled has no address on the tailnet yet"), "tailscale status")
	}
	ok("tailscaled %s: %s, grants name this host as %s", status.Version, status.TailscaleIPs[0], hostName(status))
	if status.Self == nil || !status.Self.Online {
		note("tailscaled says that it is without its control server: what the policy file grants or revokes now is not felt here, " +
			"and the daemon serves reads only once that has lasted a minute (see: tailscale status; journalctl -u tailscaled)")
	}

	if err := checkServing(ctx, cfg, status, ok, note); err != nil {
		return err
	}
	servers := behind(p, cfg, gate.NewRegistry(nil))
	if err := checkGrants(ctx, cfg, lc, status, servers, ok, note); err != nil {
		return err
	}
	checkServers(ctx, cfg, servers, ok, note)
	return checkAPI(ctx, cfg, ok, note)
}

// ofGroups names the groups that are offered, where it is not all of them.
func ofGroups(cfg config.Config) string {
	if cfg.Groups == nil {
		return ""
	}
	return " of the groups " + strings.Join(cfg.Groups, ", ")
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
	for _, other := range service.SocketPorts(os.DirFS(hostRoot)) {
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
		return cli.Hint(fmt.Errorf("nothing answers on %s: %w", at, err), "systemctl status tailscale-mcp.socket tailscale-mcp.service")
	}
	if word != "" {
		return cli.Hint(fmt.Errorf("the daemon on %s says: %s", at, word), "journalctl -u tailscale-mcp")
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

// holders are the callers that the grants of this host are for, each once.
type holders struct {
	nodes, conditioned int
	some, all          []string // logins and tags; all are those who may do everything
	wrong              []typo.Mistake
}

// mostWrong bounds the mistakes in grants that are told.
const mostWrong = 10

// enter adds a node that is granted something.
func (h *holders) enter(c caller.Caller, tools []grant.Tool, servers known.Servers) {
	h.nodes++
	if c.Rules.Conditioned() {
		h.conditioned++
	}
	who := strings.Join(c.Principals(), ",")
	if slices.Contains(h.some, who) {
		return
	}
	h.some = append(h.some, who)
	if !slices.ContainsFunc(tools, func(t grant.Tool) bool { d := c.Rules.Tool(t); return !d.Allowed || d.Terms != nil }) {
		h.all = append(h.all, who)
	}
	for _, m := range mistaken(c.Rules, servers) {
		if len(h.wrong) < mostWrong && !slices.Contains(h.wrong, m) {
			h.wrong = append(h.wrong, m)
		}
	}
}

// checkGrants says who may do something here, who everything, and which entries give
// nothing.
func checkGrants(ctx context.Context, cfg config.Config, lc identity.Tailscaled, status *ipnstate.Status, servers known.Servers, ok, note func(string, ...any)) error {
	resolver := identity.New(identity.Options{
		Tailscaled: lc, Capability: cfg.Capability, AllowSelf: cfg.AllowSelf, Log: slog.New(slog.DiscardHandler),
		Self: func() (string, bool) { return string(status.Self.ID), true },
	})
	tools := catalog.Known()
	const most = 500 // nodes asked about; each costs a third of a millisecond
	asked := 0
	var found holders
	for _, key := range status.Peers() {
		p := status.Peer[key]
		if len(p.TailscaleIPs) == 0 || asked == most {
			continue
		}
		asked++
		c, err := resolver.Resolve(ctx, netip.AddrPortFrom(p.TailscaleIPs[0], 1))
		switch {
		case errors.Is(err, identity.ErrMalformedGrant):
			return cli.Hint(fmt.Errorf("%s: %w", c, err), "correct the entry of "+cfg.Capability+" in the tailnet policy file")
		case err == nil && !c.Rules.Empty():
			found.enter(c, tools, servers)
		}
	}
	if found.nodes == 0 {
		note("no node of the %d that this host sees is granted anything here; a first grant: tailscale-mcp grant --src YOUR-LOGIN --read", asked)
		return nil
	}
	ok("%d of %d nodes are granted something here: %s", found.nodes, asked, fewOf(found.some))
	if found.conditioned > 0 {
		note("%d of them by entries with devices, until, rate or servers: %s", found.conditioned, grant.Since)
	}
	for _, m := range found.wrong {
		note("a grant names %q, which gives nothing: %s", m.Selector, m.Why)
	}
	if len(found.all) > 0 {
		note("everything that this version has is granted to: %s", fewOf(found.all))
	}
	return nil
}

// fewOf lists names, and how many are left out.
func fewOf(names []string) string {
	const most = 10
	slices.Sort(names)
	more := ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ") + more
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
	found, err := api.ListDevices(ctx, tsapi.DeviceQuery{})
	if err != nil {
		return refusedByAPI(err)
	}
	ok("the Tailscale API shows %d devices", len(found))
	return checkScopes(ctx, cfg, api, ok, note)
}

// refusedByAPI is an error of the Tailscale API as a person is told it, and any other as
// it is.
func refusedByAPI(err error) error {
	var e *tsapi.Error
	if errors.As(err, &e) {
		return cli.Hint(fmt.Errorf("the Tailscale API refuses: %s", e.Message), e.Next)
	}
	return err
}

// newAPI returns the client of the Tailscale API, or nil without a credential.
func newAPI(cfg config.Config, log *slog.Logger, adjust ...func(*tsapi.Options)) (*tsapi.API, error) {
	o := tsapi.Options{
		BaseURL:    cfg.APIURL,
		Tailnet:    cfg.Tailnet,
		Credential: cfg.Credential,
		UserAgent:  "tailscale-mcp/" + version.String(),
		Log:        log,
	}
	for _, f := range adjust {
		f(&o)
	}
	api, err := tsapi.New(o)
	if errors.Is(err, tsapi.ErrNoCredential) {
		return nil, nil
	}
	return api, err
}
