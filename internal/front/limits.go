// SPDX-License-Identifier: MIT

package front

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"tailscale-mcp/internal/caller"
)

// Limits say how much one caller may use at once. A caller is a node with its user
// or tags. Zero means the default, a negative number no limit.
type Limits struct {
	// Connections per caller, and per Tailscale address before its caller is
	// known. Default 128.
	Connections int
	// Calls in flight per caller. Default 64. A call that costs more than a read
	// takes several of them, see Visit.Weigh.
	Calls int
	// Streams that stay open, per caller. Default 64.
	Streams int
	// Rate is how many requests a caller may make per second, on average.
	// Default 50, with four times as many at once. A large body counts as several.
	Rate int
}

// The limits of a caller without any grant: enough to ask why.
var ungranted = Limits{Connections: 8, Calls: 4, Streams: 2, Rate: 5}

const (
	// bursts is how many seconds' worth of requests may come at once.
	bursts = 4
	// bytesPerRequest is the size of a body that counts as one request.
	bytesPerRequest = 64 << 10
	// mostBeyond bounds the requests of one caller that may be answers which calls of it wait
	// for, and are let in beyond its calls: as many as there may be questions.
	// Without any grant there are none.
	mostBeyond = 64
	// ungrantedBody is the largest body of a caller without any grant, in bytes.
	ungrantedBody = 64 << 10

	// mostConnections bounds the connections of the whole process. When it is
	// reached, whoever has most of them gives one up.
	mostConnections = 1024
	// mostIdle bounds those of them that wait for a next request.
	mostIdle = 512
	// mostUnidentified bounds those from loopback whose caller is not known yet:
	// with userspace networking everybody comes from there.
	mostUnidentified = 128
	// spare connections of one address over its limit are answered with 429 and
	// closed. Beyond them a connection is reset: an answer costs a descriptor.
	spare = 8

	// mostBodyBytes bounds the bodies that are being read or worked on, of all
	// callers; one caller may have a quarter.
	mostBodyBytes = 64 << 20
	// smallBody is the memory of a body, in bytes, that is not refused for what
	// other callers hold.
	smallBody = 64<<10 + 1
	// mostCallers bounds the callers whose use is remembered.
	mostCallers = 4096
)

// The names of the limits, as refusals and metrics say them.
const (
	limitConnections = "connections"
	limitCalls       = "calls"
	limitStreams     = "streams"
	limitRequests    = "requests"
	limitBody        = "body"
	limitAnswer      = "answer"
	limitIdle        = "idle"
)

func (l Limits) withDefaults() Limits {
	return Limits{
		Connections: cmp.Or(l.Connections, 128),
		Calls:       cmp.Or(l.Calls, 64),
		Streams:     cmp.Or(l.Streams, 64),
		Rate:        cmp.Or(l.Rate, 50),
	}
}

// of returns the limits of a caller.
func (l Limits) of(granted bool) Limits {
	if granted {
		return l
	}
	return Limits{
		Connections: lower(l.Connections, ungranted.Connections),
		Calls:       lower(l.Calls, ungranted.Calls),
		Streams:     lower(l.Streams, ungranted.Streams),
		Rate:        lower(l.Rate, ungranted.Rate),
	}
}

// lower is the smaller of two limits; without any limit there is none either.
func lower(limit, other int) int {
	if limit < 0 {
		return limit
	}
	return min(limit, other)
}

// over reports whether n is more than limit allows.
func over(n, limit int) bool { return limit >= 0 && n > limit }

// bodyBytes is the budget of all bodies; without any limit on calls there is none.
func (l Limits) bodyBytes() int64 {
	if l.Calls < 0 {
		return math.MaxInt64
	}
	return mostBodyBytes
}

// refuseLimit answers what is over a limit.
func (f *Front) refuseLimit(w http.ResponseWriter, s *share, limit string, most int) {
	Reject(w, nil, f.overLimit(s, limit, most, time.Second))
}

// overLimit says which limit of whom is reached and when to come again.
func (f *Front) overLimit(s *share, limit string, most int, wait time.Duration) *Failure {
	f.limited(limit)
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	who, next := "one caller of this server", "An administrator of the host changes the limits in /etc/tailscale-mcp.env (man tailscale-mcp.env)"
	if s != nil {
		f.logLimited(s, limit)
		if !s.hasGrant() {
			who, next = "a caller without any grant on this server", "Call whoami: it says which grant is missing"
		}
	}
	unit := map[string]string{
		limitConnections: "connections", limitCalls: "calls in flight (long and costly ones count as several)", limitStreams: "open streams",
		limitRequests: "requests per second", limitBody: "bytes of request bodies at once",
	}[limit]
	message := fmt.Sprintf("%s may have %d %s; come again in %d s with fewer at once", who, most, unit, seconds)
	if limit != limitBody { // which no variable changes
		message += ". " + next
	}
	return rateLimited(limit, message, seconds)
}

// bodiesFull answers a caller who has to wait for what others do.
func (f *Front) bodiesFull() *Failure {
	f.limited(limitBody)
	return rateLimited(limitBody, fmt.Sprintf("this server takes %d MiB of request bodies at once, and others are sending theirs; come again in 1 s, or send at most 64 KiB",
		mostBodyBytes>>20), 1)
}

// rateLimited is the one form of every refusal by a limit.
func rateLimited(limit, message string, seconds int) *Failure {
	return &Failure{
		Status: http.StatusTooManyRequests, Code: http.StatusTooManyRequests, Message: "rate_limited: " + message,
		Data:       map[string]any{"code": "rate_limited", "limit": limit, "retryAfterSeconds": seconds},
		RetryAfter: strconv.Itoa(seconds),
	}
}

func (f *Front) limited(limit string) {
	if f.o.Observe.Limited != nil {
		f.o.Observe.Limited(limit)
	}
}

// logEvery is how often the log says that one caller is over its limits: the
// caller decides how often it is.
const logEvery = 10 * time.Second

func (f *Front) logLimited(s *share, limit string) {
	if n, due := s.refused(); due {
		f.o.Log.Warn("a caller is over its limits", "caller", s.name, "limit", limit, "refused", n)
	}
}

// Stats are what is in use now.
type Stats struct {
	Connections, Idle, Unidentified int
	Callers, Calls, Streams         int
	BodyBytes                       int64
}

// Stats returns what is in use now.
func (f *Front) Stats() Stats {
	var s Stats
	f.connections.count(&s)
	f.shares.count(&s)
	s.BodyBytes = f.bodies.used()
	return s
}

// granted reports whether a caller has any grant on this host.
func granted(c caller.Caller) bool { return !c.Rules.Empty() }
