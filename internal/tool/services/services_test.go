// SPDX-License-Identifier: MIT

package services

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

const (
	invalid  = tool.CodeInvalidArgument
	notFound = string(failure.NotFound)
)

func TestList(t *testing.T) {
	r := newRig(t)
	got := r.Answers("list_services", `{}`, `"name":"svc:example"`, `"name":"svc:bare"`, `"ports":["tcp:80","tcp:443"]`)
	if text, err := r.Read("tailscale://services"); err != nil || text != got {
		t.Errorf("got %s and %v, want what the tool answers: %s", text, err, got)
	}
	for _, name := range []string{"svc:example", "example", " Example "} {
		got = r.Answers("list_services", `{"service":"`+name+`","device":"web-2"}`, `"displayName":"Example Service"`, `"nodeId":"nWeb1CNTRL"`, `"approvalLevel":"not-approved"`,
			`"nodeId":"nWeb2CNTRL","approval":{"approved":false`)
		if strings.Contains(got, "stableNodeID") || strings.Contains(got, "svc:bare") {
			t.Errorf("got %s, want one Service, hosts by nodeId", got)
		}
	}
	r.Refuses("list_services", `{"device":"web-1"}`, invalid, "service")
	r.Refuses("list_services", `{"service":"gone"}`, notFound, "")
	r.Refuses("list_services", `{"service":"example","device":"nobody"}`, notFound, "")
	r.Refuses("list_services", `{"fields":["port"]}`, invalid, "ports")
	for _, bad := range []string{"..", "svc:", "svc:..", "a/b", "svc:a%2fb", "a_b", "-a", "svc:svc:a", strings.Repeat("a", 64)} {
		r.Refuses("list_services", `{"service":"`+bad+`"}`, invalid, "list_services")
	}
}

// Either key of a host is read, as the document and the service have it.
func TestHostKeys(t *testing.T) {
	for _, key := range []string{"stableNodeID", "nodeId"} {
		r := newRig(t)
		r.Fake.Fail("listServiceHosts", fakeapi.Body(200, "application/json", `{"hosts":[{"`+key+`":"n1CNTRL","configured":"ready"}]}`))
		r.Answers("list_services", `{"service":"bare"}`, `"hosts":[{"configured":"ready","nodeId":"n1CNTRL"}]`)
	}
}

// The hosts take more scopes than the Service: without them it is shown alone, and
// that is said. Any other trouble is an error.
func TestHostsUnread(t *testing.T) {
	r := newRig(t, "services:read")
	if got := r.Answers("list_services", `{"service":"example"}`, `"name":"svc:example"`, "devices:core"); strings.Contains(got, `"hosts"`) {
		t.Errorf("got %s, want no hosts", got)
	}
	for _, status := range []int{400, 403} { // the API says both for it
		r = newRig(t)
		r.Fake.Fail("listServiceHosts", fakeapi.Status(status))
		r.Answers("list_services", `{"service":"example"}`, `"name":"svc:example"`, `"note":"the hosts are left out`)
	}
	r = newRig(t)
	r.Fake.Fail("listServiceHosts", fakeapi.Status(500))
	r.Refuses("list_services", `{"service":"example"}`, string(failure.UpstreamUnavailable), "")
}

func TestResource(t *testing.T) {
	r := newRig(t)
	if text, err := r.Read("tailscale://service/svc:bare"); err != nil || !strings.HasPrefix(text, `{"addrs":["100.93.49.181"`) {
		t.Errorf("got %s and %v, want the Service", text, err)
	}
	if text, err := r.Read("tailscale://service/gone"); err == nil {
		t.Errorf("got %s, want an error", text)
	}
	for beginning, want := range map[string][]string{
		"": {"svc:bare", "svc:example"}, "svc:e": {"svc:example"}, "B": {"svc:bare"}, "x": {},
	} {
		got, err := r.Complete("tailscale://service/{+id}", beginning)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: error %v (-want +got):\n%s", beginning, err, diff)
		}
	}
}

func TestSet(t *testing.T) {
	const example = `"addrs":["100.93.49.180","fd7a:115c:a1e0::3456:3cb4"],"comment":"Example Service","displayName":"Example Service","name":"svc:example","ports":["tcp:80","tcp:443"],"tags":["tag:web"]`
	for _, c := range []struct{ name, arguments, want string }{
		{"nothing", `{"service":"example"}`, `{"created":false,"previous":{` + example + `},"service":{` + example + `}}`},
		{"one field", `{"service":"example","ports":["tcp:8080"]}`, `{"created":false,"previous":{` + example + `},"service":{` + strings.Replace(example, `"tcp:80","tcp:443"`, `"tcp:8080"`, 1) + `}}`},
		{"the address", `{"service":"example","ipv4":"100.64.9.9"}`, `{"created":false,"previous":{` + example + `},"service":{` + strings.Replace(example, `100.93.49.180`, `100.64.9.9`, 1) + `}}`},
		{"a field away", `{"service":"example","comment":""}`, `{"created":false,"previous":{` + example + `},"service":{` + strings.Replace(example, `"comment":"Example Service",`, ``, 1) + `}}`},
		{"the name", `{"service":"example","newName":"shop"}`, `{"created":false,"previous":{` + example + `},"service":{` + strings.Replace(example, `svc:example`, `svc:shop`, 1) + `}}`},
		{"a new one", `{"service":"new","displayName":"New","ports":["do-not-validate"],"tags":["tag:db"],"ipv4":"100.64.9.9"}`,
			`{"created":true,"service":{"addrs":["100.64.9.9","fd7a:115c:a1e0::3456:3cb6"],"displayName":"New","name":"svc:new","ports":["do-not-validate"],"tags":["tag:db"]}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			got := r.Answers("set_service", c.arguments)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n := r.Fake.Count("updateService"); n != 1 {
				t.Errorf("got %d changes, want 1", n)
			}
		})
	}
}

// Fields that this program does not know are sent back.
func TestSetKeepsUnknownFields(t *testing.T) {
	r := newRig(t)
	r.Fake.Fail("getService", fakeapi.Body(200, "application/json", `{"name":"svc:bare","addrs":["100.93.49.181","fd7a:115c:a1e0::3456:3cb5"],"annotations":{"a":"<b>"}}`))
	r.Answers("set_service", `{"service":"bare","comment":"c"}`)
	requests := r.Fake.Requests()
	want := `{"addrs":["100.93.49.181","fd7a:115c:a1e0::3456:3cb5"],"annotations":{"a":"<b>"},"comment":"c","name":"svc:bare"}`
	if diff := cmp.Diff(want, string(requests[len(requests)-1].Body)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSetRefused(t *testing.T) {
	r := newRig(t)
	for _, bad := range []string{
		`"ports":["udp:53"]`, `"ports":["tcp:0"]`, `"ports":["tcp:65536"]`, `"ports":["tcp:"]`, `"ports":["443"]`, `"ports":["do-not-validate","tcp:1"]`,
		`"tags":[" "]`, `"tags":["tag:"]`, `"ipv4":"fd7a::1"`, `"ipv4":"x"`, `"newName":".."`, `"displayName":"` + strings.Repeat("ä", 65) + `"`,
	} {
		r.Refuses("set_service", `{"service":"example",`+bad+`}`, invalid, "")
	}
	r.Refuses("set_service", `{"service":"..","comment":"x"}`, invalid, "")
	r.Refuses("set_service", `{"service":"gone","newName":"here"}`, notFound, "")
	r.Refuses("set_service", `{"service":"example","newName":"bare"}`, string(failure.Conflict), "svc:bare")
	r.Fake.Fail("getService", fakeapi.Status(403))
	r.Refuses("set_service", `{"service":"example","comment":"x"}`, string(failure.PermissionDenied), "")
}

func TestDelete(t *testing.T) {
	r := newRig(t)
	const needed = tool.CodeConfirmationRequired
	r.Refuses("delete_service", `{"service":"example"}`, needed, "removes the Service svc:example")
	r.Refuses("delete_service", `{"service":"example","confirm":"svc:example"}`, needed, "stop working")
	r.Refuses("delete_service", `{"service":"gone","confirm":"CODE"}`, notFound, "")
	r.Refuses("delete_service", `{"service":"..","confirm":"CODE"}`, invalid, "")
	r.Answers("delete_service", `{"service":"example","confirm":"CODE"}`, `"deleted":"svc:example","previous":{"addrs":["100.93.49.180"`)
	if got := r.Answers("list_services", `{}`); strings.Contains(got, "svc:example") {
		t.Errorf("got %s, want it gone", got)
	}
}

func TestApprove(t *testing.T) {
	r := newRig(t)
	const needed = tool.CodeConfirmationRequired
	r.Refuses("approve_service_host", `{"service":"example","device":"web-2"}`, needed, "lets the device web-2 (nWeb2CNTRL) serve svc:example, so that connections to the Service can go to it; until now it was not approved")
	r.Refuses("approve_service_host", `{"service":"bare","device":"web-1","approved":false,"confirm":"svc:bare"}`, needed, "until now it was approved by the policy file")
	r.Refuses("approve_service_host", `{"service":"gone","device":"web-1","confirm":"CODE"}`, notFound, "")
	r.Refuses("approve_service_host", `{"service":"example","device":"nobody","confirm":"CODE"}`, notFound, "")
	r.Refuses("approve_service_host", `{"service":"example","device":"..","confirm":"CODE"}`, invalid, "")
	r.Answers("approve_service_host", `{"service":"example","device":"web-2","confirm":"CODE"}`,
		`"nodeId":"nWeb2CNTRL"`, `"previous":{"approved":false,"autoApproved":false}`, `"approval":{"approved":true,"autoApproved":false}`)
	r.Answers("approve_service_host", `{"service":"svc:example","device":"nWeb1CNTRL","approved":false,"confirm":"CODE"}`, `"approval":{"approved":false`)
	r.Answers("list_services", `{"service":"example"}`, `"approvalLevel":"approved:manual","configured":"ready","nodeId":"nWeb2CNTRL"`, `"approvalLevel":"not-approved","configured":"ready","nodeId":"nWeb1CNTRL"`)
}

// What the API refuses after the reading is told as it is.
func TestUpstream(t *testing.T) {
	for op, c := range map[string][2]string{
		"updateService":               {"set_service", `{"service":"example","comment":"x"}`},
		"deleteService":               {"delete_service", `{"service":"example","confirm":"CODE"}`},
		"updateServiceDeviceApproval": {"approve_service_host", `{"service":"example","device":"web-2","confirm":"CODE"}`},
	} {
		r := newRig(t)
		r.Fake.Fail(op, fakeapi.Status(504))
		if _, err := r.Call(c[0], c[1]); err == nil || !strings.Contains(err.Error(), string(failure.UpstreamTimeout)) {
			t.Errorf("%s: got %v, want %s", c[0], err, failure.UpstreamTimeout)
		}
		if n := r.Fake.Count(op); n != 1 {
			t.Errorf("%s was sent %d times", op, n)
		}
	}
}
