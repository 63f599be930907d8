// SPDX-License-Identifier: MIT

package entry

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tailscale/hujson"
)

// duration reads a time like "10m" between two bounds.
func (r *reader) duration(v hujson.Value, what string, least, most time.Duration, to *time.Duration) {
	remedy := fmt.Sprintf(`write a time from %s to %s, like "90s", "10m" or "1h30m"`, short(least), short(most))
	text, ok := r.string(v, what)
	if !ok {
		return
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		r.wrong(v.StartOffset, what+" is "+shown(text), remedy)
		return
	}
	*to = d
}

// short is a duration without the units that are zero.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// size reads an amount of memory like "512M", in powers of 1024 as systemd has them.
func (r *reader) size(v hujson.Value, what string, to *int64) {
	text, ok := r.string(v, what)
	if !ok {
		return
	}
	number, factor := text, int64(1)
	if n := len(text); n > 0 {
		if power := strings.IndexByte("KMGT", text[n-1]); power >= 0 {
			number, factor = text[:n-1], 1<<(10*(power+1))
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || strings.ContainsAny(number, "+-") || n > maxMemory/factor || n*factor < minMemory {
		r.wrong(v.StartOffset, what+" is "+shown(text), `write an amount from 32M to 1T, like "512M" or "2G"`)
		return
	}
	*to = n * factor
}
