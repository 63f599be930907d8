// SPDX-License-Identifier: MIT

package testbed

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/tstest/integration/testcontrol"
	"tailscale.com/types/key"
)

// control is the tailnet's coordination server. The protocol (keys, Noise, registration) is testcontrol's. The network map
// is made here, because testcontrol makes up its users, gives everybody the same grants, and sends a node nothing further
// once a map of one's own was sent to it.
type control struct {
	server testcontrol.Server
	domain string
	dns    *tailcfg.DNSConfig // what everybody is told

	mu       sync.Mutex
	changed  chan struct{} // closed, and replaced, by every change
	rev      int64         // counts changes
	sessions int64         // counts map streams
	machines []*machine    // in order of registration, removed ones included
	keys     map[key.NodePublic]*machine
	fakes    int                       // counts fake peers
	lastAddr int                       // last host number given out, see hostAddr
	taken    map[netip.Addr]bool       // every address that was ever given out
	users    map[string]tailcfg.UserID // by login
	expected map[string]registration   // by name
	grants   map[string][]rule         // by destination's name
	policy   *ruling                   // in place of grants, once there is one
	cut      map[string]bool           // who cannot hear the control server, by name
}

// registration is what the control server is told about a machine before it registers. Nobody else can.
type registration struct {
	account account
	face    *face      // where that machine reaches the servers
	addr4   netip.Addr // what it gets when it registers first; zero: the next one
}

func newControl(domain string, dns *tailcfg.DNSConfig, logf func(string, ...any)) *control {
	if dns == nil {
		dns = &tailcfg.DNSConfig{Proxied: true, Domains: []string{domain}}
	}
	c := &control{
		domain:   domain,
		dns:      dns,
		changed:  make(chan struct{}),
		keys:     make(map[key.NodePublic]*machine),
		taken:    make(map[netip.Addr]bool),
		users:    make(map[string]tailcfg.UserID),
		expected: make(map[string]registration),
		grants:   make(map[string][]rule),
		cut:      make(map[string]bool),
	}
	c.server.Logf = func(format string, args ...any) { logf("control: "+strings.TrimSuffix(format, "\n"), args...) }
	c.server.AltMapStream = c.serveMap
	return c
}

// ServeHTTP lets through what tailscaled asks for. Anything else would make testcontrol panic, which must not be within
// reach of whoever finds the port.
func (c *control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/key", path == "/ts2021", path == "/generate_204", strings.HasPrefix(path, "/c2n/"):
		c.server.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// expect says who the machine that will register as name acts for, and from where it comes. A new name is given an address
// at once, so that the nodes of a test have the same ones in every run.
func (c *control) expect(name string, r registration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.expected[name]; !known {
		r.addr4 = c.nextAddrLocked()
	}
	c.expected[name] = r
}

// registration is what was last said about the machine called name.
func (c *control) registration(name string) registration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expected[name]
}

// change runs f on the state and wakes all map streams.
func (c *control) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rev++
	f()
	c.wakeLocked()
}

func (c *control) wakeLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// touchLocked marks m as changed, for the next message of every map stream, its own included.
func (c *control) touchLocked(m *machine) {
	c.touchForPeersLocked(m)
	m.selfRev = c.rev
}

// touchForPeersLocked marks m as changed in what only its peers are told.
func (c *control) touchForPeersLocked(m *machine) {
	c.rev++
	m.rev = c.rev
}

// byNameLocked returns the machine that goes by name now, or nil.
func (c *control) byNameLocked(name string) *machine {
	for _, m := range slices.Backward(c.machines) {
		if m.name == name && !m.removed {
			return m
		}
	}
	return nil
}

// machine returns a copy of what goes by name now or, when that is nothing, did last; nil for an unknown name.
func (c *control) machine(name string) *machine {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.byNameLocked(name)
	for _, old := range c.machines {
		if m == nil && old.name == name {
			m = old
		}
	}
	if m == nil {
		return nil
	}
	copied := *m
	return &copied
}

// real returns copies of the machines that have a process behind them, removed ones included.
func (c *control) real() []machine {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ms []machine
	for _, m := range c.machines {
		if !m.fake {
			ms = append(ms, *m)
		}
	}
	return ms
}

// machineOfLocked finds or admits the machine that a map request comes from. It is nil for a key that did not register or
// was replaced, and for a name that is not expected.
//
// The same machine key means the same machine, with its address, whatever happened to its node key: logging out and in
// again changes nothing. A machine that was removed, or has lost its state, is a new one.
func (c *control) machineOfLocked(req *tailcfg.MapRequest) *machine {
	if m := c.keys[req.NodeKey]; m != nil {
		if m.nodeKey != req.NodeKey {
			return nil
		}
		return m
	}
	node := c.server.Node(req.NodeKey)
	if node == nil || req.Hostinfo == nil {
		return nil
	}
	name := strings.ToLower(req.Hostinfo.Hostname)
	expected, ok := c.expected[name]
	if !ok {
		return nil
	}
	var m *machine
	for _, known := range c.machines {
		if known.machineKey == node.Machine && !known.removed {
			m = known
		}
	}
	if m == nil {
		if old := c.byNameLocked(name); old != nil {
			old.removed = true
			c.touchLocked(old)
		}
		if !expected.addr4.IsValid() {
			expected.addr4 = c.nextAddrLocked()
		}
		m = &machine{
			id:         c.nextIDLocked(),
			addr4:      expected.addr4,
			created:    time.Now().UTC(),
			machineKey: node.Machine,
		}
		c.machines = append(c.machines, m)
		expected.addr4 = netip.Addr{} // the next machine of this name is another one
		c.expected[name] = expected
	}
	m.name = name
	m.account = expected.account
	m.nodeKey = req.NodeKey
	m.heard = false
	m.version = req.Version
	m.hostinfo = req.Hostinfo.View()
	c.keys[req.NodeKey] = m
	c.touchLocked(m)
	return m
}

func (c *control) nextIDLocked() tailcfg.NodeID { return tailcfg.NodeID(len(c.machines) + 1) }

// nextAddrLocked returns an address that was never given out.
func (c *control) nextAddrLocked() netip.Addr {
	for {
		c.lastAddr++
		if addr := hostAddr(c.lastAddr); !c.taken[addr] {
			c.taken[addr] = true
			return addr
		}
	}
}

// maxHosts is how many addresses there are to give out.
const maxHosts = 1 << 20

// hostAddr is the n-th address of 100.64.0.0/12, a part of Tailscale's range without reserved addresses.
func hostAddr(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{100, 64 + byte(n>>16), byte(n >> 8), byte(n)})
}
