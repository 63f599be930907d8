// SPDX-License-Identifier: MIT

package remote_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed/elsewhere"
	"tailscale-mcp/internal/upstream/remote"
)

// TestRotated: a session goes on with the credential that there is by now, once the server
// refuses the one before, over both transports; and while there is no other, the refusal is
// what the caller is told, without either.
func TestRotated(t *testing.T) {
	for name, server := range map[string]*elsewhere.Server{
		"legacy": {Legacy: true}, "modern": {Modern: true}, "sse": {Old: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("CREDENTIALS_DIRECTORY", dir)
			put := func(token string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(dir, "far.token"), []byte(token+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var valid atomic.Value
			valid.Store("first-secret")
			server.Before = func(w http.ResponseWriter, r *http.Request, _ elsewhere.Message) bool {
				given := r.Header.Get("Authorization")
				if given == "Bearer "+valid.Load().(string) {
					return false
				}
				http.Error(w, "not "+given, http.StatusUnauthorized)
				return true
			}
			put("first-secret")
			url := serve(t, server).URL
			text := strings.Replace(local(url), `"url":`, `"headers":{"Authorization":"Bearer ${credential:far.token}"},"url":`, 1)
			p, err := open(t, text, remote.Client{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := call(t.Context(), p, "echo"); err != nil {
				t.Fatal(err)
			}

			valid.Store("second-secret")
			put("second-secret")
			var all sync.WaitGroup
			for range 8 { // at the same time
				all.Go(func() {
					if _, err := call(context.Background(), p, "echo"); err != nil {
						t.Errorf("after the credential was changed: %v", err)
					}
				})
			}
			all.Wait()

			valid.Store("third-secret") // which nobody has been told
			_, err = call(t.Context(), p, "echo")
			if err == nil || !strings.Contains(err.Error(), "HTTP 401") || !strings.Contains(err.Error(), "headers") || strings.Contains(err.Error(), "second-secret") {
				t.Errorf("without the credential: %v", err)
			}
			if p.Err() != nil {
				t.Errorf("the session is over: %v", p.Err())
			}
		})
	}
}

// TestEmptyCredential: a credential that is empty is said to be, and no server asked without it.
func TestEmptyCredential(t *testing.T) {
	for _, content := range []string{"", "\n"} {
		dir := t.TempDir()
		t.Setenv("CREDENTIALS_DIRECTORY", dir)
		if err := os.WriteFile(filepath.Join(dir, "far.token"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		far := &elsewhere.Server{Legacy: true}
		text := strings.Replace(local(serve(t, far).URL), `"url":`, `"headers":{"X-Plain":"","Authorization":"Bearer ${credential:far.token}"},"url":`, 1)
		if _, err := open(t, text, remote.Client{}, nil); err == nil || !strings.Contains(err.Error(), "its header Authorization cannot be sent: its credential is empty") || len(far.Seen("", "")) > 0 {
			t.Errorf("%q: %v, and %d requests", content, err, len(far.Seen("", "")))
		}
	}
}

// TestRotatedStream: the stream of a session comes back with the credential that there is by now.
func TestRotatedStream(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	put := func(token string) {
		if err := os.WriteFile(filepath.Join(dir, "far.token"), []byte(token), 0o600); err != nil {
			t.Error(err)
		}
	}
	put("first-secret")
	streams := 0
	far := &elsewhere.Server{Legacy: true}
	far.Before = func(w http.ResponseWriter, r *http.Request, _ elsewhere.Message) bool {
		if r.Method != http.MethodGet {
			return false
		}
		switch streams++; {
		case streams == 1: // which ends with the first credential
			put("second-secret")
			w.Header().Set("Content-Type", "text/event-stream")
			return true
		case r.Header.Get("Authorization") != "Bearer second-secret":
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	}
	heard := make(chan string, 1)
	text := strings.Replace(local(serve(t, far).URL), `"url":`, `"headers":{"Authorization":"Bearer ${credential:far.token}"},"url":`, 1)
	if _, err := open(t, text, remote.Client{}, func(method string) { heard <- method }); err != nil {
		t.Fatal(err)
	}
	far.Push(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
	select {
	case <-heard:
	case <-time.After(time.Minute):
		t.Errorf("nothing is heard any more, after %d requests for the stream", len(far.Seen(http.MethodGet, "")))
	}
}
