// SPDX-License-Identifier: MIT

package fakeapi

import "testing"

// dnsAnswers are the answers of this group by operation, after the calls that
// the document has for examples.
func dnsAnswers(t *testing.T, s *Server) map[string][]string {
	t.Helper()
	const (
		base          = "/tailnet/-/dns/"
		configuration = `{"nameservers":[{"address":"8.8.8.8","useWithExitNode":true},{"address":"1.1.1.1"}],` +
			`"splitDNS":{"corp.example.com":[{"address":"10.0.0.53","useWithExitNode":true}],"other.internal":[{"address":"10.0.2.53"}]},` +
			`"searchPaths":["user1.example.com"],"preferences":{"overrideLocalDNS":true,"magicDNS":true}}`
	)
	return map[string][]string{
		"listDnsNameservers":  {get(t, s, base+"nameservers")},
		"setDnsNameservers":   {send(t, s, "POST", base+"nameservers", `{"dns":["8.8.8.8"]}`)},
		"getDnsPreferences":   {get(t, s, base+"preferences")},
		"setDnsPreferences":   {send(t, s, "POST", base+"preferences", `{"magicDNS":true}`)},
		"listDnsSearchPaths":  {get(t, s, base+"searchpaths")},
		"setDnsSearchPaths":   {send(t, s, "POST", base+"searchpaths", `{"searchPaths":["user1.example.com"]}`)},
		"setSplitDns":         {send(t, s, "PUT", base+"split-dns", `{"example.com":["1.1.1.1","1.2.3.4"],"other.com":["2.2.2.2"]}`)},
		"getSplitDns":         {get(t, s, base+"split-dns")},
		"updateSplitDns":      {send(t, s, "PATCH", base+"split-dns", `{"example.com":["1.1.1.1"],"other.com":null}`)},
		"setDnsConfiguration": {send(t, s, "POST", base+"configuration", configuration)},
		"getDnsConfiguration": {get(t, s, base+"configuration")},
	}
}

// What one call sets, the others show.
func TestDNS(t *testing.T) {
	s := start(t, Options{})
	for _, c := range []struct{ method, path, body, want string }{
		{"PATCH", "split-dns", `{"example.com":null}`, `{"other.com":["2.2.2.2"]}`},
		{"GET", "split-dns", ``, `{"other.com":["2.2.2.2"]}`},
		{"POST", "nameservers", `{"dns":[]}`, `{"dns":[],"magicDNS":false}`},
		{"GET", "preferences", ``, `{"magicDNS":false}`},
		{"POST", "configuration", `{"preferences":{}}`, `{"nameservers":null,"splitDNS":null,"searchPaths":null,"preferences":{"overrideLocalDNS":false,"magicDNS":false}}`},
		{"GET", "searchpaths", ``, `{"searchPaths":[]}`},
		{"GET", "split-dns", ``, `{}`},
	} {
		if got := send(t, s, c.method, "/tailnet/-/dns/"+c.path, c.body); got != c.want {
			t.Errorf("%s %s %s: got %s, want %s", c.method, c.path, c.body, got, c.want)
		}
	}
}
