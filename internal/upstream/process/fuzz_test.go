// SPDX-License-Identifier: MIT

package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"

	"tailscale-mcp/internal/upstream/frame"
)

// FuzzRead: whatever a server writes, each request is answered once, by what the server
// wrote for it or by how it ended; who has not asked for progress hears of none, and what
// is passed on is JSON.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"result":{"n":9007199254740993}}`,
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32602,\"message\":\"no\",\"data\":[1]}}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":{}}\n{\"jsonrpc\":\"2.0\",\"id\":1.0,\"result\":null}\n{\"jsonrpc\":\"2.0\",\"id\":1e0,\"result\":{}}",
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}`,
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"2","progress":1}}`,
		`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}`,
		"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"ping\"}\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sampling/createMessage\",\"params\":{}}",
		"npm warn\n\n[1,2]\n{\"id\":1,\"id\":2,\"result\":{}}\n{\"result\":{}}\n\xef\xbb\xbf{}\nnull",
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}`,
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}\r\n{\"jsonrpc\":\"2.0\",\"id\":18446744073709551617,\"result\":{}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, output []byte) {
		ours, theirs := net.Pipe()
		heard := 0
		// What is passed on is what was written, but for the gateway's own in _meta.
		written := func(part []byte) bool { return bytes.Contains(output, part) || bytes.Contains(output, []byte("_meta")) }
		p := newProcess(Options{Server: "fuzzed", Log: slog.New(slog.DiscardHandler), Heard: func(method string, msg []byte) {
			heard++
			if method == "" || !json.Valid(msg) || heard > bytes.Count(output, []byte("\n"))+1 {
				t.Errorf("heard %q: %q", method, msg)
			}
		}}, newPipe("fuzzed", ours, nil))
		go p.read()
		go p.reply()
		sent := make(chan struct{}, 3)
		go func() { // the server's stdin
			lines := bufio.NewReader(theirs)
			for n := 0; ; n++ {
				if _, err := lines.ReadBytes('\n'); err != nil {
					return
				}
				if n < 3 {
					sent <- struct{}{}
				}
			}
		}()
		var all sync.WaitGroup
		for i := range 3 {
			q := Question{Method: "tools/call", Params: json.RawMessage(`{}`)}
			if i == 0 {
				q.Progress = func(params json.RawMessage) {
					if !json.Valid(params) || !written(params) {
						t.Errorf("progress: %q", params)
					}
				}
			}
			all.Go(func() {
				result, err := p.Ask(context.Background(), q)
				var refused *Refused
				var ended *Ended
				switch {
				case err == nil && (!json.Valid(result) || !written(result)):
					t.Errorf("result: %q", result)
				case err != nil && !errors.As(err, &refused) && !errors.As(err, &ended):
					t.Errorf("error: %v", err)
				}
			})
			<-sent // so that the first has the id 1
		}
		w, err := frame.NewWriter(theirs, "")
		if err == nil {
			_, err = w.ReadFrom(bytes.NewReader(output))
		}
		if err == nil {
			err = w.End(frame.End{Outcome: frame.Exited, Stderr: []byte("done")})
		}
		if err != nil {
			t.Fatal(err)
		}
		all.Wait()
		<-p.Done()
		_ = theirs.Close()
		if _, err := p.Ask(context.Background(), Question{Method: "ping"}); err == nil {
			t.Error("asked after the end")
		}
		if p.InFlight() != 0 {
			t.Errorf("%d requests are left", p.InFlight())
		}
	})
}
