// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// verdict is one cell of the table of faults.
type verdict struct {
	text string
	good bool
}

// describe says what became of a request.
func describe(o outcome) string {
	switch {
	case len(o.answers) > 1:
		return fmt.Sprintf("%d answers", len(o.answers))
	case o.ok():
		return "answered"
	case o.failed():
		return fmt.Sprintf("error %d", o.answers[0].Error.Code)
	case len(o.answers) == 1:
		return "an answer without result or error"
	case o.exited:
		return "process exited"
	default:
		return "no answer in " + brief(o.waited)
	}
}

// brief is a time with two digits that count.
func brief(d time.Duration) string {
	s := d.Seconds()
	switch {
	case s >= 9.95:
		return fmt.Sprintf("%.0f s", s)
	case s >= 0.995:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", s), ".0") + " s"
	default:
		return fmt.Sprintf("%.0f ms", 1000*s)
	}
}

func judgeAnswered(s seen) verdict {
	text := describe(s.asked)
	if len(s.stray) > 0 {
		text += ", but one to " + s.stray[0]
	}
	return verdict{text, s.asked.ok()}
}

func judgeTimed(s seen) verdict {
	if s.asked.ok() {
		return verdict{"answered in " + brief(s.asked.took), true}
	}
	return verdict{describe(s.asked), false}
}

func judgeUnknownFields(s seen) verdict {
	switch {
	case !s.asked.ok():
		return verdict{describe(s.asked), false}
	case !s.server.Extra:
		return verdict{"the request lost its field", false}
	case !strings.Contains(string(s.asked.answers[0].Result), `"x-unknown"`):
		return verdict{"the result lost its field", false}
	}
	return verdict{"all arrived", true}
}

func judgeExact(s seen) verdict {
	if !s.asked.ok() {
		return verdict{describe(s.asked), false}
	}
	result := s.asked.answers[0].Result
	if strings.Contains(string(result), exactNumbers) {
		return verdict{"unchanged", true}
	}
	var got struct {
		StructuredContent struct{ Large, One, Small json.RawMessage }
	}
	if json.Unmarshal(result, &got) != nil {
		return verdict{"lost", false}
	}
	n := got.StructuredContent
	return verdict{fmt.Sprintf("changed: %s, %s, %s", n.Large, n.One, n.Small), false}
}

func judgeListChanged(s seen) verdict {
	switch {
	case slices.Contains(s.heard, listChanged):
		return verdict{"delivered", true}
	case !s.server.Streamed:
		return verdict{"no GET stream", false}
	}
	return verdict{"not delivered", false}
}

func judgeLargeRequest(s seen) verdict {
	text := describe(s.asked)
	switch {
	case s.asked.ok() && !strings.Contains(string(s.asked.answers[0].Result), strconv.Itoa(largeAsked)):
		return verdict{"arrived cut", false}
	case s.asked.ok():
		return verdict{text + " in " + brief(s.asked.took), true}
	case len(s.asked.answers) == 0 && !s.asked.exited && len(s.after.answers) == 0:
		text += ", nor to anything later"
	}
	return verdict{text, false}
}

func judgeForbidden(s seen) verdict {
	if !s.asked.failed() {
		return verdict{describe(s.asked), false}
	}
	e := s.asked.answers[0].Error
	switch {
	case e.Code == refusalCode && e.Message == refusalText:
		return verdict{"that error", true}
	case strings.Contains(string(s.asked.answers[0].line), refusalText):
		return verdict{describe(s.asked) + " with it as text", false}
	}
	return verdict{describe(s.asked) + " without it", false}
}

// judgeStatus wants an error from which a person can tell the HTTP status.
func judgeStatus(status string) func(seen) verdict {
	return func(s seen) verdict {
		switch {
		case !s.asked.failed():
			return verdict{describe(s.asked), false}
		case !strings.Contains(string(s.asked.answers[0].line), status):
			return verdict{describe(s.asked) + " without " + status, false}
		}
		return verdict{describe(s.asked), true}
	}
}

// judgeCut wants an error, and no second try: the first may have done its work.
func judgeCut(s seen) verdict {
	ran := s.server.Ran["cut"]
	return verdict{describe(s.asked) + times(ran), s.asked.failed() && ran == 1}
}

func judgeResumed(s seen) verdict {
	ran := s.server.Ran["resumed"]
	return verdict{describe(s.asked) + times(ran), s.asked.ok() && ran == 1}
}

// times says how often a call was run, if more than once.
func times(ran int) string {
	if ran < 2 {
		return ""
	}
	return fmt.Sprintf(", run %d times", ran)
}

func judgeGarbage(s seen) verdict {
	said := slices.Contains(s.nulls, -32700)
	switch {
	case !s.after.ok():
		return verdict{"then " + describe(s.after), false}
	case !said:
		return verdict{"says nothing, goes on", false}
	}
	return verdict{"-32700, goes on", true}
}

func judgeNotification(s seen) verdict {
	switch {
	case !s.after.ok():
		return verdict{"then " + describe(s.after), false}
	case len(s.nulls) > 0:
		return verdict{fmt.Sprintf("answered with error %d", s.nulls[0]), false}
	}
	return verdict{"not answered", true}
}

func judgeOvertaking(s seen) verdict {
	switch {
	case s.first && s.after.ok() && s.asked.ok():
		return verdict{"not held up", true}
	case s.after.ok() && s.asked.ok():
		return verdict{"held up until the slow one is answered", false}
	case s.after.ok():
		return verdict{"the slow one: " + describe(s.asked), false}
	}
	return verdict{"the fast one: " + describe(s.after), false}
}

func judgeCancelled(s seen) verdict {
	switch {
	case s.server.Slow == "":
		return verdict{"the call never arrived", false}
	case slices.Contains(s.server.Cancelled, s.server.Slow):
		return verdict{"forwarded", true}
	case len(s.server.Cancelled) > 0:
		return verdict{"forwarded with another id", false}
	}
	return verdict{"not forwarded", false}
}

func judgeMany(s seen) verdict {
	switch {
	case s.many < gateSize:
		return verdict{fmt.Sprintf("%d of %d answered, %d at once", s.many, gateSize, s.server.AtOnce), false}
	case s.server.AtOnce < gateSize:
		return verdict{fmt.Sprintf("answered, %d at once", s.server.AtOnce), false}
	}
	return verdict{"all at once", true}
}

func judgeForgotten(s seen) verdict {
	ran := s.server.Ran["echo"]
	switch {
	case s.asked.ok() && s.after.ok() && ran == 3:
		return verdict{"answered once, in " + brief(s.asked.took), true}
	case s.asked.ok() && s.after.ok():
		return verdict{fmt.Sprintf("3 calls were run %d times", ran), false}
	case s.after.ok():
		return verdict{describe(s.asked) + ", then recovered", false}
	}
	return verdict{describe(s.asked) + ", and so for ever", false}
}

func judgeDown(s seen) verdict {
	switch {
	case s.asked.failed() && s.after.ok():
		return verdict{"error, then answered", true}
	case s.asked.failed():
		return verdict{"error, then " + describe(s.after), false}
	}
	return verdict{describe(s.asked) + ", then " + describe(s.after), false}
}

// exitLimit is how long a proxy may take to end once its client has gone.
const exitLimit = 3 * time.Second

func judgeExit(s seen) verdict {
	if s.exit == nil {
		return verdict{"does not exit", false}
	}
	text := fmt.Sprintf("exits %d in %s", s.exit.code, brief(s.exit.took))
	if s.server.Deleted == 0 {
		return verdict{text + ", no DELETE", false}
	}
	return verdict{text + ", DELETE", s.exit.code == 0 && s.exit.took <= exitLimit && s.server.Deleted == 1}
}
