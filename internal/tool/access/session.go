// SPDX-License-Identifier: MIT

package access

import (
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/visible"
)

// bySSH is the layer of Tailscale SSH, for its port.
func (q question) bySSH() []layer {
	const port, tcp = 22, 6
	if q.Port != port || q.Proto != tcp {
		return nil
	}
	l := layer{Layer: "ssh", Holds: policy.No.String()}
	var all []policy.Rule
	var texts []string
	ask := func(user, as string) {
		v := q.policy.SSH(q.Src, q.Dst, user)
		if v.Answer == policy.Yes || v.Answer == policy.Unknown && l.Holds == policy.No.String() {
			l.Holds = v.Answer.String()
		}
		all = append(all, v.Rules...)
		texts = append(texts, as+": "+login(v))
	}
	ask("root", "as root")
	for _, user := range q.users() {
		ask(user, "as "+visible.Text(user))
	}
	ask("autogroup:nonroot", "as any other user")
	l.Text = fmt.Sprintf("Where the destination runs Tailscale SSH, a login %s.", strings.Join(texts, "; "))
	l.Rules = rules(all)
	return []layer{l}
}

// users are the users of hosts that rules of ssh name, beside root: the first few.
func (q question) users() []string {
	const most = 5
	var all []string
	who := q.person()
	for _, r := range q.policy.Shell {
		for _, user := range r.Logins() {
			domain, own := strings.CutPrefix(user, "localpart:*")
			if own {
				user, own = strings.CutSuffix(who, domain)
				if !own {
					continue
				}
			}
			if user != "root" && user != "*" && !slices.Contains(all, user) && len(all) < most {
				all = append(all, user)
			}
		}
	}
	return all
}

// person is the login whose devices the source is, in lower case; empty where it is not
// one person's.
func (q question) person() (login string) {
	for _, i := range q.Src.Devices(q.policy) {
		of := strings.ToLower(q.Tailnet.Devices[i].Login)
		if of == "" || login != "" && login != of {
			return ""
		}
		login = of
	}
	return login
}

func login(v policy.SSHVerdict) string {
	switch {
	case v.Answer == policy.Yes && v.Check:
		return "after signing in again"
	default:
		return v.Answer.String()
	}
}
