// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"sync"
	"time"
)

// maxKept bounds what is kept at once, in bytes: of the answers as they came, of what
// was made of them, and of the keys, which have the bodies of the requests in them.
const maxKept = 32 << 20

// weight is about how many bytes an answer of so many bytes takes when it is decoded.
// What is made of it points into its text; lists of short elements come on top.
func weight(v any, size int) int {
	switch list := v.(type) {
	case []Device:
		return size + 400*cap(list) // its fields, and the lists of its addresses and tags
	case []Object:
		return size + 16*cap(list)
	}
	return size
}

// kept are the answers of reads for a few seconds: a model looks at one list in
// three calls within a moment. Their keys tell apart the credentials that they were
// read with; who may see one is decided before it is asked for. Errors are not kept.
//
// The zero value keeps nothing.
type kept struct {
	keep time.Duration

	mu   sync.Mutex
	m    map[string]keptAnswer
	puts int
}

type keptAnswer struct {
	value any
	size  int
	n     int // which put it came with
}

type freshKey struct{}

// Fresh returns a context whose reads ask the API, whatever is kept: what a change
// is based on has to be true now.
func Fresh(ctx context.Context) context.Context { return context.WithValue(ctx, freshKey{}, true) }

func (k *kept) get(ctx context.Context, key string) any {
	if fresh, _ := ctx.Value(freshKey{}).(bool); fresh {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.m[key].value
}

// put keeps an answer of so many bytes for its time, in place of an older one. When
// there is no room it is not kept: those that are there go by themselves.
func (k *kept) put(key string, v any, size int) {
	if k.keep <= 0 {
		return
	}
	size += len(key)
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.m, key)
	all := size
	for _, a := range k.m {
		all += a.size
	}
	if all > maxKept {
		return
	}
	if k.m == nil {
		k.m = map[string]keptAnswer{}
	}
	k.puts++
	n := k.puts
	k.m[key] = keptAnswer{v, size, n}
	// The timer holds the number and not the answer, which may be dropped meanwhile.
	time.AfterFunc(k.keep, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.m[key].n == n {
			delete(k.m, key)
		}
	})
}

// drop forgets everything.
func (k *kept) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.m = nil
}
