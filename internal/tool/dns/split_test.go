// SPDX-License-Identifier: MIT

package dns

import (
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
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
			got, err := r.Call("update_split_dns", `{"domains":`+c.domains+`,"confirm":"CODE"}`)
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
	r.Told("the call", "", err, string(failure.NotFound), "othr.com", "get_dns")
	if n := r.Fake.Count("updateSplitDns"); n != 0 {
		t.Errorf("the change was sent %d times, want never", n)
	}
	r.Fake.Fail("updateSplitDns", fakeapi.Cut().AfterEffect())
	_, err = r.Call("update_split_dns", `{"domains":[{"domain":"other.com","nameservers":[]}],"confirm":"CODE"}`)
	r.Told("the call", "", err, string(failure.UpstreamUnavailable), "is not known")
	if n := r.Fake.Count("updateSplitDns"); n != 1 {
		t.Errorf("the change was sent %d times, want once", n)
	}
}

// Who confirms is told where the look-ups go, and where they went.
func TestSplitAsks(t *testing.T) {
	newRig(t).Refuses("update_split_dns", `{"domains":[{"domain":"corp.example.com","nameservers":["10.0.0.53"]},{"domain":"example.com","nameservers":["9.9.9.9"]},{"domain":"other.com","nameservers":[]}]}`,
		tool.CodeConfirmationRequired,
		"look-up of a name in corp.example.com to 10.0.0.53 instead of the global nameservers",
		"look-up of a name in example.com to 9.9.9.9 instead of 1.1.1.1, 1.2.3.4",
		"takes other.com off split DNS, whose names are asked of 2.2.2.2 until now")
}
