// SPDX-License-Identifier: MIT

package grammar

import (
	"slices"
	"strings"
)

// maxMistakes is how many mistakes of a file are told.
const maxMistakes = 100

// Validate returns what the API would refuse the file for, the first first: empty where
// it takes it. It tells at most a hundred. domains are the tailnet's mail domains, nil
// when they are not known. Verdicts of "tests" and "sshTests" need a tailnet and are
// package policy's: an entry of "tests" that means nothing is for the API a test that
// failed.
func Validate(f *File, domains []string) []*Error {
	c := &checker{
		domains: domains,
		tags:    defined(f.TagOwners), groups: defined(f.Groups), hosts: defined(f.Hosts),
		ipsets: defined(f.IPSets), postures: defined(f.Postures),
		found: slices.Clone(f.faults[:min(len(f.faults), maxMistakes)]),
	}
	c.definitions(f)
	for _, rule := range f.ACLs {
		c.acl(rule)
	}
	for _, grant := range f.Grants {
		c.grant(grant)
	}
	for _, rule := range f.SSH {
		c.ssh(rule)
	}
	for _, entry := range f.NodeAttrs {
		c.nodeAttr(entry)
	}
	c.autoApprovers(f.AutoApprovers)
	for _, test := range f.SSHTests {
		c.sshTest(test)
	}
	return c.found
}

// checker looks for mistakes in a file, section by section in the order in which the
// API does as far as it is known.
type checker struct {
	domains                               []string
	tags, groups, hosts, ipsets, postures map[string]bool // in lower case
	found                                 []*Error
}

func defined(all []Definition) map[string]bool {
	names := make(map[string]bool, len(all))
	for _, d := range all {
		names[strings.ToLower(d.Text)] = true
	}
	return names
}

// mistake is what is wrong with a name: the empty one is nothing.
type mistake struct {
	message, next string
	known         bool // message is the API's
}

func (c *checker) add(where Place, m mistake) {
	if m.message != "" && len(c.found) < maxMistakes {
		c.found = append(c.found, &Error{Place: where, Message: m.message, Known: m.known, Next: m.next})
	}
}

// api is a mistake in the words of the API.
func api(message, next string) mistake { return mistake{message, next, true} }

// own is a mistake of which the API's words are not known.
func own(message, next string) mistake { return mistake{message, next, false} }

// after puts words before those of a mistake.
func (m mistake) after(words string) mistake {
	if m.message != "" {
		m.message = words + m.message
	}
	return m
}

// guessed marks words that the API is known to say elsewhere only.
func (m mistake) guessed() mistake { m.known = false; return m }
