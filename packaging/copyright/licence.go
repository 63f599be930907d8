// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// part is something that has a licence of its own.
type part struct {
	files   string // where its source would be
	what    string // its name and version; empty for the project itself
	holders []string
	licence string // the name that Debian's form has for it
	text    string
	notice  string // what its licence wants passed on
}

// licences are the known ones, by words that no other has.
var licences = []struct{ words, name string }{
	{"Apache License Version 2.0", "Apache-2.0"},
	{"Permission is hereby granted, free of charge, to any person obtaining a copy", "Expat"},
	{"Permission to use, copy, modify, and/or distribute this software for any purpose", "ISC"},
	{"Permission to use, copy, modify, and distribute this software for any purpose", "ISC"},
	{"Neither the name of", "BSD-3-Clause"},
	{"Mozilla Public License, version 2.0", "MPL-2.0"},
}

// licenceNames are the files that a licence is in.
var licenceNames = []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING"}

// readPart reads the licence in a folder.
func readPart(files, what, folder string) (part, error) {
	p := part{files: files, what: what}
	for _, name := range licenceNames {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			continue
		}
		p.text = strings.ReplaceAll(string(text), "\r\n", "\n")
		break
	}
	if p.text == "" {
		return p, fmt.Errorf("%s has none of %s", folder, strings.Join(licenceNames, ", "))
	}
	if p.licence = classify(p.text); p.licence == "" {
		return p, fmt.Errorf("the licence of %s is none that this program knows: read it, then enter it in packaging/copyright/licence.go", folder)
	}
	if notice, err := os.ReadFile(filepath.Join(folder, "NOTICE")); err == nil {
		p.notice = string(notice)
	}
	p.holders = holders(p.text + "\n" + p.notice)
	if len(p.holders) == 0 {
		p.holders = []string{"The authors of " + strings.Fields(what + " ?")[0]}
	}
	return p, nil
}

// classify names the licences that a text holds.
func classify(text string) string {
	plain := strings.Join(strings.Fields(text), " ")
	var names []string
	for _, l := range licences {
		if strings.Contains(plain, l.words) {
			names = append(names, l.name)
		}
	}
	if len(names) == 0 && strings.Contains(plain, "Redistributions of source code must retain") {
		names = append(names, "BSD-2-Clause")
	}
	return strings.Join(names, " and ")
}

var holder = regexp.MustCompile(`(?im)^[\s/*#]*(?:copyright(?:\s*\(c\)|\s*©)?|\(c\)|©)\s+((?:\(c\)\s*)?\d{4}.*)$`)

// holders are who a text says has the copyright, without those of its examples.
func holders(text string) (all []string) {
	seen := map[string]bool{}
	for _, m := range holder.FindAllStringSubmatch(text, -1) {
		name := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(m[1]), "All rights reserved."))
		if !seen[name] {
			seen[name] = true
			all = append(all, name)
		}
	}
	return all
}
