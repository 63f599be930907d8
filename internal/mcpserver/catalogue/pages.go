// SPDX-License-Identifier: MIT

package catalogue

import (
	"encoding/json"
	"sync"
)

// mostPages bounds the pages that are kept. Callers with the same grants share one, so
// few are in use at a time; one of all tools has about 100 KiB.
const mostPages = 32

// pages keeps lists as they go out, for as long as the registry stays as it is. What a
// caller is shown is decided for each request anew: a page is found by the names on it,
// never by who asks, and holds nothing that depends on the time.
type pages struct {
	mu   sync.Mutex
	kept map[string][]byte
}

// of returns the end of a response, from the member of its result with that list on.
func (p *pages) of(member string, names []string, texts map[string]json.RawMessage) []byte {
	key := append(make([]byte, 0, 4<<10), member...)
	for _, name := range names {
		key = append(append(key, 0), name...)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if page, ok := p.kept[string(key)]; ok {
		return page
	}
	page := []byte(`"` + member + `":[`)
	for i, name := range names {
		if i > 0 {
			page = append(page, ',')
		}
		page = append(page, texts[name]...)
	}
	page = append(page, "]}}"...)
	if p.kept == nil || len(p.kept) >= mostPages {
		p.kept = map[string][]byte{}
	}
	p.kept[string(key)] = page
	return page
}
