// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/policy/difference"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// remembering is the API, with the policy files that it showed last: who is overtaken by
// another editor is told what that one changed.
type remembering struct {
	API
	files *files
}

// files are the last policy files that were read, the newest last.
type files struct {
	mu  sync.Mutex
	all []tsapi.Policy
}

// The bounds of the files that are kept.
const (
	mostFiles     = 8
	mostFileBytes = 4 << 20 // of all of them
)

// Policy implements [API].
func (r remembering) Policy(ctx context.Context) (tsapi.Policy, error) {
	p, err := r.API.Policy(ctx)
	if err == nil && p.ETag != "" {
		r.files.keep(p)
	}
	return p, err
}

func (f *files) keep(p tsapi.Policy) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all, bytes := []tsapi.Policy{p}, len(p.HuJSON)
	for i := len(f.all) - 1; i >= 0 && len(all) < mostFiles; i-- {
		if sameETag(f.all[i].ETag, p.ETag) {
			continue
		}
		if bytes += len(f.all[i].HuJSON); bytes > mostFileBytes {
			break
		}
		all = append([]tsapi.Policy{f.all[i]}, all...)
	}
	f.all = all
}

// find is the file that an ETag names, if it is kept.
func (f *files) find(etag string) (tsapi.Policy, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.all {
		if sameETag(p.ETag, etag) {
			return p, true
		}
	}
	return tsapi.Policy{}, false
}

// sameETag compares ETags: callers give them with their quotes or without.
func sameETag(a, b string) bool { return strings.Trim(a, `"`) == strings.Trim(b, `"`) }

// overtaken is the error of a change that is based on another file than the present one.
// It says what has been changed since, where that is known, and the next step.
func (r remembering) overtaken(etag string, now tsapi.Policy, next string) error {
	const most = 8 << 10 // of the difference, in bytes
	e := &tool.Error{
		Code:    failure.Conflict,
		Message: "nothing was changed: the etag is not that of the present policy file, which was changed meanwhile",
		Next:    next + "; list_audit_logs with the event TAILNET.UPDATE.ACL says who changed it",
	}
	old, ok := r.files.find(etag)
	if !ok || now.ETag == "" || sameETag(old.ETag, now.ETag) {
		return e
	}
	e.Private = true
	if change := seen(difference.Unified(old.HuJSON, now.HuJSON)); len(change) <= most {
		e.Message += ". Since the file of that etag somebody else has changed:\n" + change
	} else {
		e.Message += fmt.Sprintf(". Since the file of that etag somebody else has changed much: the difference has %d bytes", len(change))
	}
	return e
}
