// SPDX-License-Identifier: MIT

package install

import (
	"net/url"
	"strings"

	"tailscale-mcp/internal/install/format"
)

// Named is an entry under the name that it is to have.
type Named struct {
	Name  string
	Entry Entry
}

// Outcome is what a plan does about one entry.
type Outcome string

// The outcomes of an entry.
const (
	Entered  Outcome = "entered"
	There    Outcome = "there already" // an entry of the name starts the proxy for that server
	Replaced Outcome = "replaced"
	Taken    Outcome = "left" // something else has the name
)

// Done is what a plan does about one entry, with what has its name when it is left.
type Done struct {
	Named
	Outcome
	By string
}

// PlanAll plans to enter all of want in the file at path, as one change. What is there
// stays as it is: an entry of the same name for the same server, whatever its options, and
// everything else of that name. Forced, it replaces what is for another server of the same
// host; the host says the names, and is not to get at what is for others.
func PlanAll(c Client, path string, want []Named, force bool) (*Plan, []Done, error) {
	p, err := open(c, path)
	if err != nil {
		return nil, nil, err
	}
	p.Creates = !p.file.exists
	var all []Done
	for _, w := range want {
		was, there, err := c.at(p.after, path, w.Name)
		if err != nil {
			return nil, nil, err
		}
		d := Done{Named: w, Outcome: Entered}
		e, _ := read(was)
		switch {
		case there && ours(was, w.Entry.Command) && SameServer(e.Server(), w.Entry.Server()):
			d.Outcome = There
		case there && (!force || !sameHost(at(was), w.Entry.Server())):
			d.Outcome, d.By = Taken, describe(was)
			if ours(was, w.Entry.Command) && e.Server() != "" {
				d.By = "starts the proxy for another server"
			}
		case there:
			d.Outcome = Replaced
		}
		if d.Outcome == Entered || d.Outcome == Replaced {
			if p.after, err = c.install(&Plan{Path: path, before: p.after}, w.Name, w.Entry, force); err != nil {
				return nil, nil, err
			}
		}
		all = append(all, d)
	}
	if p.Creates && len(p.after) == 0 {
		p.Creates = false
	}
	return p, all, nil
}

// at returns what text, of the file at path, has under a name.
func (c Client) at(text []byte, path, name string) (entry any, there bool, err error) {
	_, text = cutMark(text)
	tree, err := c.decode(text, path)
	if err != nil {
		return nil, false, err
	}
	keys, err := c.table(tree, path)
	if err != nil {
		return nil, false, err
	}
	keys = append(keys, name)
	return format.Lookup(tree, keys), format.Depth(tree, keys) == len(keys), nil
}

// Ours returns the entries in the file at path that start the proxy, or the program self,
// by their names.
func (c Client) Ours(path, self string) (map[string]Entry, error) {
	p, err := open(c, path)
	if err != nil || !p.file.exists {
		return nil, err
	}
	_, text := cutMark(p.before)
	tree, err := c.decode(text, path)
	if err != nil {
		return nil, err
	}
	keys, err := c.table(tree, path)
	if err != nil {
		return nil, err
	}
	found := map[string]Entry{}
	servers, _ := format.Lookup(tree, keys).(map[string]any)
	for name, entry := range servers {
		if e, ok := read(entry); ok && ours(entry, self) {
			found[name] = e
		}
	}
	return found, nil
}

// sameHost reports whether two URLs are at the same host and port.
func sameHost(a, b string) bool {
	x, err := url.Parse(a)
	y, errY := url.Parse(b)
	return err == nil && errY == nil && x.Host != "" && x.Scheme == y.Scheme && strings.EqualFold(x.Host, y.Host)
}

// SameServer reports whether two URLs are those of one server, whatever is asked of it in
// the query.
func SameServer(a, b string) bool {
	x, err := url.Parse(a)
	y, errY := url.Parse(b)
	return err == nil && errY == nil && sameHost(a, b) && x.Path == y.Path
}
