// SPDX-License-Identifier: MIT

package response

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestEventIsOne: white space in an answer that another server wrote ends no event.
func TestEventIsOne(t *testing.T) {
	w := httptest.NewRecorder()
	a := Response{ResponseWriter: w}
	if err := a.Notify("notifications/message", map[string]any{"level": "info"}); err != nil {
		t.Fatal(err)
	}
	a.Send(0, []byte("{\"jsonrpc\":\"2.0\",\"id\":1,\r\n\n"), []byte("event: message\ndata: {\"result\":\n{}}"))
	if got := strings.Count(w.Body.String(), "\n\n"); got != 2 {
		t.Errorf("got %d events, want 2: %q", got, w.Body)
	}
	if got := strings.Count("\n"+w.Body.String(), "\ndata: "); got != 2 {
		t.Errorf("got %d lines of data, want 2: %q", got, w.Body)
	}
}
