// SPDX-License-Identifier: MIT

package catalogue

import (
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
)

// The icon is an image, small, and fetched from nowhere.
func TestServerIcon(t *testing.T) {
	encoded, ok := strings.CutPrefix(ServerIcon.Src, "data:image/svg+xml,")
	text, err := url.PathUnescape(encoded)
	if !ok || err != nil || len(ServerIcon.Src) > 500 || strings.ContainsAny(ServerIcon.Src, ` <>"#`) {
		t.Errorf("got %q, error %v; want a short data URI", ServerIcon.Src, err)
	}
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
}
