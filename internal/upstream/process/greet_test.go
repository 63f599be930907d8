// SPDX-License-Identifier: MIT

package process

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/frame"
)

// TestAsksAtItsStart: a server may ask while it is still found out which era it is of. Each
// question is answered, whatever it is taken for, and the start is not held up.
func TestAsksAtItsStart(t *testing.T) {
	const questions = 20
	ours, theirs := net.Pipe()
	answered := make(chan struct{})
	go func() { // the server, which knows the newer era only
		out, err := frame.NewWriter(theirs, "")
		if err != nil {
			t.Error(err)
			return
		}
		in, n := bufio.NewScanner(theirs), 0
		for in.Scan() {
			e, err := jsonrpc.Scan(in.Bytes())
			if err != nil {
				t.Errorf("%v in %s", err, in.Text())
			}
			var says strings.Builder
			switch {
			case e.Kind() == jsonrpc.Response:
				if n++; n == questions {
					close(answered)
				}
			case e.Method == "initialize":
				fmt.Fprintf(&says, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no"}}`+"\n", e.ID)
				for i := range questions {
					fmt.Fprintf(&says, `{"jsonrpc":"2.0","id":"q%d","method":"elicitation/create","params":{"message":"?"}}`+"\n", i)
				}
			case e.Method == "server/discover":
				fmt.Fprintf(&says, `{"jsonrpc":"2.0","id":%s,"result":{"supportedVersions":[%q],"capabilities":{}}}`+"\n", e.ID, modernRevision)
			}
			_, _ = out.ReadFrom(strings.NewReader(says.String())) // fails at the end
		}
	}()
	p, err := Start(t.Context(), Options{
		Server: "odd", Dial: func(context.Context) (net.Conn, error) { return ours, nil }, Heard: func(string, []byte) {},
		Log: slog.New(slog.DiscardHandler), Offers: asking.Offers{Form: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !p.modern.Load() {
		t.Error("the server is not taken for one of the newer era")
	}
	<-answered
	p.Cut(nil)
	<-p.Done()
}
