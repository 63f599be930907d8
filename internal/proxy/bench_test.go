// SPDX-License-Identifier: MIT

package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tailscale-mcp/internal/jsonrpc"
)

// BenchmarkRelay is what a call costs from stdin to stdout, server and client
// included, with so many in flight.
func BenchmarkRelay(b *testing.B) {
	for _, n := range []int{1, 32} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "application/json")
				// The id is given back, whatever it is.
				_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}`)
			}))
			defer s.Close()
			u, err := http.NewRequest(http.MethodPost, s.URL+"/mcp", nil)
			if err != nil {
				b.Fatal(err)
			}
			inR, inW := io.Pipe()
			outR, outW := io.Pipe()
			ended := make(chan error, 1)
			go func() { ended <- Run(b.Context(), Config{Server: u.URL}, inR, outW) }()
			out := bufio.NewReaderSize(outR, 1<<16)
			slots := make(chan struct{}, n)
			b.ResetTimer()
			go func() {
				for i := range b.N {
					slots <- struct{}{}
					_, _ = io.WriteString(inW, modernCall(fmt.Sprint(i), "x")+"\n")
				}
			}()
			for range b.N {
				if _, err := out.ReadSlice('\n'); err != nil {
					b.Fatal(err)
				}
				<-slots
			}
			b.StopTimer()
			_ = inW.Close()
			if err := <-ended; err != nil {
				b.Fatal(err)
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	msg := []byte(`{"jsonrpc":"2.0","id":1,"result":{"devices":[` + strings.Repeat(`{"name":"laptop.example.ts.net","addresses":["100.64.0.1","fd7a::1"],"online":true,"n":12345.6},`, 1000) + `{}]}}`)
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		if _, err := jsonrpc.Scan(msg); err != nil {
			b.Fatal(err)
		}
	}
}
