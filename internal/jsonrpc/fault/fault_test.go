// SPDX-License-Identifier: MIT

package fault

import "testing"

func TestAnswer(t *testing.T) {
	for _, tt := range []struct {
		name, id string
		err      Error
		want     string
	}{
		{"a number as it is written", "1.0", Error{Code: InvalidParams, Message: "m"}, `{"jsonrpc":"2.0","id":1.0,"error":{"code":-32602,"message":"m"}}`},
		{"no id", "", Error{Code: ParseError, Message: `"`}, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"\""}}`},
		{"data", `"a"`, Error{CodeHTTPStatus, "m", &Data{HTTPStatus: 429, RetryAfter: "3", Body: "b", Outcome: Refused}},
			`{"jsonrpc":"2.0","id":"a","error":{"code":-31002,"message":"m","data":{"httpStatus":429,"retryAfter":"3","body":"b","outcome":"refused"}}}`},
	} {
		var id []byte
		if tt.id != "" {
			id = []byte(tt.id)
		}
		if got := string(tt.err.Answer(id)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
