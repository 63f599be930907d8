// SPDX-License-Identifier: MIT

package process

import "sync"

// Eras is what processes of one server have learned of the eras that it is of, so that
// none but the first of them is asked in vain. What is known of one version of the server is
// forgotten when it says that it is another. The zero value knows nothing; it may be used by
// several processes at once.
type Eras struct {
	mu           sync.Mutex
	older, newer knowledge
	of           [2]string // name and version of the server that it was learned of
}

// knowledge is what is known of a server and one era.
type knowledge int

const (
	unknown knowledge = iota
	// no: the server is not of that era, or is not to be spoken to in it.
	no
	// late: it is, and takes longer to say so than who asks for the first time waits.
	late
)

// first reports whether a server is asked for the newer era first; newer is whether its
// client is of that.
func (e *Eras) first(newer bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch no {
	case e.newer:
		return false
	case e.older:
		return true
	}
	return newer
}

// knows is what is known of the newer era.
func (e *Eras) knows() knowledge {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.newer
}

// met notes which server it is, where it says so.
func (e *Eras) met(name, version string) {
	is := [2]string{name, version}
	e.mu.Lock()
	defer e.mu.Unlock()
	if is == e.of || is == [2]string{} {
		return
	}
	if e.of != [2]string{} {
		e.older, e.newer = unknown, unknown
	}
	e.of = is
}

// note notes what was found of either era; unknown changes nothing.
func (e *Eras) note(newer, older knowledge) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if newer != unknown {
		e.newer = newer
	}
	if older != unknown {
		e.older = older
	}
}

// OtherEra gives up the era that the process is spoken to in, for those that are started
// later, and reports whether the server may be of the other.
func (p *Process) OtherEra() bool {
	e := p.o.Eras
	e.mu.Lock()
	defer e.mu.Unlock()
	this, other := &e.older, &e.newer
	if p.modern.Load() {
		this, other = other, this
	}
	if *other == no || *this == no { // or it is in that in spite of all
		return false
	}
	*this = no
	return true
}
