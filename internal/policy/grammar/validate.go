// SPDX-License-Identifier: MIT

package grammar

// Validate returns what the API would refuse the file for, the first first: empty where
// it takes it. domains are the tailnet's mail domains, nil when they are not known.
// Verdicts of "tests" and "sshTests" need a tailnet and are package policy's.
func Validate(f *File, domains []string) []*Error { return f.faults }
