// SPDX-License-Identifier: MIT

package metrics

import (
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	// unknown is a name that this host does not offer.
	unknown = "unknown"
	// other is a value that has no place of its own in the label.
	other = "other"
)

// few keeps a label to few values. It is for those that the program chooses
// itself, such as codes of errors: no caller can make one up, and should one
// find a way, what comes after the first values is counted as other.
type few struct {
	most int
	mu   sync.RWMutex
	seen map[string]bool
}

func (f *few) value(v string) string {
	f.mu.RLock()
	seen, full := f.seen[v], len(f.seen) >= f.most
	f.mu.RUnlock()
	switch {
	case seen:
		return v
	case full || len(v) > 64 || !utf8.ValidString(v):
		return other
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	if len(f.seen) >= f.most && !f.seen[v] {
		return other
	}
	f.seen[strings.Clone(v)] = true
	return v
}

// among returns v when it is one of the values, else other.
func among(v string, values []string) string {
	for _, known := range values {
		if v == known {
			return known
		}
	}
	return other
}

// clean is a text that any label takes: one that is not UTF-8 would panic.
func clean(v string) string { return strings.ToValidUTF8(v, "\uFFFD") }

// class is the class of a status: 2xx and so on, and none without an answer.
func class(status int) string {
	classes := [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}
	if i := status/100 - 1; i >= 0 && i < len(classes) {
		return classes[i]
	}
	return "none"
}
