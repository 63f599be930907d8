// SPDX-License-Identifier: MIT

// Package cpio writes the payload of rpm packages, with names that stay below the
// folder they are unpacked in.
//
// nfpm, by github.com/google/rpmpack, names every file of a payload by its absolute
// path. rpm does not mind, since it takes the names from the header; but whoever
// unpacks the payload with cpio(1), as rpmlint does, gets the files of their own
// host overwritten. rpmbuild writes ./usr/bin/x, and so does this package. It has
// as much of github.com/cavaliergopher/cpio as rpmpack uses, so that the names are
// right before digests and signature are made.
package cpio

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strings"
)

// FileMode is the type and the permissions of a file, as stat(2) has them.
type FileMode uint32

// Header describes a file.
type Header struct {
	Name  string // absolute, or relative to the root
	Mode  FileMode
	Size  int64
	Links int
}

// trailer is the name that ends an archive.
const trailer = "TRAILER!!!"

// Writer writes an archive in the format "newc", that of rpm.
type Writer struct {
	w     io.Writer
	inode int64 // of the file that was begun last
	left  int64 // how many of its bytes are to come
	pad   int64 // how many zeros follow them
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// WriteHeader begins a file. Its content, h.Size bytes, is what is written next.
func (w *Writer) WriteHeader(h *Header) error {
	name := path.Clean("/" + h.Name)
	if name == "/" || strings.ContainsRune(name, 0) {
		return fmt.Errorf("cpio: %q is no name for a file in a package", h.Name)
	}
	w.inode++
	return w.begin("."+name, w.inode, h)
}

func (w *Writer) begin(name string, inode int64, h *Header) error {
	if err := w.finish(); err != nil {
		return err
	}
	if h.Size < 0 || h.Size > math.MaxUint32 {
		return fmt.Errorf("cpio: %s has %d bytes, which the format cannot say", name, h.Size)
	}
	// Inode, mode, owner, group, links, time, size, the devices of the file and of
	// the inode, the length of the name and the checksum.
	head := "070701"
	for _, field := range []int64{inode, int64(h.Mode), 0, 0, int64(h.Links), 0, h.Size, 0, 0, 0, 0, int64(len(name)) + 1, 0} {
		head += fmt.Sprintf("%08X", field)
	}
	head += name + "\x00"
	head += strings.Repeat("\x00", int(padding(int64(len(head)))))
	if _, err := io.WriteString(w.w, head); err != nil {
		return fmt.Errorf("cpio: writing the header of %s: %w", name, err)
	}
	w.left, w.pad = h.Size, padding(h.Size)
	return nil
}

// Write writes content of the file that was begun.
func (w *Writer) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left {
		return 0, fmt.Errorf("cpio: %d bytes more than the header says", int64(len(p))-w.left)
	}
	n, err := w.w.Write(p)
	w.left -= int64(n)
	return n, err
}

// Close ends the archive.
func (w *Writer) Close() error {
	if err := w.begin(trailer, 0, &Header{Links: 1}); err != nil {
		return err
	}
	return w.finish()
}

// finish ends the file that was begun.
func (w *Writer) finish() error {
	if w.left > 0 {
		return errors.New("cpio: a file is shorter than its header says")
	}
	_, err := w.w.Write(make([]byte, w.pad))
	w.pad = 0
	return err
}

// padding is how many zeros follow n bytes: everything begins at a multiple of four.
func padding(n int64) int64 { return -n & 3 }
