// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"tailscale-mcp/internal/upstream/entry"
)

// The versions of systemd that the units of servers are for. From 249 on the sandbox holds.
// From 258 on the name of an instance (%i) has the id of the caller's pidfd in it, and with
// that is too long for the account of an instance, of 31 characters at most.
const (
	firstSystemd  = 249
	longInstances = 258
)

// host returns what of an entry does not fit this host.
func (h Host) host(ctx context.Context, s entry.Server) (entry.Mistakes, error) {
	all := s.Host()
	if h.Systemd == nil || !s.Stdio() {
		return all, nil
	}
	text, err := h.Systemd.Version(ctx)
	if err != nil {
		return nil, fmt.Errorf("systemd does not say its version: %w", err)
	}
	version, err := major(text)
	if err != nil {
		return nil, err
	}
	wrong := func(what, remedy string) {
		all = append(all, entry.Mistake{File: s.File, What: fmt.Sprintf("this host has systemd %d, %s", version, what), Remedy: remedy})
	}
	switch {
	case version < firstSystemd:
		wrong("whose sandbox does not hold a server", fmt.Sprintf("it needs %d or later: upgrade the host, or run the servers on another", firstSystemd))
	case version >= longInstances && s.User == "" && !s.Shared:
		wrong("which cannot give each caller's process an account of its own, so that none would start",
			`write "instance": "shared" or "user": "ACCOUNT" into "tailscale", with which its callers are not apart; or run it on a host with an older one, such as Debian 13`)
	}
	return all, nil
}

// major is the version in what systemd says of itself, such as 252.39-1~deb12u1.
func major(text string) (int, error) {
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(text)
	}
	version, err := strconv.Atoi(text[:end])
	if err != nil {
		return 0, fmt.Errorf("the version of systemd is %.40q, which is none", text)
	}
	return version, nil
}
