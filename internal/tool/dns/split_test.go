// SPDX-License-Identifier: MIT

package dns

import (
	"testing"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct{ title, domains, sent, want string }{
		{"a new domain", `[{"domain":"corp.example.com","nameservers":["10.0.0.53"]}]`,
			`{"corp.example.com":["10.0.0.53"]}`,
			`{"splitDNS":{"corp.example.com":["10.0.0.53"],"example.com":["1.1.1.1","1.2.3.4"],"other.com":["2.2.2.2"]}}`},
		{"one overwritten", `[{"domain":"example.com","nameservers":["9.9.9.9"]}]`,
			`{"example.com":["9.9.9.9"]}`,
			`{"splitDNS":{"example.com":["9.9.9.9"],"other.com":["2.2.2.2"]},"previous":{"example.com":["1.1.1.1","1.2.3.4"]}}`},
		{"one cleared", `[{"domain":"other.com","nameservers":[]}]`,
			`{"other.com":null}`,
			`{"splitDNS":{"example.com":["1.1.1.1","1.2.3.4"]},"previous":{"other.com":["2.2.2.2"]}}`},
		{"one cleared, in another spelling", `[{"domain":"Other.COM.","nameservers":[]}]`,
			`{"other.com":null}`,
			`{"splitDNS":{"example.com":["1.1.1.1","1.2.3.4"]},"previous":{"other.com":["2.2.2.2"]}}`},
		{"all cleared", `[{"domain":"other.com","nameservers":[]},{"domain":"example.com","nameservers":[]}]`,
			`{"example.com":null,"other.com":null}`,
			`{"splitDNS":{},"previous":{"example.com":["1.1.1.1","1.2.3.4"],"other.com":["2.2.2.2"]}}`},
	} {
		t.Run(c.title, func(t *testing.T) {
			r := newRig(t)
			got, err := r.Call("update_split_dns", `{"domains":`+c.domains+`}`)
			if err != nil || got != c.want {
				t.Fatalf("got %s and error %v, want %s", got, err, c.want)
			}
			if sent := r.Sent("updateSplitDns"); sent != c.sent {
				t.Errorf("sent %s, want %s", sent, c.sent)
			}
		})
	}
}

// A domain that is not there is a slip, so nothing of the call is sent.
func TestSplitClearsNothing(t *testing.T) {
	r := newRig(t)
	_, err := r.Call("update_split_dns", `{"domains":[{"domain":"other.com","nameservers":[]},{"domain":"othr.com","nameservers":[]}]}`)
	r.Told("the call", "", err, string(tailnet.CodeNotFound), "othr.com", "get_dns")
	if n := r.Fake.Count("updateSplitDns"); n != 0 {
		t.Errorf("the change was sent %d times, want never", n)
	}
	r.Fake.Fail("updateSplitDns", fakeapi.Cut().AfterEffect())
	_, err = r.Call("update_split_dns", `{"domains":[{"domain":"other.com","nameservers":[]}]}`)
	r.Told("the call", "", err, string(tailnet.CodeUpstreamUnavailable), "is not known")
	if n := r.Fake.Count("updateSplitDns"); n != 1 {
		t.Errorf("the change was sent %d times, want once", n)
	}
}
