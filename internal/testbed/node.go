// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"tailscale.com/client/local"
	"tailscale.com/ipn"
	"tailscale.com/types/preftype"
)

// tunName is the TUN device of a namespaced node, the name that tailscaled gives it by default.
const tunName = "tailscale0"

// Node is a machine of the tailnet: a tailscaled process, and a network namespace if it has one.
type Node struct {
	Name   string // its host name
	Dir    string // its files; removed by Tailnet.Close. "" for an adopted one
	Socket string // its LocalAPI socket

	tn      *Tailnet
	ns      *namespace // nil: it shares the machine's network
	face    *face      // where it reaches the servers
	client  *local.Client
	adopted bool // its tailscaled is somebody else's

	turn sync.Mutex // held while the node is being started, stopped, logged in or out

	mu         sync.Mutex
	proc       *process
	transports []*http.Transport
}

var (
	errNotRunning = errors.New("the node is not running")
	errAdopted    = errors.New("its tailscaled is somebody else's to start and stop")
)

func newLocalClient(socket string) *local.Client {
	return &local.Client{Socket: socket, UseSocketOnly: true}
}

// LocalClient is a client of the node's LocalAPI, with the rights of this process's user. It remains valid over restarts.
func (n *Node) LocalClient() *local.Client { return n.client }

// Log is the file with everything that the node's tailscaled has said.
func (n *Node) Log() string { return filepath.Join(n.Dir, "tailscaled.log") }

// IPv4 is the node's Tailscale address, the zero Addr before it has one.
func (n *Node) IPv4() netip.Addr {
	if m := n.tn.control.machine(n.Name); m != nil {
		return m.addr4
	}
	return netip.Addr{}
}

// IPv6 is the node's Tailscale address, the zero Addr before it has one.
func (n *Node) IPv6() netip.Addr {
	if m := n.tn.control.machine(n.Name); m != nil {
		return m.addr6()
	}
	return netip.Addr{}
}

// FQDN is the node's MagicDNS name, without a dot at its end.
func (n *Node) FQDN() string { return n.Name + "." + n.tn.Domain() }

// StableID is the node's stable ID, "" before it has one.
func (n *Node) StableID() string {
	if m := n.tn.control.machine(n.Name); m != nil {
		return string(m.stableID())
	}
	return ""
}

// Login is the user that the node belongs to; "" for a tagged node.
func (n *Node) Login() string {
	if a := n.account(); len(a.tags) == 0 {
		return a.login
	}
	return ""
}

// Tags are the node's tags, sorted; none for a user's node.
func (n *Node) Tags() []string { return slices.Clone(n.account().tags) }

func (n *Node) account() account {
	if m := n.tn.control.machine(n.Name); m != nil {
		return m.account
	}
	return n.tn.control.registration(n.Name).account
}

// Userspace reports whether the node has neither a namespace nor a TUN device: peers' connections to its Tailscale
// addresses arrive at 127.0.0.1 of this machine, with tailscaled in between.
func (n *Node) Userspace() bool { return n.ns == nil && !n.adopted }

// Running reports whether the node's tailscaled runs.
func (n *Node) Running() bool { return n.adopted || n.process() != nil }

// PID is the process ID of the node's tailscaled, 0 when it is not running, or not ours.
func (n *Node) PID() int {
	if p := n.process(); p != nil {
		return p.cmd.Process.Pid
	}
	return 0
}

// online reports whether the node runs and is logged in.
func (n *Node) online() bool {
	m := n.tn.control.machine(n.Name)
	return n.Running() && m != nil && m.online && !m.removed
}

// Start starts the node's tailscaled again, with the state that it had, and returns when it is back in the tailnet: or, if
// it was logged out, when it says so.
func (n *Node) Start(ctx context.Context) error {
	n.turn.Lock()
	defer n.turn.Unlock()
	switch {
	case n.adopted:
		return fmt.Errorf("starting %s: %w", n.Name, errAdopted)
	case n.Running():
		return fmt.Errorf("starting %s: it is running", n.Name)
	}
	n.tn.control.restarting(n.Name)
	if err := n.run(ctx); err != nil {
		return fmt.Errorf("starting %s: %w", n.Name, err)
	}
	prefs, err := n.client.GetPrefs(ctx)
	if err != nil {
		return fmt.Errorf("starting %s: reading its preferences: %w", n.Name, err)
	}
	if m := n.tn.control.machine(n.Name); !prefs.WantRunning || m == nil || m.removed {
		err = n.awaitState(ctx, ipn.NeedsLogin)
	} else {
		err = n.awaitOnline(ctx)
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", n.Name, n.explain(err))
	}
	return n.tn.Settle(ctx)
}

// Stop ends the node's tailscaled as a service manager would, with SIGTERM, and returns when the others see it offline.
func (n *Node) Stop(ctx context.Context) error { return n.end(ctx, syscall.SIGTERM) }

// Kill ends the node's tailscaled with SIGKILL and returns when the others see it offline.
func (n *Node) Kill(ctx context.Context) error { return n.end(ctx, syscall.SIGKILL) }

func (n *Node) end(ctx context.Context, sig syscall.Signal) error {
	n.turn.Lock()
	defer n.turn.Unlock()
	p := n.process()
	switch {
	case n.adopted:
		return fmt.Errorf("ending %s: %w", n.Name, errAdopted)
	case p == nil:
		return fmt.Errorf("ending %s: %w", n.Name, errNotRunning)
	}
	if err := p.end(ctx, sig); err != nil {
		return fmt.Errorf("ending %s: %w", n.Name, err)
	}
	if err := n.awaitOffline(ctx); err != nil {
		return fmt.Errorf("ending %s: %w", n.Name, err)
	}
	return n.tn.Settle(ctx)
}

// LogOut logs the node out. Its peers go on seeing it, offline, as they do a real one.
func (n *Node) LogOut(ctx context.Context) error {
	n.turn.Lock()
	defer n.turn.Unlock()
	if err := n.logOut(ctx); err != nil {
		return fmt.Errorf("logging %s out: %w", n.Name, err)
	}
	return n.tn.Settle(ctx)
}

func (n *Node) logOut(ctx context.Context) error {
	if !n.Running() {
		return errNotRunning
	}
	n.tn.control.mute(n.Name)
	if err := n.client.Logout(ctx); err != nil {
		return err
	}
	if err := n.awaitState(ctx, ipn.NeedsLogin); err != nil {
		return n.explain(err)
	}
	return n.awaitOffline(ctx)
}

// LogIn logs the node in again as whom it was. It has the address that it had, unless it was removed meanwhile.
func (n *Node) LogIn(ctx context.Context) error {
	n.turn.Lock()
	defer n.turn.Unlock()
	return n.logIn(ctx)
}

func (n *Node) logIn(ctx context.Context) error {
	if !n.Running() {
		return fmt.Errorf("logging %s in: %w", n.Name, errNotRunning)
	}
	n.tn.control.restarting(n.Name)
	if err := n.register(ctx); err != nil {
		return fmt.Errorf("logging %s in: %w", n.Name, n.explain(err))
	}
	return n.tn.Settle(ctx)
}

// LogInAs removes the node from the tailnet and logs it in as another: the user login or, if there are any, tags. It becomes
// a new machine with new addresses, which is how a running daemon meets a changed address in the field.
func (n *Node) LogInAs(ctx context.Context, login string, tags ...string) error {
	n.turn.Lock()
	defer n.turn.Unlock()
	if login == "" && len(tags) == 0 {
		return fmt.Errorf("logging %s in: neither a user nor tags were given", n.Name)
	}
	if err := checkTags(tags); err != nil {
		return fmt.Errorf("logging %s in: %w", n.Name, err)
	}
	if err := n.logOut(ctx); err != nil {
		return fmt.Errorf("logging %s out: %w", n.Name, err)
	}
	n.tn.control.remove(n.Name)
	n.tn.control.expect(n.Name, registration{account: account{login: login, tags: sortedTags(tags)}, face: n.face})
	return n.logIn(ctx)
}

// register logs the node in, as whom the control server expects, and returns when it is in the tailnet.
func (n *Node) register(ctx context.Context) error {
	prefs := ipn.NewPrefs()
	prefs.ControlURL = n.face.controlURL()
	prefs.Hostname = n.Name
	prefs.WantRunning = true
	prefs.CorpDNS = false // the machine's resolver is not ours to change
	prefs.NetfilterMode = preftype.NetfilterOff
	prefs.AutoUpdate.Check = false
	prefs.AdvertiseTags = n.tn.control.registration(n.Name).account.tags
	if err := n.client.Start(ctx, ipn.Options{UpdatePrefs: prefs}); err != nil {
		return fmt.Errorf("setting the preferences: %w", err)
	}
	// This control server asks nobody to visit a web page: the login is done when its answer is there.
	if err := n.client.StartLoginInteractive(ctx); err != nil {
		return fmt.Errorf("logging in: %w", err)
	}
	return n.awaitOnline(ctx)
}
