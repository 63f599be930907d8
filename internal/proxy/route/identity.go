// SPDX-License-Identifier: MIT

package route

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"tailscale.com/ipn/ipnstate"
)

// Headers that tell the server who this node and its user are. They inform:
// whoever can connect can send them, so a server must not decide by them.
const (
	headerUser = "X-Tailscale-User"
	headerNode = "X-Tailscale-Node"
	headerTags = "X-Tailscale-Tags"
)

// identityHeaders says who the local node is, by tailscaled's own status. A
// tagged node is its tags and has no user.
func identityHeaders(st *ipnstate.Status) http.Header {
	h := make(http.Header, 2)
	set := func(name, value string) {
		if value = encoded(value); value != "" {
			h[name] = []string{value}
		}
	}
	set(headerNode, strings.TrimSuffix(st.Self.DNSName, "."))
	if st.Self.Tags != nil && st.Self.Tags.Len() > 0 {
		tags := st.Self.Tags.AsSlice()
		slices.Sort(tags)
		set(headerTags, strings.Join(tags, ","))
		return h
	}
	if user, ok := st.User[st.Self.UserID]; ok {
		set(headerUser, user.LoginName)
	}
	return h
}

// encoded is v as a header can carry it: printable ASCII as it is, all else as
// RFC 2047 words, the way tailscale serve writes its headers; nothing when v is
// not UTF-8.
func encoded(v string) string {
	if !utf8.ValidString(v) {
		return ""
	}
	return mime.QEncoding.Encode("utf-8", v)
}
