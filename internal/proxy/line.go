// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"io"
)

// lineBuffer is how much of stdin is read at once.
const lineBuffer = 64 << 10

// lineReader cuts a stream into lines of at most limit bytes.
type lineReader struct {
	r          io.Reader
	limit      int
	buf        []byte
	start, end int // what of buf is read and not yet returned
	begun      bool
	err        error // why r ended
}

func newLineReader(r io.Reader, limit int) *lineReader {
	return &lineReader{r: r, limit: limit, buf: make([]byte, lineBuffer)}
}

// jsonSpace is the white space that may stand around a JSON text.
const jsonSpace = " \t\r\n"

// line is one line of stdin without the white space around it.
type line struct {
	msg  []byte // in memory of its own; empty for a blank line
	over *skim  // not nil when the line was over the limit: what could be read of it in passing
}

// next returns the next line. The last one needs no line end. After it, the
// error is what the stream ended with, io.EOF as a rule.
func (l *lineReader) next() (line, error) {
	g := gather{limit: l.limit}
	var over *skim
	for {
		piece, done := l.piece()
		switch {
		case over != nil:
			over.write(piece)
		case done && g.size == 0 && len(piece) <= l.limit:
			// The usual line lies in the buffer as a whole.
			if piece = bytes.Trim(piece, jsonSpace); len(piece) > 0 {
				g.add(piece)
			}
			return line{msg: g.take()}, nil
		case !g.add(piece):
			over = new(skim)
			for _, p := range g.parts {
				over.write(p)
			}
			over.write(piece)
			g = gather{}
		}
		if done {
			return line{msg: bytes.Trim(g.take(), jsonSpace), over: over}, nil
		}
		if l.err != nil {
			if g.size == 0 && over == nil {
				return line{}, l.err
			}
			return line{msg: bytes.Trim(g.take(), jsonSpace), over: over}, nil
		}
		l.fill()
	}
}

// piece takes what is buffered up to and including a line end, and reports
// whether there was one.
func (l *lineReader) piece() ([]byte, bool) {
	have := l.buf[l.start:l.end]
	if i := bytes.IndexByte(have, '\n'); i >= 0 {
		l.start += i + 1
		return have[:i], true
	}
	l.start = l.end
	return have, false
}

// fill reads once, into an empty buffer.
func (l *lineReader) fill() {
	l.start, l.end = 0, 0
	for {
		n, err := l.r.Read(l.buf[l.end:])
		l.end += n
		l.err = err
		// Some Windows shells put a byte order mark before the first line.
		if !l.begun && l.end > 0 {
			if partOfMark(l.buf[:l.end]) && err == nil {
				continue
			}
			l.begun = true
			l.start = markLen(l.buf[:l.end])
		}
		return
	}
}

const byteOrderMark = "\xef\xbb\xbf"

// partOfMark reports whether more of b must be seen to tell whether it begins
// with a byte order mark.
func partOfMark(b []byte) bool {
	return len(b) < len(byteOrderMark) && string(b) == byteOrderMark[:len(b)]
}

// markLen is the length of the byte order mark that b begins with.
func markLen(b []byte) int {
	if bytes.HasPrefix(b, []byte(byteOrderMark)) {
		return len(byteOrderMark)
	}
	return 0
}
