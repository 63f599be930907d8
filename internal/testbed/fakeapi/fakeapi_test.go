// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a server that the end of the test closes. Requests outside the
// API's document fail the test unless it looks at them itself.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		s.Close()
	})
	return s
}

// try sends a request as the default token, unless header says otherwise
// ("Name: value"), and returns status and body.
func try(t *testing.T, s *Server, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+"/api/v2"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+DefaultAPIKey)
	for _, h := range header {
		if name, value, ok := strings.Cut(h, ": "); ok {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func send(t *testing.T, s *Server, method, path, body string, header ...string) string {
	t.Helper()
	resp, text := try(t, s, method, path, body, header...)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: got %d %s, want 200", method, path, resp.StatusCode, text)
	}
	return text
}

func get(t *testing.T, s *Server, path string, header ...string) string {
	t.Helper()
	return send(t, s, "GET", path, "", header...)
}

func names(t *testing.T, s *Server, query string) []string {
	t.Helper()
	var answer struct{ Devices []Device }
	if err := json.Unmarshal([]byte(get(t, s, "/tailnet/-/devices"+query)), &answer); err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, d := range answer.Devices {
		list = append(list, d.Hostname)
	}
	return list
}

func TestFilters(t *testing.T) {
	s := start(t, Options{})
	s.SetDevices([]Device{
		{Hostname: "a", OS: "linux", Tags: []string{"tag:web", "tag:prod"}, Authorized: true},
		{Hostname: "b", OS: "linux", Tags: []string{"tag:web"}},
		{Hostname: "c", OS: "macOS", User: "bob@example.com", Details: &Details{SSHEnabled: true, Distro: &Distro{Name: "x"}}},
	})
	tests := []struct {
		query string
		want  []string
	}{
		{"", []string{"a", "b", "c"}},
		{"?os=linux", []string{"a", "b"}},
		{"?os=Linux", []string{}},
		{"?os=linux&authorized=true", []string{"a"}},
		{"?tags=tag:web", []string{"a", "b"}},
		{"?tags=tag:web&tags=tag:prod", []string{"a"}},
		{"?sshEnabled=true", []string{"c"}},
		{"?user=bob@example.com&fields=all", []string{"c"}},
		{"?colour=red", []string{}},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			if diff := cmp.Diff(test.want, names(t, s, test.query)); diff != "" {
				t.Errorf("devices differ (-want +got):\n%s", diff)
			}
		})
	}
	if resp, _ := try(t, s, "GET", "/tailnet/-/devices?distro=x", ""); resp.StatusCode != 400 {
		t.Errorf("filtering by an object: got %d, want 400", resp.StatusCode)
	}
}

func TestChangesAreThereOnTheNextRead(t *testing.T) {
	s := start(t, Options{})
	s.AddDevices(3)
	s.SetDevices(append(s.Devices(), Device{NodeID: "nShared", Hostname: "nas", IsExternal: true}))
	d := s.Devices()
	node := "/device/" + d[0].NodeID

	if got, want := send(t, s, "POST", node+"/name", `{"name":"Fresh"}`), "{}"; got != want {
		t.Errorf("setting a name: got %s, want %s", got, want)
	}
	send(t, s, "POST", "/device/"+d[1].ID+"/name", `{"name":"fresh.tailfe8c.ts.net"}`) // by legacy ID; taken
	send(t, s, "POST", node+"/tags", `{"tags":["tag:db"]}`)
	send(t, s, "POST", node+"/authorized", `{"authorized":false}`)
	send(t, s, "DELETE", "/device/"+d[2].NodeID, "")

	now := s.Devices()
	if got, want := now[0].Name, "fresh.tailfe8c.ts.net"; got != want {
		t.Errorf("name: got %s, want %s", got, want)
	}
	if got, want := now[1].Name, "fresh-1.tailfe8c.ts.net"; got != want {
		t.Errorf("name that was taken: got %s, want %s", got, want)
	}
	if now[0].Authorized || fmt.Sprint(now[0].Tags) != "[tag:db]" || len(now) != 3 {
		t.Errorf("got %+v of %d devices, want it tagged tag:db and not authorized, of 3", now[0], len(now))
	}
	if text := get(t, s, node); !strings.Contains(text, `"name":"fresh.tailfe8c.ts.net"`) {
		t.Errorf("reading the device: got %s, want the new name", text)
	}
	send(t, s, "POST", node+"/name", `{"name":""}`)
	if got, want := s.Devices()[0].Name, d[0].Hostname+".tailfe8c.ts.net"; got != want {
		t.Errorf("name reset: got %s, want %s", got, want)
	}
	send(t, s, "POST", node+"/expire", "")
	if got := s.Devices()[0]; got.ConnectedToControl || got.KeyExpiryDisabled || got.LastSeen == "" {
		t.Errorf("expired: got %+v, want it offline", got)
	}

	refusals := []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"GET", "/device/nobody", "", 404, "not found"},
		{"POST", "/device/nobody/name", `{"name":"x"}`, 404, "not found"},
		{"POST", node + "/name", `{"name":"not a name"}`, 400, "bad request"},
		{"POST", node + "/tags", `{"tags":["tag:nobody"]}`, 400, "requested tags [tag:nobody] are invalid or not permitted"},
		{"POST", node + "/tags", `{"tags":null}`, 400, "bad request"},
		{"POST", node + "/authorized", `{"authorized":"yes"}`, 400, "bad request"},
		{"DELETE", "/device/" + d[2].NodeID, "", 400, "bad request"},
		{"DELETE", "/device/nShared", "", 501, "not implemented"},
		{"POST", "/device/nShared/expire", "", 404, "not found"},
		{"GET", "/tailnet/other.example/devices", "", 404, "not found"},
	}
	for _, r := range refusals {
		resp, text := try(t, s, r.method, r.path, r.body)
		if want := fmt.Sprintf(`{"message":%q}`, r.message); resp.StatusCode != r.status || text != want {
			t.Errorf("%s %s %s: got %d %s, want %d %s", r.method, r.path, r.body, resp.StatusCode, text, r.status, want)
		}
	}
	if u := s.Unexpected(); len(u) > 0 {
		t.Errorf("unexpected requests: %+v", u)
	}
}

func TestMadeUpDevices(t *testing.T) {
	a, b := start(t, Options{}), start(t, Options{})
	a.AddDevices(1500)
	b.AddDevices(500)
	b.AddDevices(1000)
	again := b.Devices()
	for i, d := range a.Devices() {
		if !reflect.DeepEqual(d, again[i]) {
			t.Fatalf("device %d differs from server to server (-a +b):\n%s", i, cmp.Diff(d, again[i]))
		}
	}
	seen := map[string]bool{}
	for _, d := range a.Devices() {
		for _, unique := range append([]string{d.ID, d.NodeID, d.Name}, d.Addresses...) {
			if seen[unique] {
				t.Fatalf("%s is there twice", unique)
			}
			seen[unique] = true
		}
		for _, tag := range d.Tags {
			if !a.policy.hasTag(tag) {
				t.Fatalf("the default policy does not have %s", tag)
			}
		}
		if d.ConnectedToControl != (d.LastSeen == "") {
			t.Fatalf("got connected %v and last seen %q, want one of them", d.ConnectedToControl, d.LastSeen)
		}
	}
	if n := len(names(t, a, "?fields=all")); n != 1500 {
		t.Errorf("got %d devices, want 1500", n)
	}
}

func TestTokens(t *testing.T) {
	clock := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	s := start(t, Options{
		Now:    func() time.Time { return clock },
		Tokens: []Token{{Secret: "tskey-api-reader", Scopes: []string{"devices:core:read"}, User: "bob@example.com"}},
		Clients: []Client{
			{ID: "kClient", Secret: "tskey-client-x", Scopes: []string{"devices:core", "feature_settings:read"}},
			{ID: "kFederated", Scopes: []string{"all:read"}, Subject: "repo:x"},
		},
	})
	s.AddDevices(1)
	mint := func(path, form string, header ...string) (int, string) {
		resp, text := try(t, s, "POST", path, form, append([]string{"Content-Type: application/x-www-form-urlencoded"}, header...)...)
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		_ = json.Unmarshal([]byte(text), &answer)
		return resp.StatusCode, answer.AccessToken
	}
	jwt := func(subject string, expires time.Time) string {
		part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		return part(`{}`) + "." + part(fmt.Sprintf(`{"sub":%q,"exp":%d}`, subject, expires.Unix())) + "." + part("signature")
	}
	basic := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("kClient:tskey-client-x"))
	_, form := mint("/oauth/token", "grant_type=client_credentials&client_id=kClient&client_secret=tskey-client-x")
	_, header := mint("/oauth/token", "grant_type=client_credentials", basic)
	_, narrow := mint("/oauth/token", "grant_type=client_credentials&scope=feature_settings:read", basic)
	_, federated := mint("/oauth/token-exchange", "client_id=kFederated&jwt="+jwt("repo:x", clock.Add(time.Minute)))

	refused := []struct {
		name, path, form string
		status           int
	}{
		{"wrong secret", "/oauth/token", "grant_type=client_credentials&client_id=kClient&client_secret=no", 401},
		{"no grant type", "/oauth/token", "client_id=kClient&client_secret=tskey-client-x", 400},
		{"federated identity without its token", "/oauth/token", "grant_type=client_credentials&client_id=kFederated&client_secret=", 401},
		{"scope that it lacks", "/oauth/token", "grant_type=client_credentials&client_id=kClient&client_secret=tskey-client-x&scope=all", 403},
		{"other subject", "/oauth/token-exchange", "client_id=kFederated&jwt=" + jwt("repo:y", clock.Add(time.Minute)), 401},
		{"expired", "/oauth/token-exchange", "client_id=kFederated&jwt=" + jwt("repo:x", clock), 401},
		{"no JWT", "/oauth/token-exchange", "client_id=kFederated&jwt=x", 401},
	}
	for _, r := range refused {
		if status, token := mint(r.path, r.form, "Authorization: none"); status != r.status || token != "" {
			t.Errorf("%s: got %d and token %q, want %d and none", r.name, status, token, r.status)
		}
	}

	uses := []struct {
		name, authorization, method, path string
		want                              int
	}{
		{"nobody", "", "GET", "/tailnet/-/devices", 401},
		{"stranger", "Bearer x", "GET", "/tailnet/-/devices", 401},
		{"OAuth client's secret as token", "Bearer tskey-client-x", "GET", "/tailnet/-/devices", 401},
		{"person", "Bearer tskey-api-reader", "GET", "/tailnet/-/devices", 200},
		{"person, basic", "Basic " + base64.StdEncoding.EncodeToString([]byte("tskey-api-reader:")), "GET", "/tailnet/-/devices", 200},
		{"person without scope", "Bearer tskey-api-reader", "GET", "/tailnet/-/settings", 403},
		{"client, read by a scope that writes", "Bearer " + form, "GET", "/tailnet/-/devices", 200},
		{"client, the other way", "Bearer " + header, "GET", "/tailnet/-/settings", 200},
		{"client, write by a scope that reads", "Bearer " + header, "PATCH", "/tailnet/-/settings", 403},
		{"client, narrowed", "Bearer " + narrow, "GET", "/tailnet/-/devices", 403},
		{"federated", "Bearer " + federated, "GET", "/tailnet/-/acl", 200},
		{"federated, write", "Bearer " + federated, "POST", "/tailnet/-/acl", 403},
	}
	check := func() {
		t.Helper()
		for _, u := range uses {
			if resp, _ := try(t, s, u.method, u.path, "{}", "Authorization: "+u.authorization); resp.StatusCode != u.want {
				t.Errorf("%s: %s %s: got %d, want %d", u.name, u.method, u.path, resp.StatusCode, u.want)
			}
		}
	}
	check()
	minted := func(status int) {
		for i := range uses {
			for _, token := range []string{form, header, narrow, federated} {
				if uses[i].authorization == "Bearer "+token {
					uses[i].want = status
				}
			}
		}
	}
	minted(401)
	clock = clock.Add(time.Hour)
	check()
	clock = clock.Add(-time.Hour)
	s.RevokeTokens()
	check()
}

func TestPolicyFile(t *testing.T) {
	s := start(t, Options{})
	resp, text := try(t, s, "GET", "/tailnet/-/acl", "")
	etag := resp.Header.Get("ETag")
	if text != DefaultPolicy || resp.Header.Get("Content-Type") != "application/hujson" || !strings.HasPrefix(etag, `"`) {
		t.Errorf("got %s, ETag %s, type %s, want the default policy as HuJSON", text, etag, resp.Header.Get("Content-Type"))
	}
	if text := get(t, s, "/tailnet/-/acl", "Accept: application/json"); !json.Valid([]byte(text)) || strings.Contains(text, "//") {
		t.Errorf("as JSON: got %s", text)
	}
	var details struct{ ACL []byte }
	if err := json.Unmarshal([]byte(get(t, s, "/tailnet/-/acl?details=true")), &details); err != nil || string(details.ACL) != DefaultPolicy {
		t.Errorf("details: got %s, %v", details.ACL, err)
	}

	const next = "// v2\n{\"grants\": [],}\n"
	set := func(match string) int {
		resp, _ := try(t, s, "POST", "/tailnet/-/acl", next, "If-Match: "+match)
		return resp.StatusCode
	}
	steps := []struct {
		match string
		want  int
	}{
		{`"wrong"`, 412}, {`"ts-default"`, 200}, {`"ts-default"`, 412}, {etag, 412}, {"", 200},
	}
	for i, step := range steps {
		if got := set(step.match); got != step.want {
			t.Errorf("step %d, If-Match %s: got %d, want %d", i, step.match, got, step.want)
		}
	}
	if got := s.Policy(); got != next {
		t.Errorf("policy: got %q, want %q", got, next)
	}
	if resp, text := try(t, s, "POST", "/tailnet/-/acl", `{"grant": []}`); resp.StatusCode != 400 || !strings.Contains(text, "unknown field") {
		t.Errorf("unknown section: got %d %s, want 400", resp.StatusCode, text)
	}

	for body, want := range map[string]int{`{"grants":[],}`: 200, `[{"src":"a"}]`: 200, `[{}]`: 400, `{`: 400, `{"x":1}`: 400} {
		if resp, text := try(t, s, "POST", "/tailnet/-/acl/validate", body); resp.StatusCode != want || want == 200 && text != "{}" {
			t.Errorf("validating %s: got %d %s, want %d", body, resp.StatusCode, text, want)
		}
	}
	s.SetValidation("test(s) failed", Finding{User: "a", Errors: []string{"no"}})
	if got, want := send(t, s, "POST", "/tailnet/-/acl/validate", `{}`), `{"data":[{"user":"a","errors":["no"]}],"message":"test(s) failed"}`; got != want {
		t.Errorf("failing validation: got %s, want %s", got, want)
	}
	if got := set(""); got != 400 {
		t.Errorf("setting a policy whose tests fail: got %d, want 400", got)
	}
}

func TestSettings(t *testing.T) {
	s := start(t, Options{
		Tokens: []Token{
			{Secret: DefaultAPIKey, Scopes: []string{"all"}},
			{Secret: "tskey-api-some", Scopes: []string{"feature_settings", "policy_file:read"}},
		},
	})
	const some = "Authorization: Bearer tskey-api-some"
	if text := get(t, s, "/tailnet/-/settings", some); strings.Contains(text, "httpsEnabled") || !strings.Contains(text, "aclsExternalLink") {
		t.Errorf("got %s, want it without httpsEnabled and with aclsExternalLink", text)
	}
	steps := []struct {
		body, header string
		want         int
	}{
		{`{"devicesKeyDurationDays":90,"usersApprovalOn":null}`, some, 200},
		{`{"devicesKeyDurationDays":200}`, some, 400},
		{`{"devicesKeyDurationDays":1,"aclsExternalLink":"https://x"}`, some, 403},
		{`{"colour":"red"}`, some, 400},
		{`null`, some, 400},
		{`{"aclsExternalLink":"https://x"}`, "", 200},
	}
	for _, step := range steps {
		resp, text := try(t, s, "PATCH", "/tailnet/-/settings", step.body, step.header)
		if resp.StatusCode != step.want {
			t.Errorf("%s: got %d %s, want %d", step.body, resp.StatusCode, text, step.want)
		}
	}
	text := get(t, s, "/tailnet/-/settings")
	for _, want := range []string{`"devicesKeyDurationDays":90`, `"usersApprovalOn":null`, `"aclsExternalLink":"https://x"`} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s, want %s in it", text, want)
		}
	}
}

func TestRecordsRequestsWithoutSecrets(t *testing.T) {
	s := start(t, Options{Clients: []Client{{ID: "k", Secret: "tskey-client-secret", Scopes: []string{"all"}}}, Tokens: []Token{{Secret: DefaultAPIKey, Scopes: []string{"all"}}}})
	send(t, s, "POST", "/oauth/token", "grant_type=client_credentials&client_id=k&client_secret=tskey-client-secret")
	get(t, s, "/tailnet/-/devices?os=linux")
	send(t, s, "POST", "/tailnet/-/acl/validate", `{}`)

	if text := fmt.Sprintf("%+v", s.Requests()); strings.Contains(text, "tskey") {
		t.Errorf("a secret is in %s", text)
	}
	got := s.Requests()
	if len(got) != 3 || got[1].Operation != "listTailnetDevices" || got[1].Path != "/api/v2/tailnet/-/devices" || got[1].Query.Get("os") != "linux" ||
		got[1].Header.Get("Authorization") != "Bearer [redacted]" || string(got[2].Body) != "{}" || s.Count("listTailnetDevices") != 1 {
		t.Errorf("got %+v", got)
	}
	if u := s.Unexpected(); len(u) > 0 {
		t.Errorf("got unexpected %+v, want none", u)
	}

	strays := []struct{ method, path, why string }{
		{"DELETE", "/tailnet/-", "no such operation"},
		{"GET", "/device/", "no such operation"},
		{"GET", "/device/%2e%2e", "no such operation"},
		{"GET", "/tailnet/-/devices/", "no such operation"},
		{"PUT", "/tailnet/-/settings", "no such operation"},
		{"GET", "/tailnet/-/settings?x=1", "the query parameter x is not documented"},
	}
	for i, stray := range strays {
		try(t, s, stray.method, stray.path, "")
		u := s.Unexpected()
		if len(u) != i+1 || u[i].Why != stray.why || u[i].Method != stray.method {
			t.Errorf("%s %s: got %+v, want it unexpected: %s", stray.method, stray.path, u, stray.why)
		}
	}
}
