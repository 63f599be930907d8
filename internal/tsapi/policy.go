// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/tsapi/object"
)

// Policy is the tailnet policy file.
type Policy struct {
	// HuJSON is the file as its authors wrote it, comments included.
	HuJSON string
	// ETag names this version, as the API wrote it, quotes included: it goes
	// back unchanged as If-Match.
	ETag string
}

// Policy returns the tailnet policy file.
//
// https://tailscale.com/api#tag/policyfile/GET/tailnet/{tailnet}/acl
func (a *API) Policy(ctx context.Context) (Policy, error) {
	return do(ctx, a, Request{Op: "getPolicyFile", Accept: "application/hujson"}, func(r *reply) (Policy, error) {
		if err := object.CheckSeparators(string(r.body)); err != nil {
			return Policy{}, err
		}
		// A file that was cut short, where nothing else shows it, does not parse.
		switch v, err := hujson.Parse(r.body); {
		case len(r.body) == 0:
			return Policy{}, errors.New("it is empty")
		case err != nil || !utf8.Valid(r.body):
			return Policy{}, errors.New("it is not one complete HuJSON value")
		case v.Value.Kind() != '{':
			return Policy{}, errors.New("a HuJSON object was expected")
		}
		return Policy{HuJSON: string(r.body), ETag: r.etag}, nil
	})
}

// PolicyJSON returns the tailnet policy file as plain JSON, without its comments,
// and the ETag of that version as in [Policy].
func (a *API) PolicyJSON(ctx context.Context) (file Object, etag string, err error) {
	type policyJSON struct {
		file Object
		etag string
	}
	v, err := do(ctx, a, Request{Op: "getPolicyFile"}, func(r *reply) (policyJSON, error) {
		o, err := object.Parse(r.body)
		return policyJSON{o, r.etag}, err
	})
	return v.file, v.etag, err
}
