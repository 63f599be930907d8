// SPDX-License-Identifier: MIT

package httpsse

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	"tailscale-mcp/internal/jsonrpc"
)

func TestResolve(t *testing.T) {
	for _, tt := range []struct {
		stream, data, want string
		err                error
	}{
		{stream: "http://h:3001/sse", data: "/message?sessionId=1", want: "http://h:3001/message?sessionId=1"},
		{stream: "http://h/a/sse", data: "messages/?session_id=1", want: "http://h/a/messages/?session_id=1"},
		{stream: "http://h/sse?key=1", data: "?s=2", want: "http://h/sse?s=2"},
		{stream: "http://h/sse", data: "http://h:80/m", want: "http://h/m"},
		{stream: "https://H/sse", data: "https://h:443/m#x", want: "https://H/m"},
		{stream: "http://[fd7a::1]:8080/sse", data: "http://[FD7A::1]:8080/m", want: "http://[fd7a::1]:8080/m"},
		{stream: "http://h/sse", data: " /m\n", want: "http://h/m"},
		{stream: "http://h/a/sse", data: "../../m", want: "http://h/m"},
		{stream: "http://h/sse", data: `/m\\x`, want: "http://h/m%5C%5Cx"},

		{stream: "http://h/sse", data: "http://other/m", err: ErrOtherOrigin},
		{stream: "http://h/sse", data: "//other/m", err: ErrOtherOrigin},
		{stream: "http://h/sse", data: "http://h.other/m", err: ErrOtherOrigin},
		{stream: "http://h/sse", data: "http://h@other/m", err: ErrOtherOrigin},
		{stream: "http://h/sse", data: "https://h/m", err: ErrOtherOrigin},
		{stream: "http://h/sse", data: "http://h:8080/m", err: ErrOtherOrigin},
		{stream: "http://h:8080/sse", data: "http://h/m", err: ErrOtherOrigin},
		{stream: "http://h/sse", data: "http:m", err: ErrOtherOrigin},
		{stream: "http://h/sse", data: "file:///etc/passwd", err: ErrOtherOrigin},
		{stream: "http://h/sse", data: "javascript:0", err: ErrOtherOrigin},
		{stream: "http://h/sse", data: "http://u:p@h/m", err: ErrBadURL},
		{stream: "http://h/sse", data: "/m HTTP/1.1", err: ErrBadURL},
		{stream: "http://h/sse", data: "/m\r\nX: y", err: ErrBadURL},
		{stream: "http://h/sse", data: "/m\x00", err: ErrBadURL},
		{stream: "http://h/sse", data: "/ü", err: ErrBadURL},
		{stream: "http://h/sse", data: "/%zz", err: ErrBadURL},
		{stream: "http://h/sse", data: "http://h:x/", err: ErrBadURL},
		{stream: "http://h/sse", data: " \n ", err: ErrBadURL},
		{stream: "http://h/sse", data: "/" + strings.Repeat("hunter2", maxURL), err: ErrBadURL},
	} {
		stream, err := url.Parse(tt.stream)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Resolve(stream, []byte(tt.data))
		if !errors.Is(err, tt.err) || err == nil && got.String() != tt.want {
			t.Errorf("%s, %.40q: got %v and %v, want %s and %v", tt.stream, tt.data, got, err, tt.want, tt.err)
		}
		if err != nil && (got != nil || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%.40q: got %v, and %v with the URL in it", tt.data, got, err)
		}
	}
}

// TestOpen: only an event "endpoint" that comes first opens a stream.
func TestOpen(t *testing.T) {
	stream := &url.URL{Scheme: "http", Host: "h", Path: "/sse"}
	for _, tt := range []struct {
		name, in string
		err      error
	}{
		{name: "as it should be", in: ": hi\n\nevent: endpoint\ndata: /m\n\n"},
		{name: "a message first", in: "data: {}\n\nevent: endpoint\ndata: /m\n\n", err: ErrNoEndpoint},
		{name: "another event first", in: "event: ping\ndata: 1\n\n", err: ErrNoEndpoint},
		{name: "nothing", in: "", err: io.EOF},
		{name: "cut off", in: "event: endpoint\ndata: /m\n", err: ErrNoEndpoint},
		{name: "larger than a message may be", in: "event: endpoint\ndata: " + strings.Repeat("x", 2000) + "\n\n", err: jsonrpc.ErrTooLarge},
		{name: "elsewhere", in: "event: endpoint\ndata: http://other/m\n\n", err: ErrOtherOrigin},
	} {
		er := jsonrpc.NewEventReader(strings.NewReader(tt.in), 1000)
		got, err := Open(er, stream)
		er.Close()
		if !errors.Is(err, tt.err) || err == nil && got.String() != "http://h/m" {
			t.Errorf("%s: got %v and %v, want %v", tt.name, got, err, tt.err)
		}
	}
}

// FuzzResolve: whatever a server names, nothing is sent to another origin, and what is
// named makes one line of an HTTP request.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{"/m?x=1", "http://h/m", "//other", "http:m", "", "?", "#", `\\h\m`, "http://h@other", "HTTP://H"} {
		f.Add(s)
	}
	stream := &url.URL{Scheme: "http", Host: "h", Path: "/sse"}
	f.Fuzz(func(t *testing.T, data string) {
		to, err := Resolve(stream, []byte(data))
		if err != nil {
			return
		}
		again, err := url.Parse(to.String())
		if err != nil || again.Scheme != "http" || again.Host != "h" || again.User != nil {
			t.Errorf("%q leads to %v (%v)", data, to, err)
		}
		if line := to.RequestURI(); line == "" || strings.ContainsAny(line, " \r\n\t") || line[0] != '/' {
			t.Errorf("%q makes the request line %q", data, line)
		}
	})
}

func TestMaybe(t *testing.T) {
	for status, want := range map[int]bool{200: false, 202: false, 307: false, 400: true, 401: false, 403: false, 404: true, 405: true, 410: false, 500: false} {
		if Maybe(status) != want {
			t.Errorf("%d: %v", status, !want)
		}
	}
}
