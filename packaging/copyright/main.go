// SPDX-License-Identifier: MIT

// Command copyright prints the copyright file of a package: the licences of the
// program and of every Go module that is linked into it, in the form that Debian
// reads (DEP-5, https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/).
//
//	go list -m -f '{{.Path}} {{.Dir}}' all | go run ./packaging/copyright -goroot "$(go env GOROOT)" BINARY...
//
// It takes the modules from the binaries, their folders from standard input and
// the project's own licence from the current folder. A module without a licence,
// or with one it does not know, is an error: somebody has to read it first.
package main

import (
	"bufio"
	"debug/buildinfo"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	goroot := flag.String("goroot", "", "")
	common := flag.String("common", "", "")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *goroot, *common, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "copyright:", err)
		os.Exit(1)
	}
}

// run prints the copyright file of the binaries. Where common is not empty it
// names the folder that has the long licences, which are then left out.
func run(folders io.Reader, out io.Writer, goroot, common string, binaries []string) error {
	where, err := readFolders(folders)
	if err != nil {
		return err
	}
	linked := map[string]string{} // versions by path
	var goVersion string
	for _, name := range binaries {
		info, err := buildinfo.ReadFile(name)
		if err != nil {
			return fmt.Errorf("the modules of a binary: %w", err)
		}
		for _, m := range info.Deps {
			linked[m.Path] = m.Version
		}
		goVersion = info.GoVersion
	}
	own, err := readPart("*", "", ".")
	if err != nil {
		return err
	}
	library, err := readPart("go/src/*", "the standard library of "+goVersion, goroot)
	if err != nil {
		return err
	}
	parts := []part{library}
	for path, version := range linked {
		folder := where[path]
		if folder == "" {
			return fmt.Errorf("%s %s is not in this machine's module cache; run: go mod download", path, version)
		}
		p, err := readPart("vendor/"+path+"/*", path+" "+version, folder)
		if err != nil {
			return err
		}
		parts = append(parts, p)
	}
	return write(out, own, parts, common)
}

// readFolders reads lines of a module's path and its folder.
func readFolders(in io.Reader) (map[string]string, error) {
	folders := map[string]string{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if path, folder, found := strings.Cut(lines.Text(), " "); found {
			folders[path] = folder
		}
	}
	return folders, lines.Err()
}
