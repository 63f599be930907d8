// SPDX-License-Identifier: MIT

package dns

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

const everything = `{"nameservers":[{"address":"8.8.8.8","useWithExitNode":true},{"address":"1.2.3.4","useWithExitNode":false}],` +
	`"preferences":{"overrideLocalDNS":false,"magicDNS":true},"searchPaths":["user1.example.com","user2.example.com"],` +
	`"splitDNS":{"example.com":[{"address":"1.1.1.1","useWithExitNode":false},{"address":"1.2.3.4","useWithExitNode":false}],"other.com":[{"address":"2.2.2.2","useWithExitNode":true}]}}`

func TestGet(t *testing.T) {
	r := newRig(t)
	for arguments, want := range map[string]string{
		`{}`:                     everything,
		`{"part":"all"}`:         everything,
		`{"part":"nameservers"}`: `{"dns":["8.8.8.8","1.2.3.4"]}`,
		`{"part":"preferences"}`: `{"magicDNS":true}`,
		`{"part":"searchPaths"}`: `{"searchPaths":["user1.example.com","user2.example.com"]}`,
		`{"part":"splitDNS"}`:    `{"example.com":["1.1.1.1","1.2.3.4"],"other.com":["2.2.2.2"]}`,
	} {
		if got, err := r.Call("get_dns", arguments); err != nil || got != `{"dns":`+want+`}` {
			t.Errorf("%s: got %s and error %v, want %s", arguments, got, err, want)
		}
	}
	_, err := r.Call("get_dns", `{"part":"records"}`)
	r.Told("the call", "", err, tool.CodeInvalidArgument, "searchPaths")
	text, mimeType, err := r.Dispatcher.Read(r.Context(), r.Caller(), gate.Request{ID: "1", Method: "resources/read", Name: "tailscale://dns"})
	if err != nil || mimeType != "application/json" || !strings.Contains(text, `"magicDNS":true`) {
		t.Errorf("got %s %s and error %v, want the configuration", mimeType, text, err)
	}
}

// Each change sends what it should, once, and answers with before and after.
func TestChanges(t *testing.T) {
	for _, c := range []struct{ tool, arguments, op, sent, want string }{
		{"set_dns_nameservers", `{"nameservers":["9.9.9.9","https://dns.nextdns.io/abc123"],"confirm":"CODE"}`,
			"setDnsNameservers", `{"dns":["9.9.9.9","https://dns.nextdns.io/abc123"]}`,
			`{"dns":{"dns":["9.9.9.9","https://dns.nextdns.io/abc123"],"magicDNS":true},"previous":{"dns":["8.8.8.8","1.2.3.4"]}}`},
		{"set_dns_nameservers", `{"nameservers":[],"confirm":"CODE"}`,
			"setDnsNameservers", `{"dns":[]}`, `{"dns":{"dns":[],"magicDNS":false},"previous":{"dns":["8.8.8.8","1.2.3.4"]}}`},
		{"set_dns_preferences", `{"magicDNS":false,"confirm":"CODE"}`,
			"setDnsPreferences", `{"magicDNS":false}`, `{"dns":{"magicDNS":false},"previous":{"magicDNS":true}}`},
		{"set_dns_search_paths", `{"searchPaths":["Corp.Example.com."],"confirm":"CODE"}`,
			"setDnsSearchPaths", `{"searchPaths":["corp.example.com"]}`,
			`{"dns":{"searchPaths":["corp.example.com"]},"previous":{"searchPaths":["user1.example.com","user2.example.com"]}}`},
		{"set_dns_search_paths", `{"searchPaths":[],"confirm":"CODE"}`,
			"setDnsSearchPaths", `{"searchPaths":[]}`, `{"dns":{"searchPaths":[]},"previous":{"searchPaths":["user1.example.com","user2.example.com"]}}`},
		{"set_dns_configuration", `{"magicDNS":false,"overrideLocalDNS":false,"confirm":"CODE"}`,
			"setDnsConfiguration", `{"nameservers":[],"splitDNS":{},"searchPaths":[],"preferences":{"overrideLocalDNS":false,"magicDNS":false}}`,
			`{"dns":{"nameservers":[],"preferences":{"overrideLocalDNS":false,"magicDNS":false},"searchPaths":[],"splitDNS":{}},"previous":` + everything + `}`},
		{"set_dns_configuration", `{"nameservers":[{"address":"9.9.9.9","useWithExitNode":true}],"splitDNS":[{"domain":"corp.example.com","resolvers":[{"address":"10.0.0.53"}]}],"searchPaths":["a.example"],"magicDNS":true,"overrideLocalDNS":true,"confirm":"CODE"}`,
			"setDnsConfiguration",
			`{"nameservers":[{"address":"9.9.9.9","useWithExitNode":true}],"splitDNS":{"corp.example.com":[{"address":"10.0.0.53","useWithExitNode":false}]},"searchPaths":["a.example"],"preferences":{"overrideLocalDNS":true,"magicDNS":true}}`,
			`{"dns":{"nameservers":[{"address":"9.9.9.9","useWithExitNode":true}],"preferences":{"overrideLocalDNS":true,"magicDNS":true},"searchPaths":["a.example"],"splitDNS":{"corp.example.com":[{"address":"10.0.0.53","useWithExitNode":false}]}},"previous":` + everything + `}`},
	} {
		r := newRig(t)
		got, err := r.Call(c.tool, c.arguments)
		if err != nil || got != c.want {
			t.Errorf("%s %s:\ngot  %s and error %v\nwant %s", c.tool, c.arguments, got, err, c.want)
			continue
		}
		if sent := r.Sent(c.op); sent != c.sent {
			t.Errorf("%s %s: sent %s, want %s", c.tool, c.arguments, sent, c.sent)
		}
	}
}

// Without confirm nothing is sent, and the refusal says what would be lost.
func TestUnconfirmed(t *testing.T) {
	for _, c := range []struct {
		tool, arguments, op string
		words               []string
	}{
		{"set_dns_nameservers", `{"nameservers":["8.8.8.8"]}`, "setDnsNameservers", []string{`"dns nameservers"`, "removes 1.2.3.4"}},
		{"set_dns_nameservers", `{"nameservers":["8.8.8.8","1.2.3.4"]}`, "setDnsNameservers", []string{"removes none"}},
		{"set_dns_nameservers", `{"nameservers":[]}`, "setDnsNameservers", []string{"removes 8.8.8.8, 1.2.3.4", "turns MagicDNS off"}},
		{"set_dns_search_paths", `{"searchPaths":["user1.example.com"],"confirm":"dns search paths"}`, "setDnsSearchPaths", []string{"removes user2.example.com", `takes the code of this refusal, and not "dns search paths"`}},
		{"set_dns_configuration", `{"nameservers":[{"address":"8.8.8.8"}],"splitDNS":[{"domain":"example.com","resolvers":[{"address":"1.1.1.1"}]}],"magicDNS":false,"overrideLocalDNS":false}`, "setDnsConfiguration",
			[]string{`"dns configuration"`, "the nameservers 1.2.3.4;", "exit nodes of 8.8.8.8;", "of example.com the nameservers 1.2.3.4;", "the split DNS of other.com;", "the search paths user1.example.com, user2.example.com;", "; MagicDNS."}},
		{"set_dns_configuration", `{"nameservers":[{"address":"8.8.8.8","useWithExitNode":true},{"address":"1.2.3.4"}],"splitDNS":[{"domain":"example.com","resolvers":[{"address":"1.1.1.1"},{"address":"1.2.3.4"}]},{"domain":"other.com","resolvers":[{"address":"2.2.2.2","useWithExitNode":true}]}],"searchPaths":["user1.example.com","user2.example.com"],"magicDNS":true,"overrideLocalDNS":true}`,
			"setDnsConfiguration", []string{"nothing that is set now is lost; it adds overrideLocalDNS"}},
		// What is added is dangerous too, and no number of others hides it.
		{"set_dns_nameservers", `{"nameservers":["1.0.0.1","1.0.0.2","1.0.0.3","1.0.0.4","1.0.0.5","1.0.0.6","1.0.0.7","1.0.0.8","1.0.0.9","1.0.0.10","6.6.6.6"]}`, "setDnsNameservers",
			[]string{"1.0.0.10, 6.6.6.6;", "exit nodes may be lost"}},
		{"set_dns_configuration", `{"nameservers":[{"address":"8.8.8.8","useWithExitNode":true},{"address":"1.2.3.4","useWithExitNode":true},{"address":"6.6.6.6"}],"splitDNS":[{"domain":"Example.com","resolvers":[{"address":"1.1.1.1"},{"address":"1.2.3.4"},{"address":"7.7.7.7"}]},{"domain":"other.com","resolvers":[{"address":"2.2.2.2","useWithExitNode":true}]},{"domain":"bank.example","resolvers":[{"address":"9.9.9.8"}]}],"searchPaths":["user1.example.com","user2.example.com","evil.example"],"magicDNS":true,"overrideLocalDNS":false}`,
			"setDnsConfiguration", []string{"is lost; it adds the nameservers 6.6.6.6; the use with exit nodes of 1.2.3.4; for bank.example the nameservers 9.9.9.8; for example.com the nameservers 7.7.7.7; the search paths evil.example. "}},
	} {
		r := newRig(t)
		_, err := r.Call(c.tool, c.arguments)
		r.Told("the call", "", err, tool.CodeConfirmationRequired, c.words...)
		if n := r.Fake.Count(c.op); n != 0 {
			t.Errorf("%s %s: %s was sent", c.tool, c.arguments, c.op)
		}
	}
}

// What the API would not take is refused before anything is asked.
func TestBadArguments(t *testing.T) {
	r := newRig(t)
	for _, bad := range []string{"", "dns.google", "1.1.1", "http://dns.google/dns-query", "https://", "https://a@b.example/", "fe80::1%eth0", "1.1.1.1:53", "https://b.example/#x", "https://b.example/" + strings.Repeat("x", 200)} {
		for name, arguments := range map[string]string{
			"set_dns_nameservers":   `{"nameservers":["` + bad + `"],"confirm":"CODE"}`,
			"update_split_dns":      `{"domains":[{"domain":"a.example","nameservers":["` + bad + `"]}]}`,
			"set_dns_configuration": `{"nameservers":[{"address":"` + bad + `"}],"magicDNS":true,"overrideLocalDNS":true,"confirm":"CODE"}`,
		} {
			_, err := r.Call(name, arguments)
			r.Told("the call", "", err, tool.CodeInvalidArgument, "https")
		}
	}
	for _, bad := range []string{"", ".", "..", "a..b", "-a.example", "a b.example", "a/b", "*.example.com", "bücher.example", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a"} {
		for name, arguments := range map[string]string{
			"set_dns_search_paths":  `{"searchPaths":["` + bad + `"],"confirm":"CODE"}`,
			"update_split_dns":      `{"domains":[{"domain":"` + bad + `","nameservers":["1.1.1.1"]}]}`,
			"set_dns_configuration": `{"splitDNS":[{"domain":"` + bad + `","resolvers":[{"address":"1.1.1.1"}]}],"magicDNS":true,"overrideLocalDNS":true,"confirm":"CODE"}`,
		} {
			_, err := r.Call(name, arguments)
			r.Told("the call", "", err, tool.CodeInvalidArgument)
		}
	}
	for name, arguments := range map[string]string{
		"set_dns_nameservers":   `{"nameservers":["1.1.1.1","1.1.1.1"]}`,
		"set_dns_preferences":   `{}`,
		"set_dns_search_paths":  `{"searchPaths":["a.example","A.example."]}`,
		"update_split_dns":      `{"domains":[]}`,
		"set_dns_configuration": `{"splitDNS":[{"domain":"a.example","resolvers":[]}],"magicDNS":true,"overrideLocalDNS":true}`,
	} {
		_, err := r.Call(name, arguments)
		r.Told("the call", "", err, tool.CodeInvalidArgument)
	}
	if n := len(r.Fake.Requests()); n != 0 {
		t.Errorf("got %d requests, want none", n)
	}
}

func TestUpstreamErrors(t *testing.T) {
	r := newRig(t)
	if _, err := r.Call("set_dns_nameservers", `{"nameservers":[],"confirm":"CODE"}`); err != nil {
		t.Fatal(err)
	}
	_, err := r.Call("set_dns_preferences", `{"magicDNS":true}`)
	r.Told("the call", "", err, string(failure.InvalidArgument), "nameserver")
	for op, c := range map[string]struct{ tool, arguments string }{
		"listDnsNameservers":  {"set_dns_nameservers", `{"nameservers":[],"confirm":"CODE"}`},
		"listDnsSearchPaths":  {"set_dns_search_paths", `{"searchPaths":[],"confirm":"CODE"}`},
		"getDnsConfiguration": {"set_dns_configuration", `{"magicDNS":true,"overrideLocalDNS":true,"confirm":"CODE"}`},
	} {
		before := len(r.Fake.Requests())
		r.Fake.Fail(op, fakeapi.Body(200, "application/json", `{"dns":7,"searchPaths":7,"nameservers":7}`).Times(1))
		_, err := r.Call(c.tool, c.arguments)
		r.Told("the call", "", err, string(failure.UpstreamMalformed), "nothing was changed")
		if n := len(r.Fake.Requests()) - before; n != 1 {
			t.Errorf("%s: got %d requests, want the reading alone", c.tool, n)
		}
	}
}

// MagicDNS is turned off by who means it, and on by anybody.
func TestMagicDNSOff(t *testing.T) {
	r := newRig(t)
	r.Refuses("set_dns_preferences", `{"magicDNS":false}`, tool.CodeConfirmationRequired, "no device is reached by its name any more")
	r.Answers("set_dns_preferences", `{"magicDNS":true}`, `"magicDNS":true`)
	r.Fake.Fail("getDnsPreferences", fakeapi.Body(200, "application/json", `{}`).Times(1))
	r.Refuses("set_dns_preferences", `{"magicDNS":false}`, tool.CodeConfirmationRequired, "no device is reached by its name any more")
	r.Answers("set_dns_preferences", `{"magicDNS":false,"confirm":"CODE"}`, `"magicDNS":false`)
	r.Answers("set_dns_preferences", `{"magicDNS":false}`, `"previous":{"magicDNS":false}`)
}
