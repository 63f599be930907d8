// SPDX-License-Identifier: MIT

package asking

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Count counts what is asked, by method. The zero value is ready.
type Count struct {
	mu sync.Mutex
	n  map[string]int
}

// Counting is ask, counted: every question that was tried, whatever came of it.
func (c *Count) Counting(ask Func) Func {
	return func(ctx context.Context, requests map[string]Request) (map[string]Response, error) {
		c.mu.Lock()
		if c.n == nil {
			c.n = map[string]int{}
		}
		for _, r := range requests {
			c.n[r.Method]++
		}
		c.mu.Unlock()
		return ask(ctx, requests)
	}
}

// String is what was counted: "2 elicitation/create, 1 roots/list".
func (c *Count) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for _, method := range slices.Sorted(maps.Keys(c.n)) {
		texts = append(texts, fmt.Sprintf("%d %s", c.n[method], method))
	}
	return strings.Join(texts, ", ")
}
