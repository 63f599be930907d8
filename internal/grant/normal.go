// SPDX-License-Identifier: MIT

package grant

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Entries returns the rules in normal form: JSON, sorted, without duplicates, what
// has no conditions in one entry. Parsing them gives equal rules.
func (r Rules) Entries() []string {
	if r.rules == nil {
		return nil
	}
	texts := make([]string, len(r.entries))
	for i := range r.entries {
		texts[i] = r.entries[i].text
	}
	return texts
}

// String returns the entries in normal form, a line each; "{}" when there is none.
func (r Rules) String() string {
	if r.rules == nil {
		return "{}"
	}
	return strings.Join(r.Entries(), "\n")
}

// Digest returns 32 hexadecimal digits of the SHA-256 of the normal form, the
// same for the same set of entries in every process: a change of the digest
// is a change of the grants.
func (r Rules) Digest() string {
	if r.rules == nil {
		return digest("{}")
	}
	return r.digest
}

// Equal reports whether r and o hold the same selectors under the same conditions.
func (r Rules) Equal(o Rules) bool { return r.Digest() == o.Digest() }

func digest(normal string) string {
	sum := sha256.Sum256([]byte(normal))
	return hex.EncodeToString(sum[:16])
}
