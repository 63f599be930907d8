// SPDX-License-Identifier: MIT

package remote

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestOtherEvents: what is no message counts as something that nobody has asked for, by its
// size too: whoever reads the link slows down a server by that.
func TestOtherEvents(t *testing.T) {
	at := &url.URL{Scheme: "https", Host: "x", Path: "/"}
	long := strings.Repeat("x", 100_000)
	for name, text := range map[string]string{
		"another event":      "event: other\ndata: " + long + "\n\n",
		"another's answer":   `data: {"jsonrpc":"2.0","id":77,"result":{"x":"` + long + `"}}` + "\n\n",
		"no message":         "data: " + long + "\n\n",
		"another and silent": "event: other\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1,\"params\":{\"x\":\"" + long + "\"}}\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			l := newLink("x", at, false, newHeaders(http.Header{}, nil), roundTripper{}, slog.New(slog.DiscardHandler))
			defer l.Cut()
			const times = 3
			go func() {
				_, err := l.events(l.ctx, nil, &http.Response{Header: http.Header{}, Body: io.NopCloser(strings.NewReader(strings.Repeat(text, times)))})
				l.stop(err)
			}()
			n, size := 0, 0
			for {
				r, err := l.Next()
				if err != nil {
					break
				}
				if strings.Contains(string(r.Msg), "ping") {
					t.Errorf("heard %.60s", r.Msg)
				}
				n++
				size += len(r.Msg)
			}
			if n != times || size < times*len(long) {
				t.Errorf("%d of %d, with %d bytes", n, times, size)
			}
		})
	}
}
