// SPDX-License-Identifier: MIT

package remote_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"tailscale-mcp/internal/testbed/elsewhere"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/process"
	"tailscale-mcp/internal/upstream/remote"
)

// TestBusyWithEra: a server that has no time to say of which era it is, is not taken for one of the
// older only: who comes later speaks the newer with it.
func TestBusyWithEra(t *testing.T) {
	for name, refuse := range map[string]func(w http.ResponseWriter, id string){
		"429":              func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusTooManyRequests) },
		"503":              func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusServiceUnavailable) },
		"429 and an error": func(w http.ResponseWriter, id string) { refused(w, id, http.StatusTooManyRequests) },
		"503 and an error": func(w http.ResponseWriter, id string) { refused(w, id, http.StatusServiceUnavailable) },
	} {
		t.Run(name, func(t *testing.T) {
			far := &elsewhere.Server{Legacy: true, Modern: true}
			first := true
			far.Before = func(w http.ResponseWriter, _ *http.Request, m elsewhere.Message) bool {
				if !first || m.Method != "server/discover" {
					return false
				}
				first = false
				refuse(w, string(m.ID))
				return true
			}
			s, err := entry.Parse("far", "far.json", []byte(local(serve(t, far).URL)))
			if err != nil {
				t.Fatal(err)
			}
			eras := new(process.Eras)
			for _, newer := range []bool{false, true} {
				p, err := process.Start(t.Context(), process.Options{
					Server: "far", Link: remote.Client{}.To(s), ClientName: "test", ClientVersion: "1", Log: slog.New(slog.DiscardHandler),
					Heard: func(string, []byte) {}, Newer: true, Eras: eras,
				})
				if err != nil {
					t.Fatal(err)
				}
				if p.Newer() != newer {
					t.Errorf("the newer era is spoken: %v, want %v", p.Newer(), newer)
				}
				p.End(nil)
			}
		})
	}
}

// refused answers a request with an error of JSON-RPC and an HTTP status.
func refused(w http.ResponseWriter, id string, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32005,"message":"rate limited"}}`, id)
}
