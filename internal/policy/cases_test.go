// SPDX-License-Identifier: MIT

package policy

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

// policyCase is what the control plane answered to one policy.
type policyCase struct {
	ID, Category string
	Policy       json.RawMessage
	Status       int
	Answer       *struct{ Message string }
	Users        []struct{ Login string }
	Nodes        map[string]struct {
		Hostname, IPv4, IPv6, User string
		Tags                       []string
		Routable                   []netip.Prefix `json:"routable_ips"`
		Approved                   []netip.Prefix `json:"approved_routes"`
	}
	Filter map[string][]caseFilter
	WhoIs  map[string]map[netip.Addr]map[string][]json.RawMessage
	SSH    map[string][]caseSSH
}

type caseFilter struct {
	SrcIPs   []string
	DstPorts []struct {
		IP    string
		Ports Ports
	}
	IPProto  []int
	CapGrant []struct {
		Dsts   []netip.Prefix
		CapMap map[string][]json.RawMessage
	}
}

type caseSSH struct {
	Principals []struct{ NodeIP netip.Addr }
	SSHUsers   map[string]string
	AcceptEnv  []string
	Action     struct {
		Accept          bool
		HoldAndDelegate string
	}
}

// differences are the cases in which we differ from the control plane for a good reason.
// The list only shrinks.
var differences = map[string]string{
	"policytest-allpass-grants-only-tag-src-ipv6-literal-dst": "by the capture no device has the IPv6 address that the rule opens, and by its list of nodes one has: addresses were renamed in one of the two. We open it on that device.",
	"ssh-e1": "the message names a domain that is not in the policy as captured, where domains were renamed. We name the one that is.",
}

// classes are messages of the control plane that say less than ours.
var classes = map[string]func(ours string) bool{
	"internal server error": func(ours string) bool { return ours != "" },
}

// The truth: what the real control plane made of policies. They are not ours to copy;
// TAILSCALE_POLICY_CASES names the folder.
func TestPolicyCases(t *testing.T) {
	folder := os.Getenv("TAILSCALE_POLICY_CASES")
	if folder == "" {
		fmt.Fprintln(os.Stderr, "SKIPPED: TestPolicyCases: TAILSCALE_POLICY_CASES names no folder of cases: nothing was compared with the control plane")
		t.Skip("TAILSCALE_POLICY_CASES is not set")
	}
	all := readCases(t, folder)
	if len(all) == 0 {
		t.Fatalf("no cases in %s", folder)
	}
	total, agree := map[string]int{}, map[string]int{}
	for _, c := range all {
		total[c.Category]++
		compared, err := c.compare()
		reason, listed := differences[c.ID]
		switch {
		case err == nil && compared > 0 && !listed:
			agree[c.Category]++
		case err == nil && compared == 0:
			t.Errorf("%s: nothing was compared", c.ID)
		case err == nil:
			t.Errorf("%s agrees: take it from the list of differences", c.ID)
		case listed:
			t.Logf("%s: known: %s", c.ID, reason)
		default:
			t.Errorf("%s: %v", c.ID, err)
		}
	}
	for _, category := range slices.Sorted(maps.Keys(total)) {
		fmt.Printf("%s: %d of %d agree\n", category, agree[category], total[category])
	}
}

func readCases(t *testing.T, folder string) (all []policyCase) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.jsonl*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var r io.Reader = f
		if strings.HasSuffix(name, ".gz") {
			if r, err = gzip.NewReader(f); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		} else if !strings.HasSuffix(name, ".jsonl") {
			continue
		}
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			var c policyCase
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all = append(all, c)
		}
		if err := lines.Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

// text is the policy as it was sent.
func (c *policyCase) text() string {
	var text string
	if json.Unmarshal(c.Policy, &text) == nil {
		return text
	}
	return string(c.Policy)
}

// tailnet is the tailnet of the case: its domain is example.com.
func (c *policyCase) tailnet() *tailnet.Tailnet {
	t := &tailnet.Tailnet{Domains: []string{"example.com"}}
	logins := map[string]string{}
	for _, u := range c.Users {
		local, _, _ := strings.Cut(u.Login, "@")
		logins[local] = u.Login
		t.People = append(t.People, tailnet.Person{Login: u.Login, Role: "member", GroupsKnown: true})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Nodes)) {
		n := c.Nodes[name]
		d := tailnet.Device{ID: "n-" + name, Name: name, Login: logins[n.User], Tags: n.Tags, Advertised: n.Routable, Approved: n.Approved, PostureKnown: true}
		for _, a := range []string{n.IPv4, n.IPv6} {
			if a != "" {
				d.Addrs = append(d.Addrs, netip.MustParseAddr(a))
			}
		}
		t.Devices = append(t.Devices, d)
	}
	return t
}

// refusal is the message with which we refuse the policy, empty where we take it.
func (c *policyCase) refusal(t *tailnet.Tailnet) (string, *Policy) {
	f, err := grammar.Parse(c.text())
	if err != nil {
		return err.Error(), nil
	}
	if all := grammar.Validate(f, t.Domains); len(all) > 0 {
		return all[0].Message, nil
	}
	p := Compile(f, t)
	for r := range p.Tests() {
		if r.Pass != Yes {
			return "test(s) failed", p
		}
	}
	return "", p
}

// compare compares our answer, and says how many things were compared.
func (c *policyCase) compare() (compared int, err error) {
	t := c.tailnet()
	message, p := c.refusal(t)
	if refused := c.Status != 200; refused != (message != "") {
		return 1, fmt.Errorf("status %d, and ours: %q (theirs: %v)", c.Status, message, c.Answer)
	}
	if c.Status != 200 {
		same, class := classes[c.Answer.Message]
		if !class && message != c.Answer.Message || class && !same(message) {
			return 1, fmt.Errorf("refused with %q, and by us with %q", c.Answer.Message, message)
		}
		return 1, nil
	}
	for _, compareOne := range []func(*Policy) (int, error){c.compareFilter, c.compareWhoIs, c.compareSSH} {
		n, e := compareOne(p)
		compared, err = compared+n, errors.Join(err, e)
	}
	return compared, err
}
