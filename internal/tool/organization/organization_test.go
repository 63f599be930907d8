// SPDX-License-Identifier: MIT

package organization

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/tooltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start returns a fake of the Tailscale API and the tool behind the dispatcher.
func start(t *testing.T) (*fakeapi.Server, func(arguments string) (string, error)) {
	t.Helper()
	fake, err := fakeapi.Start(fakeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	api, err := tailnet.New(tailnet.Options{BaseURL: base, RetryBudget: -1, Keep: -1, Credential: tailnet.Credential{APIKey: fakeapi.DefaultAPIKey}})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := grant.Parse([]string{`{"tools":["*"]}`})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, u := range fake.Unexpected() {
			t.Errorf("the API got an unexpected request: %s %.200s: %s", u.Method, u.Path, u.Why)
		}
		api.Close()
		fake.Close()
	})
	alice := caller.Caller{Login: "alice@example.com", Node: "laptop.tailfe8c.ts.net", NodeID: "nalice", Rules: rules, Addr: netip.MustParseAddrPort("100.64.0.9:40000")}
	d := tool.NewDispatcher(tool.Options{
		Registry: tool.NewRegistry(grant.Classes(), Tools(api)), Audit: &tooltest.Log{}, Log: slog.New(slog.DiscardHandler),
		Capability: "jaxxstorm.com/cap/mcp", Host: func() tool.Host { return tool.Host{Name: "tag:mcp", Port: 8080} },
	})
	return fake, func(arguments string) (string, error) {
		text, err := d.Call(t.Context(), alice, tool.Request{ID: "1", Method: "tools/call", Name: "list_organization_tailnets", Arguments: json.RawMessage(arguments)})
		return string(text), err
	}
}

// Following nextCursor brings every tailnet once.
func TestList(t *testing.T) {
	_, list := start(t)
	var names []string
	cursor := ""
	for range 3 {
		text, err := list(`{"limit":1,"cursor":"` + cursor + `"}`)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Tailnets        []map[string]string
			Total, Returned int
			NextCursor      string
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil || page.Total != 3 || page.Returned != 1 || len(page.Tailnets) != 1 {
			t.Fatalf("got %s and error %v, want one of three", text, err)
		}
		names = append(names, page.Tailnets[0]["displayName"])
		cursor = page.NextCursor
	}
	if got := strings.Join(names, ", "); got != "example.com, Production staging, Lab" || cursor != "" {
		t.Errorf("got %s and the cursor %q, want all and none", got, cursor)
	}
	text, err := list(`{"fields":["id"]}`)
	if want := `{"tailnets":[{"id":"TFakeXk11CNTRL"},{"id":"TFakeStaging1CNTRL"},{"id":"TFakeLab1CNTRL"}],"total":3,"returned":3}`; err != nil || text != want {
		t.Errorf("got %s and error %v, want %s", text, err, want)
	}
}

func TestRefusals(t *testing.T) {
	fake, list := start(t)
	for _, c := range []struct {
		arguments, code string
		fault           *fakeapi.Fault
		requests        int
	}{
		{`{"limit":101}`, tool.CodeInvalidArgument, nil, 0},
		{`{"organization":"o1"}`, tool.CodeInvalidArgument, nil, 0},
		{`{"cursor":"nonsense"}`, string(tailnet.CodeInvalidArgument), nil, 1},
		{`{"fields":["name"]}`, tool.CodeInvalidArgument, nil, 1},
		{`{}`, string(tailnet.CodePermissionDenied), fault(fakeapi.Status(403)), 1},
		{`{}`, string(tailnet.CodeUpstreamMalformed), fault(fakeapi.Body(200, "application/json", `{"cursor":"x"}`)), 1},
		{`{}`, string(tailnet.CodeUpstreamMalformed), fault(fakeapi.Body(200, "application/json", `{"tailnets":[1]}`)), 1},
	} {
		before := len(fake.Requests())
		if c.fault != nil {
			fake.Fail("listOrganizationTailnets", c.fault.Times(1))
		}
		_, err := list(c.arguments)
		var e *tool.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Next == "" {
			t.Errorf("%s: got error %v, want %s", c.arguments, err, c.code)
		}
		if n := len(fake.Requests()) - before; n != c.requests {
			t.Errorf("%s: got %d requests, want %d", c.arguments, n, c.requests)
		}
	}
}

func fault(f fakeapi.Fault) *fakeapi.Fault { return &f }
