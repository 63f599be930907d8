// SPDX-License-Identifier: MIT

package remote_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/elsewhere"
	"tailscale-mcp/internal/upstream/process"
	"tailscale-mcp/internal/upstream/remote"
)

// TestRepeatedSecret: a server that repeats the credential of its entry in an error does not
// tell its callers.
func TestRepeatedSecret(t *testing.T) {
	const secret = "s3cret/t0ken+=="
	answer := ""
	status := http.StatusOK
	far := &elsewhere.Server{Legacy: true}
	far.Before = func(w http.ResponseWriter, r *http.Request, m elsewhere.Message) bool {
		if r.Header.Get("Authorization") != "Bearer "+secret || r.Header.Get("X-Key") != "k1234567" {
			t.Errorf("got %v", r.Header)
		}
		if m.Method != "tools/call" {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, strings.ReplaceAll(answer, "$ID", string(m.ID)))
		return true
	}
	entry := fmt.Sprintf(`{"url":%q,"headers":{"Authorization":"Bearer %s","X-Key":"k1234567"},"tailscale":{"network":["127.0.0.0/8"]}}`, serve(t, far).URL, secret)
	p, err := open(t, entry, remote.Client{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, status = range []int{http.StatusOK, http.StatusUnauthorized, http.StatusInternalServerError} {
		for _, answer = range []string{
			`{"jsonrpc":"2.0","id":$ID,"error":{"code":-32001,"message":"the token s3cret/t0ken+== is not valid"}}`,
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"the token s3cret\/t0ken+\u003d= is not valid"}}`,
			`{"jsonrpc":"2.0","id":$ID,"error":{"code":-32001,"message":"no","data":{"headers":[{"x-key":"k1234567"}]}}}`,
		} {
			_, err := call(t.Context(), p, "x")
			var refused *process.Refused
			if !errors.As(err, &refused) || refused.Code != -32001 {
				if status == http.StatusOK || !strings.Contains(fmt.Sprint(err), fmt.Sprint(status)) {
					t.Errorf("%d, %s: %v", status, answer, err)
				}
				continue
			}
			if text := refused.Message + string(refused.Data); strings.Contains(text, "t0ken") || strings.Contains(text, "k1234567") {
				t.Errorf("%d, %s: told %s", status, answer, text)
			}
		}
	}
	answer, status = `{"jsonrpc":"2.0","id":$ID,"error":{"code":-32001,"message":"no","data":{"n":9007199254740993}}}`, http.StatusOK
	var refused *process.Refused
	if _, err := call(t.Context(), p, "x"); !errors.As(err, &refused) || string(refused.Data) != `{"n":9007199254740993}` {
		t.Errorf("another error: %v", err)
	}
}
