// SPDX-License-Identifier: MIT

package route

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// attempts are the errors of connecting to one address after another.
type attempts []error

func (a attempts) Error() string {
	all := make([]string, len(a))
	for i, err := range a {
		all[i] = cause(err)
	}
	return strings.Join(all, "; ")
}

func (a attempts) Unwrap() []error { return a }

// unreached says why there is no connection to a server, for a person: of several
// addresses, by the most telling error.
type unreached struct {
	at      string // host and port
	host    string
	refused bool // something there said no
	silent  bool // nothing came back in time
	why     string
}

func whyUnreached(host string, port uint16, err error) unreached {
	u := unreached{host: host, at: net.JoinHostPort(host, fmt.Sprint(port))}
	each := []error{err}
	var several attempts
	if errors.As(err, &several) {
		each = several
	}
	for _, err := range each {
		var timeout net.Error
		why := cause(err)
		switch {
		// Windows and tailscaled have no error but a text for it.
		case strings.Contains(why, "refused"):
			u.refused = true
		case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout(), strings.Contains(why, "timed out"):
			u.silent = true
		case u.why == "":
			u.why = why
		case !strings.Contains(u.why, why):
			u.why += ", " + why
		}
	}
	u.silent = u.silent && !u.refused
	return u
}

func (u unreached) String() string {
	switch {
	case u.refused:
		return u.at + " refused the connection"
	case u.silent:
		return u.host + " does not answer"
	}
	return "cannot connect to " + u.at + ": " + u.why
}

// Unreached says, for a person, why rt made no connection, and what to look at.
func (r *Router) Unreached(rt *Route, err error) string {
	why := whyUnreached(r.host, r.port, err)
	return why.String() + "; " + why.question(rt.way)
}

// question is what a person should ask next about a server that is reached by w.
func (u unreached) question(w way) string {
	switch {
	case u.refused:
		return "is tailscale-mcp running there, and is that its port?"
	case w != direct:
		return "is it online, and may this node connect to it? see: tailscale status"
	}
	return "is it up, and may this machine connect to it?"
}

// cause returns the innermost error in one line, without the addresses and without the
// request by which tailscaled was asked.
func cause(err error) string {
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err
	}
	var op *net.OpError
	for errors.As(err, &op) {
		err = op.Err
	}
	why := err.Error()
	if _, said, ok := strings.Cut(why, "dial failure: "); ok {
		why = said // by tailscaled, in an HTTP error
	}
	return strings.Join(strings.Fields(why), " ")
}
