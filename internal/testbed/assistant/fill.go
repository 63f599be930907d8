// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"strings"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/types/dnstype"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/assistant/company"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// object is one as the API shows it.
type object = map[string]any

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// devices are the company's as the API shows them.
func devices(c *company.Company, domain string) (all []fakeapi.Device) {
	for _, d := range c.Devices {
		version := "1.102.5-t0123456789-g0123456789"
		if d.Outdated {
			version = "1.88.3-t0123456789-g0123456789"
		}
		last := d.IPv4[strings.LastIndex(d.IPv4, ".")+1:]
		all = append(all, fakeapi.Device{
			NodeID: d.ID, ID: fmt.Sprint(d.Number), Name: d.Name + "." + domain, Hostname: d.Name, User: d.Owner, Tags: d.Tags, OS: d.OS,
			Addresses: []string{d.IPv4, "fd7a:115c:a1e0::5a01:" + last}, ClientVersion: version, UpdateAvailable: d.Outdated,
			Created: stamp(d.Created), ConnectedToControl: d.LastSeen.IsZero(), LastSeen: stamp(d.LastSeen),
			Expires: stamp(d.Expires), KeyExpiryDisabled: d.Forever, Authorized: d.Approved,
			Details: &fakeapi.Details{AdvertisedRoutes: d.Advertised, EnabledRoutes: d.Routes, SSHEnabled: d.SSH},
		})
	}
	return all
}

// fill enters the rest of the company into the API.
func fill(api *fakeapi.Server, c *company.Company) error {
	err := api.SetState(object{
		"users": users(c), "keys": keys(c), "userInvites": invites(c, false), "deviceInvites": invites(c, true), "webhooks": webhooks(c), "dns": dns(c),
		"settings": object{"networkFlowLoggingOn": true, "devicesApprovalOn": true},
	})
	if err != nil {
		return err
	}
	return api.SetFlowLogs(flows(c))
}

func users(c *company.Company) (all []object) {
	for _, p := range c.People {
		count, online, seen := 0, false, time.Time{}
		for _, d := range c.Devices {
			if d.Owner != p.Login || len(d.Tags) > 0 {
				continue
			}
			count++
			online = online || d.LastSeen.IsZero()
			if d.LastSeen.After(seen) {
				seen = d.LastSeen
			}
		}
		if online {
			seen = c.Now
		}
		name, _, _ := strings.Cut(p.Login, "@")
		u := object{
			"id": fmt.Sprint(p.Number), "displayName": strings.ToUpper(name[:1]) + name[1:], "loginName": p.Login, "tailnetId": company.Domain, "type": "member",
			"role": p.Role, "status": p.Status, "created": stamp(p.Joined), "deviceCount": count, "currentlyConnected": online,
		}
		if !seen.IsZero() {
			u["lastSeen"] = stamp(seen)
		}
		all = append(all, u)
	}
	return all
}

func keys(c *company.Company) (all []object) {
	for _, k := range c.Keys {
		by, _ := c.Person(k.By)
		one := object{"id": k.ID, "keyType": k.Kind, "description": k.Description, "created": stamp(k.Created), "userId": fmt.Sprint(by.Number)}
		if !k.Expires.IsZero() {
			one["expires"], one["expirySeconds"] = stamp(k.Expires), int(k.Expires.Sub(k.Created).Seconds())
		}
		if k.Kind == "auth" {
			one["capabilities"] = object{"devices": object{"create": object{"reusable": k.Reusable, "preauthorized": true, "tags": k.Tags}}}
		} else {
			one["scopes"], one["tags"] = k.Scopes, k.Tags
		}
		all = append(all, one)
	}
	return all
}

func invites(c *company.Company, ofDevices bool) (all []object) {
	for _, i := range c.Invites {
		if (i.Device != "") != ofDevices {
			continue
		}
		by, _ := c.Person(i.By)
		one := object{"id": i.ID, "tailnetId": 59954, "email": i.Email, "lastEmailSentAt": stamp(i.Sent)}
		if d, err := c.Device(i.Device); err == nil {
			one["deviceId"], one["sharerId"], one["created"], one["accepted"] = d.Number, by.Number, stamp(i.Sent), i.Accepted
			one["inviteUrl"] = "https://login.tailscale.com/admin/invite/fake" + i.ID
			if i.Accepted {
				one["acceptedBy"] = object{"id": 33001, "loginName": i.Email, "profilePicUrl": ""}
			}
		} else {
			one["inviterId"], one["role"] = by.Number, i.Role
			one["inviteUrl"] = "https://login.tailscale.com/uinv/fake" + i.ID
		}
		all = append(all, one)
	}
	return all
}

func webhooks(c *company.Company) (all []object) {
	for _, w := range c.Webhooks {
		at := stamp(c.Now.AddDate(0, -3, 0))
		all = append(all, object{
			"endpointId": w.ID, "endpointUrl": w.URL, "providerType": w.Kind, "creatorLoginName": w.By, "created": at, "lastModified": at, "subscriptions": w.Events,
		})
	}
	return all
}

func dns(c *company.Company) object {
	resolvers := func(addresses []string) (all []object) {
		for _, a := range addresses {
			all = append(all, object{"address": a, "useWithExitNode": false})
		}
		return all
	}
	split := object{}
	for domain, addresses := range c.DNS.Split {
		split[domain] = resolvers(addresses)
	}
	return object{"nameservers": resolvers(c.DNS.Nameservers), "splitDNS": split, "searchPaths": c.DNS.Search, "preferences": object{"magicDNS": true}}
}

// nodeDNS is the same as the nodes are told it.
func nodeDNS() *tailcfg.DNSConfig {
	config := &tailcfg.DNSConfig{Proxied: true, Domains: []string{testbed.DefaultDomain}, Routes: map[string][]*dnstype.Resolver{}}
	for domain, addresses := range company.SplitDNS() {
		for _, a := range addresses {
			config.Routes[domain] = append(config.Routes[domain], &dnstype.Resolver{Addr: a})
		}
	}
	return config
}

func flows(c *company.Company) (all []object) {
	const micro = "2006-01-02T15:04:05.000000Z"
	for _, f := range c.Flows {
		d, err := c.Device(f.By)
		if err != nil {
			continue // company's own test has them all
		}
		kind, end := "virtualTraffic", f.Start.Add(time.Minute).Format(micro)
		if f.Subnet {
			kind = "subnetTraffic"
		}
		all = append(all, object{
			"logged": end, "nodeId": d.ID, "start": f.Start.Format(micro), "end": end,
			kind: []object{{"proto": f.Proto, "src": f.Src, "dst": f.Dst, "txBytes": f.Sent, "txPkts": 1 + f.Sent/1400, "rxBytes": f.Received, "rxPkts": 1 + f.Received/1400}},
		})
	}
	return all
}
