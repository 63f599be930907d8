// SPDX-License-Identifier: MIT

package gate

import (
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi"
)

// Errors and questions hold the texts of others too.
func TestErrorsHideNothing(t *testing.T) {
	const hidden, want = "x\u200b\U000e0041", `x\u200b\U000e0041`
	for name, err := range map[string]error{
		"own":      &Error{Code: failure.InvalidArgument, Message: hidden, Next: hidden, Ask: &Question{Key: "k", Text: hidden}},
		"upstream": &tsapi.Error{Code: failure.Conflict, Message: hidden, Next: hidden},
	} {
		told := explain(err, "1", false)
		if told.Message != want || told.Next != want || told.Ask != nil && (told.Ask.Text != want || told.Ask.Key != "k") {
			t.Errorf("%s: got %+v, asked %+v; want %s", name, told, told.Ask, want)
		}
	}
}
