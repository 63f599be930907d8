// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"bytes"
	"io"
)

// lineBuffer is the number of bytes read at once.
const lineBuffer = 64 << 10

// LineReader reads the lines of a stream.
type LineReader struct {
	r          io.Reader
	limit      int
	buf        []byte
	start, end int // the part of buf that was read and not yet returned
	begun      bool
	err        error // the error that r ended with
	room       Room
}

// Room is memory that several readers share for lines of which the end has yet to come.
type Room interface {
	// Take takes n more bytes; it reports false, and takes nothing, when there are no more.
	Take(n int) bool
	// Give gives n bytes back.
	Give(n int)
}

// NewLineReader returns a reader of the lines of r with at most limit bytes each.
func NewLineReader(r io.Reader, limit int) *LineReader {
	return &LineReader{r: r, limit: limit, buf: make([]byte, lineBuffer)}
}

// Within has lines that are longer than the buffer take what they need from room while
// they are read.
func (l *LineReader) Within(room Room) *LineReader {
	l.room = room
	return l
}

// Space is the white space that may stand around a JSON text.
const Space = " \t\r\n"

// Line is one line without the white space around it.
type Line struct {
	Msg  []byte // in memory of its own; empty for a blank line
	Over *Skim  // of a line over the limit, the members found while it passed; else nil
	// NoRoom is set with Over when it was within the limit so far, and there was no room.
	NoRoom bool
}

// Next returns the next line. The last line needs no line end. After it, Next
// returns the error that the stream ended with: io.EOF as a rule.
func (l *LineReader) Next() (Line, error) {
	g := chunks{limit: l.limit}
	var over *Skim
	noRoom, taken := false, 0
	if l.room != nil {
		defer func() { l.room.Give(taken) }()
	}
	for {
		piece, done := l.piece()
		switch {
		case over != nil:
			over.write(piece)
		case done && g.size == 0 && len(piece) <= l.limit:
			// The usual line lies in the buffer as a whole.
			if piece = bytes.Trim(piece, Space); len(piece) > 0 {
				g.add(piece)
			}
			return Line{Msg: g.take()}, nil
		case !l.holds(&g, &taken, &noRoom, piece):
			over = new(Skim)
			for _, p := range g.parts {
				over.write(p)
			}
			over.write(piece)
			g = chunks{}
		}
		if done {
			return Line{Msg: bytes.Trim(g.take(), Space), Over: over, NoRoom: noRoom}, nil
		}
		if l.err != nil {
			if g.size == 0 && over == nil {
				return Line{}, l.err
			}
			return Line{Msg: bytes.Trim(g.take(), Space), Over: over, NoRoom: noRoom}, nil
		}
		l.fill()
	}
}

// holds adds a piece of a line to what was read of it, if there is room for it.
func (l *LineReader) holds(g *chunks, taken *int, noRoom *bool, piece []byte) bool {
	if l.room == nil || g.size+len(piece) > l.limit {
		return g.add(piece)
	}
	if !l.room.Take(len(piece)) {
		*noRoom = true
		return false
	}
	*taken += len(piece)
	return g.add(piece)
}

// piece takes the buffered bytes up to the first line end, and reports whether there
// was one.
func (l *LineReader) piece() ([]byte, bool) {
	have := l.buf[l.start:l.end]
	if i := bytes.IndexByte(have, '\n'); i >= 0 {
		l.start += i + 1
		return have[:i], true
	}
	l.start = l.end
	return have, false
}

// fill reads once, into an empty buffer.
func (l *LineReader) fill() {
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

// partOfMark reports whether b is too short to tell whether the stream begins with a
// byte order mark.
func partOfMark(b []byte) bool {
	return len(b) < len(byteOrderMark) && string(b) == byteOrderMark[:len(b)]
}

// markLen is the length of the byte order mark at the beginning of b; 0 if there is
// none.
func markLen(b []byte) int {
	if bytes.HasPrefix(b, []byte(byteOrderMark)) {
		return len(byteOrderMark)
	}
	return 0
}
