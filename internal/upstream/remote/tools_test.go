// SPDX-License-Identifier: MIT

package remote

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tailscale-mcp/internal/jsonrpc"
)

// pages answers each request with one more page of tools.
type pages struct {
	n     int
	tools string
}

func (*pages) CloseIdleConnections() {}

func (p *pages) RoundTrip(r *http.Request) (*http.Response, error) {
	p.n++
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	e, err := jsonrpc.Scan(body)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"nextCursor":"%d","tools":[%s]}}`, e.ID, p.n, p.tools)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {typeJSON}}, Body: io.NopCloser(strings.NewReader(text))}, nil
}

// TestToolsForEver: whatever a server lists, and however long, what is remembered of it, read of
// it for one call and logged of it is bounded.
func TestToolsForEver(t *testing.T) {
	const tool = `{"name":"%d","inputSchema":{"type":"object","properties":{"a":{"type":%q,"x-mcp-header":"A"}}%s}}`
	long := `,"x":"` + strings.Repeat("x", 300<<10) + `"`
	invalid, valid := []string{}, []string{}
	for i := range 1000 {
		invalid = append(invalid, fmt.Sprintf(tool, i, "array", ""))
	}
	for i := range 10 {
		valid = append(valid, fmt.Sprintf(tool, i, "string", long))
	}
	said := &bytes.Buffer{}
	from := &pages{tools: strings.Join(invalid, ",")}
	l := newLink("x", &url.URL{Scheme: "https", Host: "x", Path: "/"}, false, newHeaders(http.Header{}, nil), from, slog.New(slog.NewTextHandler(said, nil)))
	defer l.Cut()
	x := &exchange{msg: []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"0","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`), ctx: l.ctx}
	x.env.ID = []byte("1")
	if _, err := l.page(l.ctx, []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`)); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(said.String(), "\n"); n != 1 || !strings.Contains(said.String(), "tools=1000 first=0") {
		t.Errorf("%d lines: %.300s", n, said)
	}
	from.n, from.tools = 0, strings.Join(valid, ",")
	if l.relearn(x) || from.n > 7 {
		t.Errorf("%d pages of 3 MiB were read", from.n)
	}
	remembered := 0
	for i := range 10 {
		if l.tools.Of(fmt.Sprint(i)) != nil {
			remembered++
		}
	}
	if remembered == 0 || remembered > 3 {
		t.Errorf("%d tools of 300 KiB are remembered", remembered)
	}
}
