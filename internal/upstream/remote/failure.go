// SPDX-License-Identifier: MIT

package remote

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/redact"
	"tailscale-mcp/internal/upstream/frame"
	"tailscale-mcp/internal/upstream/process"
)

// words are those of a server or of an error, fit for a message and without our secrets.
func (l *link) words(text string) string { return redact.Text(text, l.headers.withheld()...) }

// discreet is an error of the server without our secrets: servers are known that repeat the
// token which they do not take, and it is not its callers'.
func (l *link) discreet(msg []byte) []byte {
	secrets := l.headers.withheld()
	var all, said map[string]json.RawMessage
	if len(secrets) == 0 || json.Unmarshal(msg, &all) != nil || json.Unmarshal(all["error"], &said) != nil {
		return msg // whoever reads it says that it cannot be read
	}
	changed := false
	for name, value := range said {
		var text any
		d := json.NewDecoder(bytes.NewReader(value))
		d.UseNumber()
		if d.Decode(&text) != nil || !hasSecret(text, secrets) {
			continue
		}
		changed = true
		if message, ok := text.(string); ok {
			said[name] = mustJSON(l.words(message))
			continue
		}
		delete(said, name)
	}
	if !changed {
		return msg
	}
	all["error"] = mustJSON(said)
	return mustJSON(all)
}

// hasSecret reports whether a value of JSON has one of the secrets in it.
func hasSecret(value any, secrets []string) bool {
	switch v := value.(type) {
	case string:
		return slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(v, s) })
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return hasSecret(item, secrets) })
	case map[string]any:
		for name, member := range v {
			if hasSecret(name, secrets) || hasSecret(member, secrets) {
				return true
			}
		}
	}
	return false
}

func mustJSON(v any) []byte {
	text, _ := json.Marshal(v) // of strings and of what was JSON: cannot fail
	return text
}

func httpStatus(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// unsent is why a request was not sent.
func (l *link) unsent(next, format string, args ...any) error {
	return &process.Unanswered{Server: l.server, How: fmt.Sprintf(format, args...), Next: next}
}

// bad is that a server answered with what is no answer.
func (l *link) bad(what string) error {
	return &process.Unanswered{Server: l.server, How: "what came is " + what, Unknown: true}
}

// noMCP is that a server answered as a website does, or not at all.
func (l *link) noMCP(status int, kind string) error {
	if kind == "" {
		kind = "of no type"
	} else {
		kind = "of the type " + l.words(kind)
	}
	return &process.Unanswered{
		Server: l.server, How: "HTTP " + httpStatus(status) + " " + kind + " is no answer of an MCP server",
		Next: `see whether "url" of its entry is that of one`, Unknown: true,
	}
}

func (l *link) tooLarge() error {
	return &process.Refused{Code: fault.CodeTooLarge, Message: fmt.Sprintf("the server %s answered with more than %d MiB; ask for less at once", l.server, frame.MaxLine>>20)}
}

func (l *link) noRoom() error {
	return &process.Refused{Code: fault.CodeTooLarge, Message: fmt.Sprintf("the answer of the server %s was dropped: %v; what the call did is done; make such calls one after the other, or ask for less", l.server, errNoRoom)}
}

// broken is why a response ended before the answer.
func (l *link) broken(err error) error {
	how := "its response ended before the answer"
	switch {
	case errors.Is(err, errEndless):
		how = "its response " + strings.TrimPrefix(errEndless.Error(), "it ") + " and was cut off"
	case !errors.Is(err, io.EOF):
		how = "its response broke off before the answer (" + l.words(err.Error()) + ")"
	}
	return &process.Unanswered{Server: l.server, How: how, Unknown: true}
}

// failure is why a request got no response.
func (l *link) failure(err error) error {
	var bar *barred
	var op *net.OpError
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	host := l.at.Host
	switch dial := errors.As(err, &op) && op.Op == "dial"; {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &bar):
		return l.unsent(`if it is meant, list it in "network" of the entry`, "%s was not connected to: %s", host, bar.why)
	case dial && errors.As(err, &dns):
		return l.unsent(`see whether "url" of its entry is right`, "the name %s does not resolve on this host (%s)", l.at.Hostname(), l.words(dns.Err))
	case dial:
		return l.unsent(`see whether the server runs, and whether "url" of its entry is right`, "%s cannot be connected to (%s)", host, l.words(op.Err.Error()))
	case errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/":
		return l.unsent(`see whether "url" of its entry is right`, "%s speaks http there, not https", host)
	case errors.As(err, &certificate):
		return l.unsent(`name a private authority with "ca" in its entry`, "the certificate of %s does not hold (%s)", host, l.words(certificate.Err.Error()))
	case errors.As(err, &record), strings.Contains(err.Error(), "tls: "), strings.Contains(err.Error(), "TLS handshake timeout"): // which have no types
		return l.unsent(`see whether https in "url" of its entry is right`, "no TLS of version 1.2 or later comes about with %s (%s)", host, l.words(err.Error()))
	case errors.Is(err, context.DeadlineExceeded):
		return &process.Unanswered{Server: l.server, How: "it took longer than " + tellTime.String(), Unknown: true}
	}
	return &process.Unanswered{Server: l.server, How: "the connection to " + host + " broke before the answer (" + l.words(err.Error()) + ")", Unknown: true}
}

// status is what an HTTP status without an answer in it means.
func (l *link) status(code int, h http.Header, body []byte) error {
	u := &process.Unanswered{Server: l.server, How: "HTTP " + httpStatus(code), Unknown: code >= http.StatusInternalServerError, Later: busy(code)}
	switch {
	case code >= 300 && code <= 399:
		u.How += ", and redirects are not followed"
		if to := pointed(l.at, h.Get("Location")); to != "" {
			u.How = "HTTP " + httpStatus(code) + " to " + l.words(to) + ", and redirects are not followed"
		}
		u.Next = `if that is the server, write where it is into "url" of its entry`
		return u
	case code == http.StatusUnauthorized:
		u.Next = `it wants to know who asks: put its token or key into "headers" of its entry, as ${credential:` + l.server + `.NAME}, or see whether the one there still holds`
	case code == http.StatusForbidden:
		u.Next = `it does not let this gateway do that: see what "headers" of its entry prove`
	case code == http.StatusNotFound, code == http.StatusMethodNotAllowed:
		u.Next = `see whether "url" of its entry is that of an MCP server`
	case busy(code):
		u.Next = "try again later"
		if after := h.Get("Retry-After"); after != "" {
			u.Next = "try again later (it says: " + l.words(after) + ")"
		}
		if code == http.StatusServiceUnavailable {
			u.Next += ", and ask who runs it if that lasts"
		}
	case code == http.StatusBadGateway, code == http.StatusGatewayTimeout:
		u.Next = "what stands before the server there does not get an answer from it: try again in a minute, and ask who runs it if that lasts"
	case code >= http.StatusInternalServerError:
		u.Next = "it failed there, and not at this gateway: ask who runs it, and say when it was"
	}
	if text := strings.TrimSpace(string(body)); text != "" && strings.HasPrefix(http.DetectContentType(body), "text/plain") {
		u.How += ": " + strconv.Quote(l.words(jsonrpc.Excerpt([]byte(text))))
	}
	return u
}

// busy reports whether an HTTP status says that the server has no time now.
func busy(code int) bool {
	return code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable
}

// pointed is where a redirect points, without what may be a secret.
func pointed(at *url.URL, location string) string {
	to, err := at.Parse(location)
	if err != nil || location == "" {
		return ""
	}
	return to.Scheme + "://" + to.Host + to.EscapedPath()
}
