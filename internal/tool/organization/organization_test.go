// SPDX-License-Identifier: MIT

package organization

import (
	"encoding/json"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const tailnets = "list_organization_tailnets"

// Following nextCursor brings every tailnet once.
func TestList(t *testing.T) {
	r := tooltest.NewAPI(t, fakeapi.Options{}, Tools)
	var names []string
	cursor := ""
	for range 3 {
		text := r.Answers(tailnets, `{"limit":1,"cursor":"`+cursor+`"}`)
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
	text, err := r.Call(tailnets, `{"fields":["id"]}`)
	if want := `{"tailnets":[{"id":"TFakeXk11CNTRL"},{"id":"TFakeStaging1CNTRL"},{"id":"TFakeLab1CNTRL"}],"total":3,"returned":3}`; err != nil || text != want {
		t.Errorf("got %s and error %v, want %s", text, err, want)
	}
}

func TestRefusals(t *testing.T) {
	r := tooltest.NewAPI(t, fakeapi.Options{}, Tools)
	for _, c := range []struct {
		arguments, code string
		fault           *fakeapi.Fault
		requests        int
	}{
		{`{"limit":101}`, tool.CodeInvalidArgument, nil, 0},
		{`{"organization":"o1"}`, tool.CodeInvalidArgument, nil, 0},
		{`{"cursor":"nonsense"}`, string(failure.InvalidArgument), nil, 1},
		{`{"fields":["name"]}`, tool.CodeInvalidArgument, nil, 1},
		{`{}`, string(failure.PermissionDenied), fault(fakeapi.Status(403)), 1},
		{`{}`, string(failure.UpstreamMalformed), fault(fakeapi.Body(200, "application/json", `{"cursor":"x"}`)), 1},
		{`{}`, string(failure.UpstreamMalformed), fault(fakeapi.Body(200, "application/json", `{"tailnets":[1]}`)), 1},
	} {
		before := len(r.Fake.Requests())
		if c.fault != nil {
			r.Fake.Fail("listOrganizationTailnets", c.fault.Times(1))
		}
		r.Refuses(tailnets, c.arguments, c.code)
		if n := len(r.Fake.Requests()) - before; n != c.requests {
			t.Errorf("%s: got %d requests, want %d", c.arguments, n, c.requests)
		}
	}
}

func fault(f fakeapi.Fault) *fakeapi.Fault { return &f }
