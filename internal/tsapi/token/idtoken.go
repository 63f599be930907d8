// SPDX-License-Identifier: MIT

package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi/fault"
)

// maxIDToken bounds the file, in bytes; real JWTs have one or two thousand.
const maxIDToken = 64 << 10

// fileStamp tells two versions of a file apart; the zero value is no version.
type fileStamp struct{ info fs.FileInfo }

// same compares the file's identity too: a replacement may keep size and time.
func (s fileStamp) same(other fs.FileInfo) bool {
	return s.info != nil && os.SameFile(s.info, other) &&
		s.info.Size() == other.Size() && s.info.ModTime().Equal(other.ModTime())
}

// idTokenFile is the file in which something else (an agent, a cloud's metadata
// helper) keeps the identity provider's JWT fresh.
type idTokenFile struct {
	path string

	mu       sync.Mutex
	seen     secret
	latest   fileStamp // of the version that was counted last
	versions int
}

// changed reports whether the file is another than the one of stamp. A file that
// is just being replaced, and so is not there, counts as unchanged.
func (f *idTokenFile) changed(stamp fileStamp) bool {
	info, err := os.Stat(f.path)
	return err == nil && !stamp.same(info)
}

// version is another whenever the file is. As in changed, one that is not there is
// unchanged.
func (f *idTokenFile) version() int {
	info, err := os.Stat(f.path)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && !f.latest.same(info) {
		f.latest = fileStamp{info}
		f.versions++
	}
	return f.versions
}

// last returns the text last read, for redaction.
func (f *idTokenFile) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen.reveal()
}

// read returns the JWT. One that has expired is refused here, where the reason
// can be told: the API's refusal says nothing of it.
func (f *idTokenFile) read(now time.Time) (string, fileStamp, error) {
	refuse := func(message string) (string, fileStamp, error) {
		return "", fileStamp{}, &fault.Error{
			Code:    failure.Unauthenticated,
			Message: "no access token: " + message,
			Next:    "see to it that whatever writes " + f.path + " keeps a current ID token in it; a new one is picked up without a restart",
		}
	}
	file, err := os.Open(f.path)
	if err != nil {
		return refuse("the ID token file cannot be opened: " + reason(err))
	}
	defer file.Close()
	// The stamp is taken before the content: a change in between is noticed.
	info, err := file.Stat()
	if err != nil {
		return refuse("the ID token file cannot be examined: " + reason(err))
	}
	content, err := io.ReadAll(io.LimitReader(file, maxIDToken+1))
	if err != nil {
		return refuse("the ID token file cannot be read: " + reason(err))
	}
	if len(content) > maxIDToken {
		return refuse(fmt.Sprintf("the ID token file is larger than %d bytes", maxIDToken))
	}
	jwt := strings.TrimSpace(string(content))
	f.mu.Lock()
	f.seen = newSecret(jwt)
	f.mu.Unlock()

	switch expires, err := jwtExpiry(jwt); {
	case err != nil:
		return refuse("the ID token file holds no JWT: " + err.Error())
	case !expires.IsZero() && !now.Before(expires):
		return refuse("the ID token expired at " + expires.UTC().Format(time.RFC3339))
	}
	return jwt, fileStamp{info}, nil
}

// jwtExpiry returns the exp claim (RFC 7519 §4.1.4), or zero when there is none.
// The signature is the API's to check. The error quotes nothing of the token.
func jwtExpiry(jwt string) (time.Time, error) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return time.Time{}, fmt.Errorf("a JWT has three parts separated by dots, this has %d", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, errors.New("its second part is not base64url")
	}
	var claims struct {
		Expires float64 `json:"exp"` // seconds since 1970, possibly with a fraction
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return time.Time{}, errors.New("its second part is not a JSON object with a numeric exp")
	}
	if claims.Expires == 0 {
		return time.Time{}, nil
	}
	return time.Unix(int64(claims.Expires), 0), nil
}

// reason is the part of a file error that is not the path.
func reason(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return "unknown error"
}
