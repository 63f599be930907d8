// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// epoch is the moment that made-up devices are made up for. It is fixed, so that
// they are the same every day.
var epoch = time.Date(2026, time.October, 1, 12, 0, 0, 0, time.UTC)

// firstID is the first legacy ID that is given out.
const firstID int64 = 92960230385

var (
	people = []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj", "olivia", "peggy", "rupert", "sybil", "trent", "victor", "walter", "wendy"}
	places = []string{"ams", "fra", "lhr", "nyc", "sfo", "sin", "syd", "tok"}
	roles  = []string{"web", "db", "cache", "build", "queue", "metrics", "gateway", "backup"}
	// systems are weighted by repetition.
	systems = []string{"linux", "linux", "linux", "linux", "linux", "macOS", "macOS", "windows", "windows", "iOS", "android"}
	clients = []string{"1.102.5", "1.102.5", "1.100.1", "1.98.4", "1.88.3", "1.76.6"}
	distros = []Distro{
		{"debian", "12.11", "bookworm"}, {"debian", "13.1", "trixie"}, {"ubuntu", "24.04", "Noble Numbat"},
		{"ubuntu", "25.04", "Plucky Puffin"}, {"fedora", "42", ""}, {"alpine", "3.22.1", ""},
	}
	regions = []string{"Amsterdam", "Frankfurt", "London", "New York City", "San Francisco", "Singapore", "Sydney", "Tokyo"}
)

// makeDevice makes up the device of an index.
func makeDevice(index int, domain string) Device {
	rng := rand.New(rand.NewPCG(20261001, uint64(index)))
	pick := func(list []string) string { return list[rng.IntN(len(list))] }
	oneIn := func(n int) bool { return rng.IntN(n) == 0 }

	d := Device{
		Addresses:          addresses(index),
		ID:                 fmt.Sprint(firstID + int64(index)),
		NodeID:             "n" + base58(rng, 8) + fmt.Sprint(index) + "CNTRL",
		OS:                 pick(systems),
		Created:            stamp(epoch.Add(-time.Duration(rng.IntN(900*24)) * time.Hour)),
		ConnectedToControl: !oneIn(3),
		Authorized:         !oneIn(50),
		MachineKey:         "mkey:" + randomHex(rng, 32),
		NodeKey:            "nodekey:" + randomHex(rng, 32),
		TailnetLockKey:     "nlpub:" + randomHex(rng, 32),
		Tags:               []string{},
	}
	version := pick(clients)
	d.ClientVersion = version + "-t" + randomHex(rng, 5) + "-g" + randomHex(rng, 5)
	d.UpdateAvailable = version != clients[0]
	d.Expires = stamp(epoch.Add(time.Duration(rng.IntN(180*24)) * time.Hour))
	if !d.ConnectedToControl {
		d.LastSeen = stamp(epoch.Add(-time.Duration(rng.IntN(90*24)) * time.Hour))
	}

	person := pick(people)
	d.User = person + "@example.com"
	if d.OS == "linux" && !oneIn(5) {
		role, place := pick(roles), pick(places)
		d.Hostname = fmt.Sprintf("%s-%s-%d", role, place, index)
		d.Tags = []string{"tag:" + role, "tag:prod"}
		if oneIn(4) {
			d.Tags[1] = "tag:staging"
		}
		d.KeyExpiryDisabled = true
		d.IsEphemeral = oneIn(20)
	} else {
		d.Hostname = fmt.Sprintf("%ss-%s-%d", person, strings.ToLower(d.OS), index)
		d.BlocksIncomingConnections = oneIn(10)
	}
	d.Name = d.Hostname + "." + domain
	d.Details = makeDetails(d, rng)
	if oneIn(100) {
		share(&d)
	}
	return d
}

// share makes the device one that another tailnet shares: the API tells less.
func share(d *Device) {
	d.IsExternal = true
	d.User = strings.TrimSuffix(d.User, ".com") + ".org"
	d.Name = d.Hostname + ".tail9999.ts.net"
	d.ClientVersion, d.UpdateAvailable, d.Created, d.MachineKey, d.TailnetLockKey = "", false, "", "", ""
	d.Expires = "0001-01-01T00:00:00Z"
	d.KeyExpiryDisabled = true
	d.Tags = []string{}
	d.Details = nil
}

func makeDetails(d Device, rng *rand.Rand) *Details {
	details := &Details{SSHEnabled: d.OS == "linux" && rng.IntN(2) == 0}
	if len(d.Tags) > 0 && rng.IntN(10) == 0 {
		route := fmt.Sprintf("10.%d.%d.0/24", rng.IntN(256), rng.IntN(256))
		details.AdvertisedRoutes = []string{route}
		if rng.IntN(4) != 0 {
			details.EnabledRoutes = []string{route}
		}
	}
	yes, no := true, rng.IntN(2) == 0
	near := rng.IntN(len(regions))
	details.ClientConnectivity = &Connectivity{
		Endpoints: []string{
			fmt.Sprintf("203.0.113.%d:%d", rng.IntN(256), 1024+rng.IntN(60000)),
			fmt.Sprintf("192.168.%d.%d:41641", rng.IntN(256), 1+rng.IntN(254)),
		},
		MappingVariesByDestIP: rng.IntN(8) == 0,
		Latency: map[string]Latency{
			regions[near]:                  {Preferred: true, Millis: 2 + 20*rng.Float64()},
			regions[(near+1)%len(regions)]: {Millis: 30 + 100*rng.Float64()},
			regions[(near+3)%len(regions)]: {Millis: 80 + 200*rng.Float64()},
		},
		ClientSupports: ClientSupports{IPv6: &no, PCP: &no, PMP: &no, UDP: &yes, UPnP: &no},
	}
	switch {
	case d.OS == "linux":
		distro := distros[rng.IntN(len(distros))]
		details.Distro = &distro
	case rng.IntN(3) == 0:
		details.PostureIdentity = &PostureIdentity{Disabled: true}
	default:
		details.PostureIdentity = &PostureIdentity{SerialNumbers: []string{strings.ToUpper(randomHex(rng, 5))}}
	}
	details.MultipleConnections = rng.IntN(200) == 0
	return details
}

// addresses are the index's in 100.64.0.0/10, from its second /16 on, where none
// has a special meaning up to 2 million devices, and in Tailscale's IPv6 range.
func addresses(index int) []string {
	return []string{
		fmt.Sprintf("100.%d.%d.%d", 65+index/(250*250), index/250%250+1, index%250+1),
		fmt.Sprintf("fd7a:115c:a1e0::%x:%x", index/0xffff+1, index%0xffff+1),
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func randomHex(rng *rand.Rand, bytes int) string {
	b := make([]byte, bytes)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return hex.EncodeToString(b)
}

func base58(rng *rand.Rand, n int) string {
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return string(b)
}
