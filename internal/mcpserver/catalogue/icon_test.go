// SPDX-License-Identifier: MIT

package catalogue

import (
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/grant"
)

// Every class has an icon that is an image, small, and fetched from nowhere.
func TestIcons(t *testing.T) {
	all := []mcp.Icon{ServerIcon}
	for _, class := range grant.Classes() {
		all = append(all, icons[class])
	}
	for _, i := range all {
		encoded, ok := strings.CutPrefix(i.Src, "data:image/svg+xml,")
		text, err := url.PathUnescape(encoded)
		if !ok || err != nil || len(i.Src) > 500 || strings.ContainsAny(i.Src, ` <>"#`) {
			t.Errorf("got %q, error %v; want a short data URI", i.Src, err)
		}
		for d := xml.NewDecoder(strings.NewReader(text)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%v in %s", err, text)
				break
			}
		}
	}
}
