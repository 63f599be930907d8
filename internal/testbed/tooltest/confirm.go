// SPDX-License-Identifier: MIT

package tooltest

import (
	"fmt"
	"regexp"
	"strings"

	"tailscale-mcp/internal/tool"
)

// unconfirmed stands in a call's arguments for the code of the refusal that comes
// first.
const unconfirmed = `"confirm":"CODE"`

var handedOut = regexp.MustCompile(`confirm set to ([A-Z2-9]{4}-[A-Z2-9]{4}) `)

// CodeOf is the code that a refusal, in the words that a caller is told, hands out;
// empty when it hands out none.
func CodeOf(err error) string {
	if err == nil || !strings.HasPrefix(err.Error(), tool.CodeConfirmationRequired+": ") {
		return ""
	}
	if found := handedOut.FindStringSubmatch(err.Error()); found != nil {
		return found[1]
	}
	return ""
}

// Confirmed makes a call as an assistant makes it. When its arguments hold
// "confirm":"CODE", it is made without that first, has to be refused, and is made
// again with the code of the refusal. Other arguments are sent as they are.
func Confirmed[T any](arguments string, call func(arguments string) (T, error)) (T, error) {
	if !strings.Contains(arguments, unconfirmed) {
		return call(arguments)
	}
	out, err := call(strings.Replace(arguments, unconfirmed, `"confirm":null`, 1))
	if err == nil {
		return out, fmt.Errorf("%s: answered without a code", arguments)
	}
	code := CodeOf(err)
	if code == "" {
		return out, err
	}
	return call(strings.Replace(arguments, unconfirmed, `"confirm":"`+code+`"`, 1))
}
