// SPDX-License-Identifier: MIT

package servers

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/unit"
)

// orders are the states of the files by which the administrator has what runs of a server
// ended, by server; nil where they cannot be read now.
func (s *Servers) orders() map[string]string {
	if s.o.Endings == "" {
		return nil
	}
	files, err := os.ReadDir(s.o.Endings)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // without the folder, nothing was ordered
		return nil
	}
	orders := map[string]string{}
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), unit.EndingSuffix); ok {
			orders[name] = entry.Stamp(filepath.Join(s.o.Endings, f.Name()))
		}
	}
	return orders
}

// obey ends what is open with each server about which there is another order than before. What
// was ordered before this program began concerns nothing of it; while orders cannot be read, the
// last ones are remembered: they are not to be obeyed again. The caller of obey holds mu.
func (s *Servers) obey(orders map[string]string) {
	if orders == nil {
		return
	}
	before := s.ordered
	s.ordered = orders
	if before == nil {
		return
	}
	for name, order := range orders {
		if k := s.known[name]; k != nil && !k.off && before[name] != order {
			s.o.Log.Info("sessions ended, as an administrator has ordered", "server", name)
			s.pool.Remove(name)
		}
	}
}
