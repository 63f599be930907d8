// SPDX-License-Identifier: MIT

package access

import (
	"fmt"
	"strings"

	"tailscale-mcp/internal/policy"
)

// crowd is who is at one end of some rules, each once, by what an entry is: "person",
// "tag", "device" or "address".
type crowd map[[2]string]bool

func (c crowd) add(a policy.Access) {
	for kind, names := range map[string][]string{"person": a.People, "tag": a.Tags, "device": a.Devices, "address": a.Ranges} {
		for _, name := range names {
			c[[2]string{kind, name}] = true
		}
	}
	if len(a.People)+len(a.Tags)+len(a.Devices)+len(a.Ranges) == 0 {
		c[[2]string{"other", ""}] = true
	}
}

// words counts those who are not in another crowd: "2 people and 1 tag with 4 devices".
// It is empty where there is nobody.
func (c crowd) words(others crowd) string {
	n := map[string]int{}
	for one := range c {
		if !others[one] {
			n[one[0]]++
		}
	}
	var parts []string
	if n["person"] > 0 {
		parts = append(parts, count(n["person"], "person", "people"))
	}
	if n["tag"] > 0 {
		parts = append(parts, count(n["tag"], "tag", "tags"))
	}
	text := strings.Join(parts, " and ")
	if n["device"] > 0 {
		text = strings.TrimPrefix(text+" with "+count(n["device"], "device", "devices"), " with ")
	}
	if n["address"] > 0 {
		text = strings.TrimPrefix(text+", and "+count(n["address"], "range", "ranges")+" of addresses of no device", ", and ")
	}
	if n["other"] > 0 && text == "" {
		text = "others, who are not listed,"
	}
	return text
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
