// SPDX-License-Identifier: MIT

package login

import (
	"context"
	"errors"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/object"
)

// users answers with a text of users, or an error, and counts.
type users struct {
	text  string
	err   error
	asked int
}

func (u *users) List(_ context.Context, r tsapi.Request, _ string) ([]tsapi.Object, error) {
	u.asked++
	if r.Op != Operation || r.Query.Get("type") != "all" {
		return nil, errors.New("another request: " + r.Op)
	}
	if u.err != nil {
		return nil, u.err
	}
	var all []tsapi.Object
	for _, line := range strings.Fields(u.text) {
		o, err := object.Parse([]byte(line))
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

func TestNames(t *testing.T) {
	const people = `{"id":"7","loginName":"alice@example.com"} {"id":"uBobCNTRL","loginName":"bob@example.com"} {"id":"8"}`
	refused := func(code failure.Code) error { return &tsapi.Error{Code: code, Message: "refused"} }
	for name, c := range map[string]struct {
		object, login, note string
		err                 error
		asked               int
	}{
		"a number":             {`{"by":7}`, "alice@example.com", "", nil, 1},
		"a text":               {`{"by":"uBobCNTRL"}`, "bob@example.com", "", nil, 1},
		"nobody":               {`{"id":1}`, "", "", nil, 0},
		"null":                 {`{"by":null}`, "", "", nil, 0},
		"empty":                {`{"by":""}`, "", "", nil, 0},
		"somebody gone":        {`{"by":9}`, "", "1 of the people", nil, 1},
		"without a login":      {`{"by":8}`, "", "1 of the people", nil, 1},
		"no person":            {`{"by":{"a":1}}`, "", "1 of the people", nil, 1},
		"without the scope":    {`{"by":7}`, "", "users:read", refused(failure.MissingScope), 1},
		"not allowed":          {`{"by":7}`, "", "users:read", refused(failure.PermissionDenied), 1},
		"nobody and no scope":  {`{}`, "", "", refused(failure.MissingScope), 0},
		"the API is not there": {`{"by":7}`, "", string(failure.UpstreamUnavailable), refused(failure.UpstreamUnavailable), 1},
	} {
		o, err := object.Parse([]byte(c.object))
		if err != nil {
			t.Fatal(err)
		}
		api := &users{text: people, err: c.err}
		names := Of(t.Context(), api)
		login := names.In("by")
		if got := login(o); got != c.login {
			t.Errorf("%s: got %q, want %q", name, got, c.login)
		}
		if got := names.Note(); got != c.note && (c.note == "" || !strings.Contains(got, c.note)) {
			t.Errorf("%s: got the note %q, want %q", name, got, c.note)
		}
		login(o)
		if got := names.Note(); c.note != "" && !strings.Contains(got, c.note) {
			t.Errorf("%s, asked for twice: got the note %q, want %q", name, got, c.note)
		}
		if api.asked != c.asked {
			t.Errorf("%s: the users were read %d times, want %d", name, api.asked, c.asked)
		}
	}
}
