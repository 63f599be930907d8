// SPDX-License-Identifier: MIT

package cli

import (
	"errors"
	"io"
)

// errReaderGone is the end of writing to somebody who no longer reads, such as
// head(1).
var errReaderGone = errors.New("the reader of the output has gone")

// printer is standard output for a person. It keeps a reader who has gone apart
// from other errors.
type printer struct{ w io.Writer }

func (p *printer) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if err != nil && gone(err) {
		err = errReaderGone
	}
	return n, err
}
