// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"fmt"
	"strings"
	"testing"
)

// row is a promise of the sandbox.
type row struct {
	promise string
	as      string   // who tries it outside, where it must succeed: ann, or root for what only root may
	probe   []string // what stands in braces is of the one that it is tried on
	here    []string // the probe outside, where it is another
	errnos  string   // what the kernel may say inside; anything if empty
	works   bool     // it must succeed inside too: the sandbox leaves it
}

// tried is whom the probes of a table are tried on.
type tried struct{ inside, outside who }

// hold tries the rows inside an instance and outside.
func (p *place) hold(t *testing.T, in inner, on tried, rows []row) {
	t.Helper()
	probes := make([][]string, len(rows))
	out := map[string][][]string{}
	for i, r := range rows {
		probes[i] = on.inside.fill(r.probe)
		if r.here == nil {
			r.here = r.probe
		}
		out[r.as] = append(out[r.as], on.outside.fill(r.here))
	}
	got := inside(t, in, probes...)
	outside := map[string][]result{}
	for as, probes := range out {
		outside[as] = p.outside(t, as, probes...)
	}
	var table strings.Builder
	for i, r := range rows {
		there := outside[r.as][0]
		outside[r.as] = outside[r.as][1:]
		fmt.Fprintf(&table, "%-9s %-7s %-70s %s\n", word(got[i]), word(there), r.promise, strings.Join(r.probe, " "))
		if !there.OK {
			t.Errorf("%s: %q proves nothing, since it fails outside too, as %s: %s", r.promise, r.probe, r.as, there.Error)
		}
		switch {
		case r.works && !got[i].OK:
			t.Errorf("%s: %q does not work inside: %s", r.promise, r.probe, got[i].Error)
		case !r.works && got[i].OK:
			t.Errorf("%s: %q succeeds inside: %s", r.promise, r.probe, got[i].Value)
		case !r.works && r.errnos != "" && !strings.Contains(" "+r.errnos+" ", " "+got[i].Errno+" "):
			t.Errorf("%s: %q fails inside with %s (%s), which the sandbox does with %s", r.promise, r.probe, got[i].Errno, got[i].Error, r.errnos)
		}
	}
	t.Logf("inside    outside\n%s", table.String())
}

func word(r result) string {
	switch {
	case r.OK:
		return "yes"
	case r.Errno != "":
		return r.Errno
	}
	return "fails"
}
