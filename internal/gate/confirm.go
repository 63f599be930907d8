// SPDX-License-Identifier: MIT

package gate

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate/code"
	"tailscale-mcp/internal/visible"
)

// Confirmation is the argument of every tool that removes, disconnects or can
// grant privilege; its input struct embeds it.
type Confirmation struct {
	Confirm string `json:"confirm,omitempty" jsonschema:"code of the refusal; leave out at first"`
}

// Answer is what the person has said to a question.
type Answer int

// The answers.
const (
	Unanswered Answer = iota
	Accepted
	Declined
)

// Confirm lets a change go on only when it is wanted. Where the client can ask the
// person, the person is asked; else the call is refused with a code, and goes on
// when the same call is made again with it: see package code. name is what the change
// touches, as it was found, and no secret; effect says in one sentence what the
// change does and what is lost by it, such as "removes the device web-1 from the
// tailnet". Both have to be the same as long as the same is read.
//
// A tool calls it once, after it has read what it is about to touch and before it
// changes anything, and returns its error as it is. A change that was confirmed is
// recorded with that name before Confirm returns.
func (c Call) Confirm(given Confirmation, name, effect string) error {
	if err := c.asked("", given, name, effect); err != nil {
		return err
	}
	return c.confirmed()
}

// ConfirmTwice is Confirm for a change that there is a doubt about: who wants the change
// is asked again, with a code or a question of its own that says the doubt.
func (c Call) ConfirmTwice(given Confirmation, name, effect, doubt string) error {
	const again = " again"
	second := "is doubtful: " + doubt + ". This " + effect
	b, err := c.binding(c.kind()+again, name, second)
	if err != nil {
		return err
	}
	// The second question is open only when the first has been answered.
	if len(c.dispatcher.codes.Open(b)) == 0 {
		if err := c.asked("", given, name, effect+"\n"+doubt); err != nil {
			return err
		}
		given = Confirmation{}
	}
	if err := c.asked(again, given, name, second); err != nil {
		return err
	}
	return c.confirmed()
}

// mostShown is how many bytes of the arguments a person is shown who is asked about a call
// of a server's tool.
const mostShown = 2 << 10

// agreed lets a call of a server's tool go on only when the person at the client wants it,
// who is shown the tool and the arguments.
func (c Call) agreed(t Tool) error {
	what := "the tool " + t.Name + " of the server " + t.Server
	if c.request.Answer == nil {
		return &Error{
			Code:    failure.ConfirmationRequired,
			Message: "nothing was done: a person has to say yes to " + what + ", and this client cannot ask its person",
			Next: "use a client that can (elicitation of revision 2026-07-28, or an older client with elicitation and a session, or through tailscale-mcp-proxy); " +
				"else an administrator of this host looks at confirm in the entry of the server " + t.Server,
		}
	}
	// The yes is for these arguments to the byte, those too that are not shown.
	c = c.Touching(string(c.request.Arguments))
	effect := "calls " + what + ", which is " + string(t.Class) + ", " + argumentsShown(c.request.Arguments)
	b, err := c.binding("question", t.Name, effect)
	if err != nil {
		return err
	}
	if refused := c.person(b, t.Name, effect); refused != nil {
		return refused
	}
	if c.confirmed == nil {
		return nil // a read
	}
	return c.confirmed()
}

// argumentsShown are arguments for a person, on one line, with nothing hidden in them.
func argumentsShown(arguments json.RawMessage) string {
	var line bytes.Buffer
	if len(bytes.TrimSpace(arguments)) == 0 || json.Compact(&line, arguments) != nil {
		return "without arguments"
	}
	text := string(visible.JSON(line.Bytes()))
	if len(text) > mostShown {
		return "with " + strconv.Itoa(len(text)) + " bytes of arguments, which begin with " + boundedTo(mostShown, text)
	}
	return "with " + text
}

// kind says how a yes is given: by the answer to a question, or by a code.
func (c Call) kind() string {
	if c.request.Answer != nil {
		return "question"
	}
	return "code"
}

// asked returns nil where a change is wanted; round tells a second question from the first.
func (c Call) asked(round string, given Confirmation, name, effect string) error {
	if name == "" {
		// Nobody could tell what the change touched, neither now nor later.
		return &Error{
			Code:    failure.ConfirmationRequired,
			Message: "nothing was changed: the Tailscale API says no name of what this touches, so nobody could confirm it",
			Next:    "make this change in the admin console",
		}
	}
	*c.target = found(name)
	b, err := c.binding(c.kind()+round, name, effect)
	if err != nil {
		return err
	}
	var refused *Error
	if c.request.Answer != nil {
		refused = c.person(b, name, effect)
	} else {
		refused = c.code(b, given.Confirm, name, effect)
	}
	if refused != nil {
		return refused
	}
	return nil
}

// code wants the code of an earlier refusal; without it there is a refusal with
// one.
func (c Call) code(b code.Binding, given, name, effect string) (refused *Error) {
	why, this := "", "this"
	if given != "" {
		read := code.Read(given)
		switch verdict, until := c.dispatcher.codes.Take(b, read); {
		case verdict == code.Right:
			c.took(b, read, until)
			return nil
		case verdict == code.Changed:
			why, this = "what this touches has changed since its code was handed out", "Now this"
		case read == "":
			why, this = "confirm takes the code of this refusal, and not "+quote(bounded(given))+" or any name", "This"
		default:
			why, this = "the code in confirm is not good for this call: it was used, is older than "+code.LifeText+", was void after "+strconv.Itoa(code.MostWrong)+
				" wrong ones, belongs to another call or caller, or the server has restarted since", "This"
		}
		why += ". "
	}
	handed := code.New()
	c.dispatcher.codes.Issue(b, handed)
	return &Error{
		Code:    failure.ConfirmationRequired,
		Message: "nothing was changed" + unsaid(" at ", name, effect) + ": " + why + this + " " + effect,
		Next: "ask the person; when the person wants that, call again with the same arguments and confirm set to " + handed +
			" (good once, for " + code.LifeText + ")",
		// It has arguments in it, and what is there: the URL of a webhook is a
		// secret of some services.
		Private: true,
	}
}

// person asks the person, by the client. The argument confirm plays no part: such
// a client has been handed no code.
func (c Call) person(b code.Binding, name, effect string) (refused *Error) {
	begin := "This"
	if name := unsaid("", name, effect); name != "" {
		begin = name + ": this"
	}
	for _, key := range c.dispatcher.codes.Open(b) {
		answer := c.request.Answer(key)
		if answer == Unanswered {
			continue
		}
		switch verdict, until := c.dispatcher.codes.Take(b, key); {
		case verdict == code.Unknown: // a call at the same time was first
		case answer != Accepted:
			return &Error{
				Code:    failure.ConfirmationRequired,
				Message: "nothing was changed: the person was asked and does not want it",
				Next:    "do not call again unless the person asks for it",
			}
		case verdict == code.Right:
			c.took(b, key, until)
			return nil
		default:
			begin = "What this touches has changed since you were asked. Now this"
		}
	}
	q := Question{Key: "confirm-" + rand.Text(), Text: begin + " " + effect + ". Do you want that?"}
	c.dispatcher.codes.Issue(b, q.Key)
	return &Error{
		Code:    failure.ConfirmationRequired,
		Message: "nothing was changed yet: the person is asked first",
		Next:    "wait for the answer of the person",
		Ask:     &q,
	}
}

// took notes what was used up to confirm the change, so that it can be given back.
func (c Call) took(b code.Binding, text string, until time.Time) {
	*c.taken = append(*c.taken, func() { c.dispatcher.codes.Return(b, text, until) })
}

// giveBack makes good again what confirmed a change that was not even begun, since its
// caller, or the server, has made too many requests: nobody is asked twice for one change.
func (c Call) giveBack(told *Error) {
	if told.Code != failure.RateLimited || len(*c.taken) == 0 {
		return
	}
	for _, back := range *c.taken {
		back()
	}
	if c.request.Answer == nil {
		told.Next += ", with the same arguments and confirm: the code is good still"
	}
}

// Touched says what a confirmed change has touched in the end, for the record of its
// outcome, where that may be less than what was confirmed. Of no names, that stays.
func (c Call) Touched(names []string) {
	if len(names) > 0 {
		*c.target = found(strings.Join(names, ","))
	}
}

// unsaid names what is touched, where effect does not; of several things each.
func unsaid(before, name, effect string) string {
	said := true
	for one := range strings.SplitSeq(name, ",") {
		said = said && strings.Contains(effect, one)
	}
	if said {
		return ""
	}
	return before + strconv.QuoteToASCII(bounded(name))
}

// binding ties what is handed out to the call that it is handed out for.
func (c Call) binding(kind, name, effect string) (code.Binding, error) {
	// A client that repeats the call may write the same arguments otherwise.
	arguments := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(c.request.Arguments))
	d.UseNumber()
	if len(bytes.TrimSpace(c.request.Arguments)) > 0 {
		if err := d.Decode(&arguments); err != nil {
			return code.Binding{}, err
		}
	}
	delete(arguments, "confirm")
	text, err := json.Marshal(arguments)
	if err != nil {
		return code.Binding{}, err
	}
	caller := c.Caller.Key()
	return code.Binding{
		Caller: caller,
		Call:   code.Digest(kind, caller, c.dispatcher.selector(c.request.Name), string(text)),
		Read:   code.Digest(append([]string{name, effect}, c.touched...)...),
	}, nil
}
