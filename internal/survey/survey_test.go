// SPDX-License-Identifier: MIT

package survey_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/credential"
)

// start returns a client of a fake API, for a token with the scopes.
func start(t *testing.T, devices int, scopes ...string) (*fakeapi.Server, *tsapi.API) {
	t.Helper()
	fake, err := fakeapi.Start(fakeapi.Options{Tokens: []fakeapi.Token{{Secret: "tskey-api-test", Scopes: scopes, User: "alice@example.com"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	list := []fakeapi.Device{
		{
			NodeID: "nWeb1CNTRL", ID: "11", Hostname: "web-1", User: "alice@example.com", Tags: []string{"tag:web"}, Addresses: []string{"100.64.0.11", "fd7a:115c:a1e0::b"},
			Details: &fakeapi.Details{AdvertisedRoutes: []string{"10.0.0.0/8", "0.0.0.0/0"}, EnabledRoutes: []string{"10.0.0.0/8"}},
		},
		{NodeID: "nWeb2CNTRL", ID: "12", Hostname: "laptop", User: "bob@example.com", Addresses: []string{"100.64.0.12"}},
	}
	for i := len(list); i < devices; i++ {
		list = append(list, fakeapi.Device{
			NodeID: fmt.Sprintf("nMore%dCNTRL", i), ID: fmt.Sprint(1000 + i), Hostname: fmt.Sprintf("more-%d", i), User: "bob@example.com",
			Addresses: []string{fmt.Sprintf("100.64.1.%d", i)},
		})
	}
	fake.SetDevices(list)
	base, err := url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	api, err := tsapi.New(tsapi.Options{BaseURL: base, Credential: credential.Credential{APIKey: "tskey-api-test"}, RetryBudget: -1, Keep: -1, CallerRate: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	return fake, api
}

func TestRead(t *testing.T) {
	fake, api := start(t, 2, "all")
	read, err := survey.Read(t.Context(), api, survey.Needs{Posture: true, Services: true})
	if err != nil {
		t.Fatal(err)
	}
	net := read.Tailnet
	web, laptop := net.Devices[0], net.Devices[1]
	if web.Name != "web-1" || web.Login != "" || !reflect.DeepEqual(web.Tags, []string{"tag:web"}) || web.Addrs[1] != netip.MustParseAddr("fd7a:115c:a1e0::b") {
		t.Errorf("got %+v", web)
	}
	if !reflect.DeepEqual(web.Approved, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}) || len(web.Advertised) != 2 {
		t.Errorf("got the routes %v and %v", web.Advertised, web.Approved)
	}
	if !reflect.DeepEqual(web.Services, []string{"svc:example", "svc:bare"}) || laptop.Services != nil {
		t.Errorf("got the Services %v and %v: only an approved host serves one", web.Services, laptop.Services)
	}
	if laptop.Login != "bob@example.com" || !laptop.PostureKnown || laptop.Posture["node:os"] == nil {
		t.Errorf("got %+v", laptop)
	}
	roles := map[string]string{}
	for _, p := range net.People {
		roles[p.Login] = p.Role
		if p.Shared != (p.Login == "erin@example.org") || p.Suspended != (p.Login == "carol@example.com") {
			t.Errorf("got %+v", p)
		}
	}
	if roles["alice@example.com"] != "owner" || roles["bob@example.com"] != "member" {
		t.Errorf("got the roles %v", roles)
	}
	if !reflect.DeepEqual(net.Domains, []string{"example.com"}) || net.Missing != nil || net.Partial {
		t.Errorf("got the domains %v and %v missing", net.Domains, net.Missing)
	}
	if n := len(fake.Requests()); n != 7 {
		t.Errorf("%d requests were sent, want 7: devices, users, Services, two hosts, two attributes", n)
	}
}

// What a credential may not read is named, and the rest is there.
func TestMissing(t *testing.T) {
	_, api := start(t, 2, "devices:core:read")
	read, err := survey.Read(t.Context(), api, survey.Needs{Posture: true, Services: true})
	if err != nil {
		t.Fatal(err)
	}
	net := read.Tailnet
	said := strings.Join(net.Missing, "\n")
	for _, want := range []string{"the users and their roles", "users:read", "the Services", "services:read", "the posture attributes of 2 devices", "devices:posture_attributes:read"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %s", want, said)
		}
	}
	if !net.Partial || len(net.People) != 1 || net.People[0].Login != "bob@example.com" || net.Devices[0].PostureKnown {
		t.Errorf("got %+v", net)
	}
	_, api = start(t, 2, "users:read")
	if _, err := survey.Read(t.Context(), api, survey.Needs{}); err == nil {
		t.Error("without devices there is a tailnet")
	}
}

// However many devices there are, the calls are bounded, and those that count most are asked.
func TestBound(t *testing.T) {
	fake, api := start(t, 200, "all")
	read, err := survey.Read(t.Context(), api, survey.Needs{Posture: true, First: []string{"more-199", "nMore199CNTRL", "nobody"}})
	if err != nil {
		t.Fatal(err)
	}
	net := read.Tailnet
	if n := len(fake.Requests()); n != survey.MostCalls {
		t.Errorf("%d requests were sent, want %d", n, survey.MostCalls)
	}
	if !net.Devices[199].PostureKnown || net.Devices[198].PostureKnown || !net.Devices[0].PostureKnown {
		t.Error("other devices were asked about")
	}
	if want := "the posture attributes of 112 devices, which were not asked for"; len(net.Missing) != 1 || net.Missing[0] != want {
		t.Errorf("got %q missing, want %q", net.Missing, want)
	}
}

func TestNeedsOf(t *testing.T) {
	name := func(text string) []grammar.Name { return []grammar.Name{{Text: text}} }
	for _, c := range []struct {
		file grammar.File
		want survey.Needs
	}{
		{grammar.File{ACLs: []grammar.ACL{{Src: name("*"), Dst: name("*:*")}}}, survey.Needs{}},
		{grammar.File{DefaultSrcPosture: name("posture:a")}, survey.Needs{Posture: true}},
		{grammar.File{ACLs: []grammar.ACL{{Dst: name("svc:web:443")}}}, survey.Needs{Services: true}},
		{grammar.File{Grants: []grammar.Grant{{Dst: name("svc:web"), SrcPosture: name("posture:a")}}}, survey.Needs{Services: true, Posture: true}},
		{grammar.File{SSH: []grammar.SSH{{SrcPosture: name("posture:a")}}}, survey.Needs{Posture: true}},
	} {
		if got := survey.NeedsOf(&grammar.File{}, &c.file); !reflect.DeepEqual(got, c.want) {
			t.Errorf("got %+v, want %+v", got, c.want)
		}
	}
}
