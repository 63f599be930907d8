// SPDX-License-Identifier: MIT

package endpoint

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"tailscale-mcp/internal/jsonrpc/mirror"
)

// CheckHeader says why a user may not have the header sent with every request;
// nil when they may. Its errors never hold the value, which may be a secret.
func CheckHeader(name, value string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return errors.New("what stands before the colon or equals sign is not a name that a header can have")
	}
	if !httpguts.ValidHeaderFieldValue(value) || !mirror.Plain(value) {
		return fmt.Errorf("the value of %s has characters that a header cannot carry (other than printable ASCII, or white space at its ends)", name)
	}
	if value == "" {
		return fmt.Errorf("the value of %s is empty", name)
	}
	return reserved(strings.ToLower(name))
}

// reserved says why a header, in lower case, is not a user's to set; nil if it is.
func reserved(name string) error {
	switch {
	case strings.HasPrefix(name, "x-tailscale-"):
		return errors.New("X-Tailscale-* headers come from the local tailscaled only")
	case strings.HasPrefix(name, "mcp-"), name == "last-event-id":
		return errors.New("this header belongs to the protocol, and the proxy sets it for each message")
	case strings.HasPrefix(name, "content-"), name == "accept", strings.HasPrefix(name, "accept-"):
		return errors.New("this header describes the message, and the proxy sets it for each message")
	case name == "host":
		return errors.New("the host is that of --server")
	case slices.Contains(hopByHop, name), strings.HasPrefix(name, "proxy-"):
		return errors.New("this header is about the connection, which is not the user's")
	}
	return nil
}

// hopByHop are headers of a connection (RFC 9110, section 7.6.1).
var hopByHop = []string{"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"}

// Allowed returns those headers of h that CheckHeader allows, with the names in the
// form net/http keeps them in. The others are logged by name.
func Allowed(h http.Header, log *slog.Logger) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		for _, value := range values {
			if err := CheckHeader(name, value); err != nil {
				log.Warn("leaving out a header of the user", "name", name, "reason", err)
				continue
			}
			out.Add(textproto.CanonicalMIMEHeaderKey(name), value)
		}
	}
	return out
}
