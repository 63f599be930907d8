// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"tailscale-mcp/internal/cli"
)

// parseServer reads the endpoint's URL and refuses what cannot be one, or what
// would only fail later with a message that helps nobody.
func parseServer(from, s string) (*url.URL, error) {
	const example = "http://ts-mcp:8080/mcp"
	u, err := url.Parse(s)
	refuseUser := func() (*url.URL, error) {
		return nil, cli.Misused("tailscale-mcp knows its callers by their tailnet address and needs no password", "%s: a URL with a user or password is refused: other programs can read it", from)
	}
	switch {
	case !strings.Contains(s, "://") && strings.Contains(s, "@"): // shown as it is below
		return refuseUser()
	case !strings.Contains(s, "://"):
		host := strings.TrimPrefix(s, "//")
		if !strings.ContainsAny(host, ":/") {
			host += ":8080"
		}
		if !strings.Contains(host, "/") {
			host += "/mcp"
		}
		return nil, cli.Misused(fmt.Sprintf("did you mean %s ?", given(from, "http://"+host)), "%s: %q has no scheme", from, s)
	case err != nil:
		return nil, cli.Misused("give the whole endpoint, for example "+example, "%s: not a URL: %v", from, inner(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, cli.Misused("give the whole endpoint, for example "+example, "%s: scheme %q is neither http nor https", from, u.Scheme)
	case u.Hostname() == "":
		return nil, cli.Misused("give the whole endpoint, for example "+example, "%s: no host in the URL", from)
	case u.User != nil:
		return refuseUser()
	case u.Fragment != "":
		return nil, cli.Misused("leave out what follows the #", "%s: the URL has a fragment", from)
	case !goodPort(u.Port()):
		return nil, cli.Misused("ports are 1 to 65535; that of tailscale-mcp is 8080 as a rule", "%s: there is no port %s", from, u.Port())
	case u.Path == "": // "/" is where some other servers are
		with := *u
		with.Path = "/mcp"
		return nil, cli.Misused("the endpoint of tailscale-mcp is /mcp: "+given(from, with.String()), "%s: the URL has no path", from)
	}
	return u, nil
}

// goodPort reports whether a port, which has only digits, can be connected to.
// None is that of the scheme.
func goodPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// given is how a URL is written where it was read from.
func given(from, url string) string {
	if from == serverVariable {
		return from + "=" + url
	}
	return from + " " + url
}

// inner is a URL error without the URL, which may hold a secret.
func inner(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
