// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"io"
	stdlog "log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestLibrary: what a server sends where it was asked nothing does not come into the log.
func TestLibrary(t *testing.T) {
	var out lockedBuffer
	flags, before := stdlog.Flags(), stdlog.Writer()
	stdlog.SetFlags(0)
	stdlog.SetOutput(library{slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	t.Cleanup(func() {
		stdlog.SetFlags(flags)
		stdlog.SetOutput(before)
	})
	send := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		<-send // once for each request
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+r.Header.Get("Authorization")+"\u202e\r\n\r\n")
	}))
	defer srv.Close()
	client := http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "s3cret")
	for tries := 1; !strings.Contains(out.String(), "Unsolicited response"); tries++ {
		if tries > 10 {
			t.Fatalf("in vain; logged %s", out.String())
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		send <- struct{}{}
		// On a slow host net/http may have closed the connection instead of keeping it.
		for end := time.Now().Add(5 * time.Second); !strings.Contains(out.String(), "Unsolicited response") && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	if got := out.String(); strings.Contains(got, "s3cret") || !strings.Contains(got, "quotes=true") {
		t.Errorf("logged %s", got)
	}
}
