// SPDX-License-Identifier: MIT

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// file is one file of an archive.
type file struct {
	name string // with the folder that all are in
	mode fs.FileMode
	data []byte
}

// pack makes the archive for one system: a zip for Windows, which opens those
// by itself, else a compressed tar.
func (r *release) pack(system string) (name string, archive []byte, err error) {
	folder := program + "_" + r.version + "_" + strings.ReplaceAll(system, "/", "_")
	windows := strings.HasPrefix(system, "windows/")
	binary := program
	if windows {
		binary += ".exe"
	}
	files, err := r.collect(folder, filepath.Join(filepath.FromSlash(system), binary))
	if err != nil {
		return "", nil, err
	}
	if windows {
		archive, err = zipped(files, r.time)
		return folder + ".zip", archive, err
	}
	archive, err = tarred(files, r.time)
	return folder + ".tar.gz", archive, err
}

// collect reads what goes into an archive, in its order.
func (r *release) collect(folder, binary string) ([]file, error) {
	data, err := os.ReadFile(filepath.Join(r.binaries, binary))
	if err != nil {
		return nil, fmt.Errorf("the binary: %w; make dist builds it", err)
	}
	files := []file{{path.Join(folder, filepath.Base(binary)), 0o755, data}}
	for _, d := range documents {
		data, err := os.ReadFile(filepath.FromSlash(d.from))
		if err != nil {
			return nil, fmt.Errorf("what goes with the binary: %w", err)
		}
		files = append(files, file{path.Join(folder, d.to), 0o644, data})
	}
	for _, name := range completions {
		data, err := os.ReadFile(filepath.Join(r.binaries, "completions", name))
		if err != nil {
			return nil, fmt.Errorf("the completions: %w; make dist makes them", err)
		}
		if len(data) == 0 {
			return nil, fmt.Errorf("the completions: %s is empty", name)
		}
		files = append(files, file{path.Join(folder, "completions", name), 0o644, data})
	}
	return files, nil
}

// tarred is a compressed tar, owned by root, all of one time.
func tarred(files []file, modified time.Time) ([]byte, error) {
	var b bytes.Buffer
	// The header of gzip names no file and no time.
	gz, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(gz)
	for _, f := range files {
		h := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.name, Size: int64(len(f.data)), Mode: int64(f.mode),
			ModTime: modified, Uname: "root", Gname: "root", Format: tar.FormatUSTAR,
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	err = gz.Close()
	return b.Bytes(), err
}

// zipped is a zip, all of one time.
func zipped(files []file, modified time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: modified}
		h.SetMode(f.mode)
		to, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := to.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
