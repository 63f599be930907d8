// SPDX-License-Identifier: MIT

package route

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tailscale.com/ipn/ipnstate"
)

// Path is the way to the server in single steps, for a person who looks for the break.
// It asks and connects exactly as a Router does. The steps are the methods, in their
// order; each needs those before it. Advice reads their errors.
type Path struct {
	r       *Router
	status  *ipnstate.Status
	way     way
	at      resolved
	offline string // says that the server's node is offline
	without error  // why tailscaled plays no part
}

// expirySoon is how long before the expiry of its key a person should know.
const expirySoon = 7 * 24 * time.Hour

// NewPath prepares the way of a Router with cfg.
func NewPath(ctx context.Context, cfg Config) *Path {
	return &Path{r: New(ctx, cfg)}
}

// Local reports whether the server is this machine itself or one in the same
// process, for which no tailscaled is asked. The way then is Connect only.
func (p *Path) Local() bool { return p.r.lc == nil }

// Without goes on without tailscaled, as the relay does, once Tailscaled or
// State has failed with err: the way then is Name and Connect. It reports false
// where nothing may be sent so.
func (p *Path) Without(err error) bool {
	if p.r.required {
		return false
	}
	p.way, p.without = direct, err
	return true
}

// Tailnet reports whether tailscaled has a part in the way.
func (p *Path) Tailnet() bool { return !p.Local() && p.without == nil }

// Refused says why nothing would be sent to a server that is Local; nil when
// it would.
func (p *Path) Refused() error { return p.r.refusal(&Route{}) }

// Self is this node's MagicDNS name, without the dot at its end. It needs a way
// through the Tailnet.
func (p *Path) Self() string { return nodeName(p.status.Self.DNSName) }

// Tailscaled reaches the local tailscaled.
func (p *Path) Tailscaled(ctx context.Context) (found string, err error) {
	p.status, err = statusOf(ctx, p.r.lc)
	if err != nil {
		return "", err
	}
	found = "version " + p.status.Version
	if p.status.BackendState != "" && !p.status.TUN {
		found += ", with userspace networking: it makes the connections"
	}
	return found, nil
}

// State asks whether this node is connected to its tailnet, and will stay so:
// note says what may end it soon.
func (p *Path) State() (found, note string, err error) {
	if err := connected(p.status); err != nil {
		return "", "", err
	}
	p.way = kernel
	if !p.status.TUN {
		p.way = userspace
	}
	self, h := p.status.Self, identityHeaders(p.status)
	who := h.Get(headerUser)
	if tags := h.Get(headerTags); tags != "" {
		who = tags
	}
	found = fmt.Sprintf("connected as %s on %s", who, p.Self())
	if self.KeyExpiry == nil {
		return found, "", nil
	}
	if left := time.Until(*self.KeyExpiry); left < expirySoon {
		note = fmt.Sprintf("the key of this node expires %s (in %v); run: tailscale up --force-reauth, or disable its expiry in the admin console",
			self.KeyExpiry.Format(time.RFC3339), left.Round(time.Minute))
	}
	return found, note, nil
}

// Name resolves the server's name.
func (p *Path) Name(ctx context.Context) (found string, err error) {
	p.at, err = p.r.addresses(ctx, p.way)
	if err != nil && p.without != nil {
		what, next := Advice(p.without)
		return "", advise(next, "this system does not know the name %q, and tailscaled, which may know it, cannot say: %s", p.r.host, what)
	}
	if err != nil {
		return "", err
	}
	if p.at.by == byItself {
		return p.r.host + " is an address", nil
	}
	return fmt.Sprintf("%s is %s, by %s", p.r.host, list(p.at.addrs), p.at.by), nil
}

func list(addrs []netip.Addr) string {
	all := make([]string, len(addrs))
	for i, addr := range addrs {
		all[i] = addr.String()
	}
	return strings.Join(all, ", ")
}

// Node asks whether the server is a node of the tailnet, and whether it is
// online; note says when it is not, or that it is no node and what that means.
func (p *Path) Node(ctx context.Context) (found, note string, err error) {
	addrs, nodes, err := p.r.nodes(ctx, p.at.addrs)
	switch {
	case err != nil:
		return "", "", err
	case len(nodes) == 0 && p.r.allowed && !p.r.required:
		p.way = direct
		return "", p.r.host + " is not a node of this tailnet, but is allowed by name to be told who calls", nil
	case len(nodes) == 0 && !p.r.required:
		p.way = direct
		what, next := Advice(p.r.stranger(p.at))
		return "", "no identity is sent: " + what + "; " + next + "; if a reverse proxy outside is to be told who calls, add: --identity-to " + p.r.host, nil
	case len(nodes) == 0:
		return "", "", p.r.stranger(p.at)
	}
	p.at.addrs = addrs
	owner := nodes[0].UserProfile.LoginName
	if tags := nodes[0].Node.Tags; len(tags) > 0 {
		owner = strings.Join(slices.Sorted(slices.Values(tags)), ",")
	}
	found = fmt.Sprintf("%s of %s", nodeName(nodes[0].Node.Name), owner)
	if online := nodes[0].Node.Online; online != nil && !*online {
		p.offline = "tailscaled takes that node for offline"
		return found, p.offline, nil
	}
	return found, "", nil
}

// Connect makes a TCP connection to the server, and closes it.
func (p *Path) Connect(ctx context.Context) (found, note string, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.r.timeout)
	defer cancel()
	dial, at := p.r.Dial, net.JoinHostPort(p.r.host, fmt.Sprint(p.r.port))
	if p.way != direct {
		dial = p.r.dialNode(p.way, p.at.addrs)
	}
	begin := time.Now()
	c, err := dial(ctx, "tcp", at)
	if err != nil {
		return "", "", p.unconnected(err)
	}
	took := since(begin)
	_ = c.Close()
	if p.way == userspace {
		return fmt.Sprintf("to port %d through tailscaled, in %v", p.r.port, took), slowly(took), nil
	}
	return fmt.Sprintf("to %v in %v", c.RemoteAddr(), took), slowly(took), nil
}

// slow is how long a connection takes that a person notices with every call; to the
// other side of the earth it is a third of a second.
const slow = 2 * time.Second

// slowly says what may be behind a connection that took long; nothing when it did not.
func slowly(took time.Duration) string {
	if took < slow {
		return ""
	}
	return "that is slow: one address of the server may not answer before another does, the way there may lead over a relay far away (tailscale ping says), or the server's host is overloaded"
}

func since(begin time.Time) time.Duration { return time.Since(begin).Round(10 * time.Microsecond) }

// unconnected is the error of a connection that could not be made, with what
// most often is behind it.
func (p *Path) unconnected(err error) error {
	why := whyUnreached(p.r.host, p.r.port, err)
	next := why.question(p.way)
	switch {
	case p.offline != "":
		next = p.offline + ": start the machine, or Tailscale on it"
	case why.refused:
		next += " On that host run: sudo tailscale-mcp doctor"
	case p.without != nil:
		_, next = Advice(p.without)
	case why.silent && p.way != direct:
		next = fmt.Sprintf(`does the tailnet policy file let this node connect to tcp:%d of that host (a grant with "ip": ["tcp:%d"])? Is the host up?`, p.r.port, p.r.port)
	}
	return advise(next, "%v", why)
}
