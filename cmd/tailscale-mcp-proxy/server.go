// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// parseServer reads the endpoint's URL and refuses what cannot be one, or what
// would only fail later with a message that helps nobody.
func parseServer(from, s string) (*url.URL, error) {
	const example = "http://ts-mcp:8080/mcp"
	u, err := url.Parse(s)
	refuseUser := func() (*url.URL, error) {
		return nil, misused("tailscale-mcp knows its callers by their tailnet address and needs no password", "%s: a URL with a user or password is refused: other programs can read it", from)
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
		return nil, misused(fmt.Sprintf("did you mean %s http://%s ?", from, host), "%s: %q has no scheme", from, s)
	case err != nil:
		return nil, misused("give the whole endpoint, for example "+example, "%s: not a URL: %v", from, inner(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, misused("give the whole endpoint, for example "+example, "%s: scheme %q is neither http nor https", from, u.Scheme)
	case u.Hostname() == "":
		return nil, misused("give the whole endpoint, for example "+example, "%s: no host in the URL", from)
	case u.User != nil:
		return refuseUser()
	case u.Fragment != "":
		return nil, misused("leave out what follows the #", "%s: the URL has a fragment", from)
	case u.Path == "":
		with := *u
		with.Path = "/mcp"
		return nil, misused(fmt.Sprintf("the endpoint of tailscale-mcp is /mcp: %s %s", from, with.String()), "%s: the URL has no path", from)
	}
	return u, nil
}

// inner is a URL error without the URL, which may hold a secret.
func inner(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
