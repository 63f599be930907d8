// SPDX-License-Identifier: MIT

package gate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
)

// Cursor makes and reads the cursors of one caller's one list.
type Cursor struct{ key []byte }

// Cursor derives the key that the cursors of a list are authenticated with. scope is
// whatever the list depends on, its tool and its filters. The key depends on the
// process, the caller and the list, so a cursor that somebody else got, or that was
// made up, or that belongs to other filters, does not open.
func (c Call) Cursor(scope any) (Cursor, error) { return c.dispatcher.Cursor(c.Caller, scope) }

// Cursor is that of a list that no call makes.
func (d *Dispatcher) Cursor(c caller.Caller, scope any) (Cursor, error) {
	text, err := json.Marshal(scope)
	if err != nil {
		return Cursor{}, fmt.Errorf("encoding the scope of a cursor: %w", err)
	}
	mac := hmac.New(sha256.New, d.cursorKey[:])
	_, _ = fmt.Fprintf(mac, "%d %s%d %s", len(c.Key()), c.Key(), len(text), text)
	return Cursor{mac.Sum(nil)}, nil
}

func (c Cursor) tag(position string) []byte {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(position))
	return mac.Sum(nil)[:12]
}

// Seal returns the cursor of a position in the list.
func (c Cursor) Seal(position string) string {
	return base64.RawURLEncoding.EncodeToString(append(c.tag(position), position...))
}

// Open returns the position of a cursor that Seal has made for the same list.
func (c Cursor) Open(text string) (position string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 12 || !hmac.Equal(raw[:12], c.tag(string(raw[12:]))) {
		return "", failure.Invalidf("start again without cursor", "this cursor does not belong to this list: "+
			"it was made for other arguments or another caller, or the server has restarted since")
	}
	return string(raw[12:]), nil
}
