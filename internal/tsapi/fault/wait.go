// SPDX-License-Identifier: MIT

package fault

import (
	"fmt"
	"time"

	"tailscale-mcp/internal/failure"
)

// FirstHold is how long nothing is sent after an answer that asks for fewer requests
// and names no time.
const FirstHold = 5 * time.Second

// Limited is the refusal of a request that was not sent, and when to come again.
func Limited(wait time.Duration, message string) *Error {
	return &Error{Code: failure.RateLimited, Message: message, Next: NextWait(wait), RetryAfter: wait}
}

// NextWait is the next step of whoever has to wait so long. It rounds up: whoever comes when told is not told again.
func NextWait(d time.Duration) string {
	return fmt.Sprintf("wait %s and call again", max(time.Second, (d+time.Second-1).Truncate(time.Second)))
}
