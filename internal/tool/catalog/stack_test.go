// SPDX-License-Identifier: MIT

package catalog

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// What is held here of tools and resources goes by way of HTTP and of a client that
// is not ours.

func listedTools(t testing.TB, c *client.Client) []string {
	t.Helper()
	result, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, listed := range result.Tools {
		names = append(names, listed.Name)
	}
	slices.Sort(names)
	return names
}

// Each tool: who may not neither sees nor reaches it; who may gets an answer, is
// told what the API said, and which arguments there are.
func TestToolsThroughTheStack(t *testing.T) {
	r := newRig(t, setup{})
	alice, bob := r.serve()
	have, _ := names(r.offers)
	slices.Sort(have)
	if got := listedTools(t, alice); !slices.Equal(got, have) {
		t.Errorf("alice is shown %v, want all of %v", got, have)
	}
	if got := listedTools(t, bob); !slices.Equal(got, []string{"whoami"}) {
		t.Errorf("bob is shown %v, want whoami", got)
	}
	for _, d := range r.offers.Tools {
		t.Run(d.Name, func(t *testing.T) {
			r := *r
			r.TB = t
			seed(r.fake)
			before := len(r.fake.Requests())
			r.wants(alice, d.Name, `{"no_such_argument":1}`, tool.CodeInvalidArgument, true, "no_such_argument", "Next step: ")
			if !d.ForEveryone {
				r.wants(bob, d.Name, cmp.Or(calls[d.Name], `{}`), tool.CodeAccessDenied, true, `"src"`)
			}
			if sent := r.fake.Requests()[before:]; len(sent) > 0 {
				t.Errorf("%v was sent for calls that were refused", sent)
			}
			if d.Group == "local" {
				return // TestLocalToolsThroughTheStack
			}
			r.wants(alice, d.Name, calls[d.Name], "{", false)
			sent := r.fake.Requests()[before:]
			changed := slices.ContainsFunc(sent, func(q fakeapi.Request) bool { return changes(q.Operation) })
			if changed == (d.Class == grant.Read) {
				t.Errorf("%s: a change was sent: %t", d.Class, changed)
			}
			seed(r.fake)
			script := r.fake.Fail("", fakeapi.Status(500))
			r.wants(alice, d.Name, calls[d.Name], string(failure.UpstreamUnavailable), true, "Next step: ")
			if script.Hits() == 0 {
				t.Error("the API was not asked")
			}
			r.fake.ClearFaults()
		})
	}
}

// Each resource likewise.
func TestResourcesThroughTheStack(t *testing.T) {
	r := newRig(t, setup{})
	alice, bob := r.serve()
	read := func(c *client.Client, uri string) (string, error) {
		var q mcp.ReadResourceRequest
		q.Params.URI = uri
		result, err := c.ReadResource(t.Context(), q)
		if err != nil {
			return "", err
		}
		if len(result.Contents) != 1 {
			return "", fmt.Errorf("%d contents", len(result.Contents))
		}
		content, ok := result.Contents[0].(mcp.TextResourceContents)
		if !ok || content.URI != uri {
			return "", fmt.Errorf("got %+v", result.Contents[0])
		}
		return content.Text, nil
	}
	for _, name := range slices.Sorted(maps.Keys(reads)) {
		uri := reads[name]
		seed(r.fake)
		before := len(r.fake.Requests())
		if text, err := read(bob, uri); err == nil || !strings.Contains(err.Error(), tool.CodeAccessDenied) {
			t.Errorf("%s: bob got %.200s and %v, want %s", uri, text, err, tool.CodeAccessDenied)
		}
		if sent := r.fake.Requests()[before:]; len(sent) > 0 {
			t.Errorf("%s: %v was sent for bob", uri, sent)
		}
		if text, err := read(alice, uri); err != nil || text == "" {
			t.Errorf("%s: got %q and %v", uri, text, err)
		}
		r.fake.Fail("", fakeapi.Status(500))
		if text, err := read(alice, uri); err == nil || !strings.Contains(err.Error(), string(failure.UpstreamUnavailable)) {
			t.Errorf("%s: got %.200s and %v, want %s", uri, text, err, failure.UpstreamUnavailable)
		}
		r.fake.ClearFaults()
	}
	// A member has the spelling that a client makes of the template, and no other.
	if text, err := read(alice, "tailscale://service/svc:example"); err != nil || !strings.Contains(text, "svc:example") {
		t.Errorf("got %q and %v, want the Service", text, err)
	}
	for _, uri := range []string{"tailscale://nothing", "tailscale://service/svc%3Aexample", "tailscale://service/svc%3aexample", "tailscale://service/svc:%65xample"} {
		if text, err := read(alice, uri); err == nil || !strings.Contains(err.Error(), "no such resource") {
			t.Errorf("%s: got %q and %v, want that there is none", uri, text, err)
		}
	}
}

// What the host answers, asked of a real tailscaled and of one that is gone.
func TestLocalToolsThroughTheStack(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short, and this runs tailscaled")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tn := testbed.New(t, testbed.Options{})
	nodes, err := tn.AddNodes(ctx, testbed.NodeOptions{Name: "mcp", Tags: []string{"tag:mcp"}}, testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	server, laptop := nodes[0], nodes[1]
	r := newRig(t, setup{socket: server.Socket})
	alice, _ := r.serve()
	arguments := map[string]string{
		"get_whois": `{"address":"` + laptop.IPv4().String() + `"}`,
		"ping_peer": `{"peer":"laptop","count":1}`,
		"query_dns": `{"name":"laptop"}`,
	}
	asked := []string{"run_netcheck"} // before it, the host knows no exit node to suggest
	for _, d := range r.offers.Tools {
		if d.Group == "local" && !d.ForEveryone && d.Name != asked[0] {
			asked = append(asked, d.Name)
		}
	}
	for _, name := range asked {
		r.wants(alice, name, cmp.Or(arguments[name], `{}`), "{", false)
	}
	self := host{localapi.New(socket.Client(server.Socket))}
	if id, tags := self.ID(ctx), self.Tags(ctx); id != server.StableID() || !slices.Equal(tags, []string{"tag:mcp"}) {
		t.Errorf("this host is %s with the tags %q, want %s with tag:mcp", id, tags, server.StableID())
	}
	if err := server.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	for _, name := range asked {
		r.wants(alice, name, cmp.Or(arguments[name], `{}`), string(failure.UpstreamUnavailable), true, "systemctl start tailscaled")
	}
	r.wants(alice, "whoami", `{}`, "{", false, "alice@example.com")
	if id, tags := self.ID(ctx), self.Tags(ctx); id != "" || tags != nil {
		t.Errorf("without tailscaled this host is %q with the tags %q, want nothing known", id, tags)
	}
}
