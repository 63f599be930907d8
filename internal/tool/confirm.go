// SPDX-License-Identifier: MIT

package tool

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
)

// CodeConfirmationRequired is the code of a change that has not been made, because
// nobody has said yet that it is wanted.
const CodeConfirmationRequired = "confirmation_required"

// Confirmation is the argument of every tool that removes, disconnects or can
// grant privilege; its input struct embeds it.
type Confirmation struct {
	Confirm string `json:"confirm,omitempty" jsonschema:"the name of what the call touches, exactly as the refusal without it gives it; shows that the change is wanted"`
}

// Question is what the person is asked before a change.
type Question struct {
	// Key is what the answer is found by. It belongs to this caller, tool,
	// arguments and question: an answer to another question is none to this one.
	Key  string
	Text string
}

// Answer is what the person has said to a question.
type Answer int

// The answers.
const (
	Unanswered Answer = iota
	Accepted
	Declined
)

// Confirm lets a change go on only when it is wanted: name, what it touches, has
// to be repeated as the argument confirm, and the person is asked where the client
// can ask. effect says in one sentence what the change does and what is lost by
// it, such as "removes the device web-1 from the tailnet".
//
// A tool calls it after it has read what it is about to touch and before it
// changes anything, and returns its error as it is.
func (c Call) Confirm(given Confirmation, name, effect string) error {
	if name == "" {
		// Leaving the argument out would repeat it.
		return &Error{
			Code:    CodeConfirmationRequired,
			Message: "nothing was changed: the Tailscale API says no name of what this touches, so nobody could confirm it",
			Next:    "make this change in the admin console",
		}
	}
	if given.Confirm != name {
		// Never cut: half a name would confirm nothing.
		whole := strconv.QuoteToASCII(name)
		e := &Error{
			Code:    CodeConfirmationRequired,
			Message: "nothing was changed: this " + effect,
			Next:    "when the person wants that, call again with confirm set to " + whole,
			// It has arguments in it, and what is there: the URL of a webhook is a
			// secret of some services.
			private: true,
		}
		if given.Confirm != "" {
			e.Message += "; confirm is " + quote(bounded(given.Confirm)) + " and not " + whole
		}
		return e
	}
	if c.request.Answer == nil {
		return nil
	}
	q, err := c.question("This " + effect + ". Do you want that?")
	if err != nil {
		return err
	}
	switch c.request.Answer(q.Key) {
	case Accepted:
		return nil
	case Declined:
		return &Error{
			Code:    CodeConfirmationRequired,
			Message: "nothing was changed: the person was asked and does not want it",
			Next:    "do not call again unless the person asks for it",
		}
	}
	return &Error{
		Code:    CodeConfirmationRequired,
		Message: "nothing was changed yet: the person is asked first",
		Next:    "wait for the answer of the person",
		Ask:     &q,
	}
}

// question ties a question to the call that raises it. The server remembers
// nothing in between: the key is authenticated as a cursor is.
func (c Call) question(text string) (Question, error) {
	// A client that repeats the call may write the same arguments otherwise.
	var arguments any
	d := json.NewDecoder(bytes.NewReader(c.request.Arguments))
	d.UseNumber()
	if len(c.request.Arguments) > 0 {
		if err := d.Decode(&arguments); err != nil {
			return Question{}, err
		}
	}
	cursor, err := c.cursor([]any{"confirm", c.request.Name, arguments})
	if err != nil {
		return Question{}, err
	}
	return Question{Key: "confirm-" + base64.RawURLEncoding.EncodeToString(cursor.tag(text)), Text: text}, nil
}
