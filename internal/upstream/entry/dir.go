// SPDX-License-Identifier: MIT

package entry

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// maxServers is how many entries a folder may have.
const maxServers = 256

// File is one entry of a folder: a server, or what is wrong with it.
type File struct {
	Name string // of the server, as the file is called
	Path string
	// Stamp tells two states of the file apart. It is of before the file was read: one that
	// has changed since has another by then.
	Stamp    string
	Server   Server // valid if there are no mistakes
	Mistakes Mistakes
}

// Dir reads the entries of a folder, sorted by name: the files that end in .json, but not
// those that begin with a dot, nor the pins (NAME.lock.json). A folder that is not there
// has none. The error means that the folder as a whole was not read; a file that is wrong
// is none.
func Dir(path string) ([]File, error) {
	all, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: see that it is a folder and that this program may read it", err)
	}
	var files []File
	for _, f := range all {
		name, ok := strings.CutSuffix(f.Name(), ".json")
		if !ok || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".lock") {
			continue
		}
		if len(files) == maxServers {
			return nil, fmt.Errorf("%s has more than %d servers: remove some", path, maxServers)
		}
		files = append(files, At(filepath.Join(path, name+".json")))
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	return files, nil
}

// At is what [Dir] has of one file, as it is now.
func At(path string) File {
	f := File{Name: strings.TrimSuffix(filepath.Base(path), ".json"), Path: path, Stamp: Stamp(path)}
	var err error
	f.Server, err = Read(path)
	_ = errors.As(err, &f.Mistakes)
	return f
}

// Stamp tells two states of a file apart.
func Stamp(path string) string {
	info, err := os.Lstat(path)
	if err != nil {
		return "-;"
	}
	inode := uint64(0)
	if file, known := info.Sys().(*syscall.Stat_t); known {
		inode = file.Ino // one that takes its place may have its size, and its time
	}
	return fmt.Sprintf("%d %d %d %v;", inode, info.Size(), info.ModTime().UnixNano(), info.Mode())
}

// Read reads the entry in the file at path, whose name is that of the server. The file
// must be one (no symlink), at most 1 MiB, and nobody else's to write: what it says is
// done with the rights of root. The error is of type [Mistakes].
func Read(path string) (Server, error) {
	name := strings.TrimSuffix(filepath.Base(path), ".json")
	text, mistake := read(path)
	if mistake != nil {
		return Server{}, Mistakes{*mistake}
	}
	return Parse(name, path, text)
}

func read(path string) ([]byte, *Mistake) {
	refuse := func(what, remedy string) ([]byte, *Mistake) {
		return nil, &Mistake{File: path, What: what, Remedy: remedy}
	}
	const readable = "see that the file is there, of mode 0640, and of group tailscale-mcp-servers"
	// Without O_NONBLOCK, a FIFO would hold up everybody who reads the folder.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errors.Is(err, syscall.ELOOP) {
		return refuse("it is a symbolic link", "put the file itself there")
	}
	if err != nil {
		return refuse("it cannot be read ("+cause(err)+")", readable)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return refuse("it cannot be read ("+cause(err)+")", readable)
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return refuse("it is no file", "put a file there")
	case info.Mode().Perm()&0o022 != 0:
		return refuse(fmt.Sprintf("others may write it (mode %04o)", info.Mode().Perm()), "chmod 0640 "+path)
	case known && owner.Uid != 0 && int(owner.Uid) != os.Geteuid():
		return refuse("it is not root's", "chown root:tailscale-mcp-servers "+path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return refuse("it cannot be read ("+cause(err)+")", readable)
	}
	return text, nil
}

// cause is an error of the system without the path, which the mistake has already.
func cause(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}
