// SPDX-License-Identifier: MIT

package tool

// CodeConfirmationRequired: the change has not been made, because nobody has
// said yet that it is wanted.
const CodeConfirmationRequired = "confirmation_required"

// Confirmation is the argument of every tool that removes, disconnects or can
// grant privilege; its input struct embeds it.
type Confirmation struct {
	Confirm string `json:"confirm,omitempty" jsonschema:"the name of what the call touches, exactly as the refusal without it gives it; shows that the change is wanted"`
}

// Confirm lets a change go on only when it is wanted: name, what it touches, has
// to be repeated as the argument confirm, and the person is asked where the client
// can ask. effect says in one sentence what the change does and what is lost by
// it, such as "removes the device web-1 from the tailnet".
//
// A tool calls it after it has read what it is about to touch and before it
// changes anything, and returns its error as it is.
func (c Call) Confirm(given Confirmation, name, effect string) error {
	if given.Confirm != name {
		e := &Error{
			Code:    CodeConfirmationRequired,
			Message: "nothing was changed: this " + effect,
			Next:    "when the person wants that, call again with confirm set to " + quote(name),
		}
		if given.Confirm != "" {
			e.Message += "; confirm is " + quote(bounded(given.Confirm)) + " and not " + quote(name)
		}
		return e
	}
	if c.ask == nil {
		return nil
	}
	return c.ask("This " + effect + ". Go on?")
}
