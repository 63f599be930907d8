// SPDX-License-Identifier: MIT

package process

import (
	"fmt"
	"time"
)

// mostVain is how many requests, one after the other, a server may let wait until their time
// is over without a word of anything. Some hang for good: who goes on asking them would never
// be answered, and keep them from being idle.
const mostVain = 3

// silence is how long a server has said nothing.
type silence struct {
	vain int
	last time.Time // when the last of them was given up
}

// spoke notes that the server has said something.
func (p *Process) spoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silence = silence{}
}

// unheard notes that the time of a request is over, which was sent then. Those that waited at
// the same time count as one.
func (p *Process) unheard(sent time.Time) {
	p.mu.Lock()
	if sent.Before(p.silence.last) {
		p.mu.Unlock()
		return
	}
	p.silence.vain++
	p.silence.last = time.Now()
	over := p.silence.vain >= mostVain
	p.mu.Unlock()
	if over {
		p.kill(fmt.Errorf("the server %s said nothing while %d requests waited for it until their time was over, and was ended", p.o.Server, mostVain))
	}
}
