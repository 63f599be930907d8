// SPDX-License-Identifier: MIT

// Package credfile reads a credential as systemd hands it to a service: a file of its name
// in the folder that CREDENTIALS_DIRECTORY names (systemd.exec(5), "Credentials"). The
// daemon, the launcher of servers and the sessions with servers elsewhere have one rule of
// what such a file may hold.
//
// It is a leaf: the launcher has little in it.
package credfile

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Max is the longest credential, in bytes; the longest real one is a JWT.
const Max = 64 << 10

// Read returns the credential called name out of a folder, without the line end that editors
// put behind it. The name is a file's, and the caller's to have checked. One that is not
// there, also since folder is empty, is an [fs.ErrNotExist]; what is longer than Max or no
// text is refused. No error has anything of the content.
func Read(folder, name string) (string, error) {
	if folder == "" {
		return "", fmt.Errorf("the credential %s: %w", name, fs.ErrNotExist)
	}
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return "", fmt.Errorf("the credential %s: %w", name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, Max+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("the credential %s: %w", name, err)
	case len(text) > Max:
		return "", fmt.Errorf("the credential %s is longer than %d bytes: see whether its file is the right one", name, Max)
	case bytes.IndexByte(text, 0) >= 0:
		return "", fmt.Errorf("the credential %s has a NUL byte: it is to be text", name)
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}
