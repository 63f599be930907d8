// SPDX-License-Identifier: MIT

package survey_test

import (
	"fmt"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi"
)

// Each device is one request, within a bound and the caller's share; what is known is not
// asked for again, and one caller leaves enough for another.
func TestShares(t *testing.T) {
	fake, api := start(t, 130, "all")
	e := survey.NewEvaluator(api)
	ids := []string{"nWeb1CNTRL", "nWeb2CNTRL"}
	for i := 2; i < 130; i++ {
		ids = append(ids, fmt.Sprintf("nMore%dCNTRL", i))
	}
	ask := func(caller string, ids []string, most, unasked, requests int) survey.Shares {
		t.Helper()
		got, err := e.Shares(t.Context(), caller, ids, most)
		if n := fake.Count("listDeviceInvites"); err != nil || got.Unasked != unasked || len(got.Of) != len(ids)-unasked || n != requests {
			t.Errorf("got %d of %d devices, %d not asked for, after %d requests, and %v; want %d after %d", len(got.Of), len(ids), got.Unasked, n, err, unasked, requests)
		}
		return got
	}
	if of := ask("alice", ids, 3, 127, 3).Of; len(of["nWeb1CNTRL"]) != 2 || len(of["nWeb2CNTRL"]) != 0 {
		t.Errorf("got %v", of)
	}
	ask("alice", ids[:3], 3, 0, 3)
	ask("alice", ids, 130, 30, 100)
	ask("alice", ids, 130, 30, 100)
	ask("bob", ids, 130, 0, 130)
	ask("alice", ids[:0], 10, 0, 130)
}

// What was changed through this program is not told as it was before.
func TestSharesAfterAChange(t *testing.T) {
	_, api := start(t, 2, "all")
	e := survey.NewEvaluator(api)
	count := func() int {
		t.Helper()
		got, err := e.Shares(t.Context(), "alice", []string{"nWeb1CNTRL"}, 20)
		if err != nil {
			t.Fatal(err)
		}
		return len(got.Of["nWeb1CNTRL"])
	}
	before := count()
	invites, err := api.List(t.Context(), tsapi.Request{Op: "listDeviceInvites", Params: []string{"nWeb1CNTRL"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := api.Do(t.Context(), tsapi.Request{Op: "deleteDeviceInvite", Params: []string{invites[0].Text("id")}}); err != nil {
		t.Fatal(err)
	}
	if after := count(); before != 2 || after != 1 {
		t.Errorf("got %d and then %d shares, want 2 and then 1", before, after)
	}
}

// A device that was removed meanwhile takes nothing from what is said of the others.
func TestSharesOfOneThatIsGone(t *testing.T) {
	_, api := start(t, 2, "all")
	got, err := survey.NewEvaluator(api).Shares(t.Context(), "alice", []string{"nWeb1CNTRL", "nGoneCNTRL", "nWeb2CNTRL"}, 20)
	if err != nil || len(got.Of["nWeb1CNTRL"]) != 2 || len(got.Of["nGoneCNTRL"]) != 0 || got.Unasked != 0 {
		t.Errorf("got %v and %v", got, err)
	}
}

// A credential that may not read them asks once.
func TestSharesRefused(t *testing.T) {
	fake, api := start(t, 20, "devices:core:read")
	_, err := survey.NewEvaluator(api).Shares(t.Context(), "alice", []string{"nWeb1CNTRL", "nWeb2CNTRL", "nMore2CNTRL"}, 20)
	if n := fake.Count("listDeviceInvites"); failure.CodeOf(err) != failure.PermissionDenied || n != 1 {
		t.Errorf("got %v after %d requests", err, n)
	}
	fake.Fail("listDeviceInvites", fakeapi.Status(500))
	if _, err := survey.NewEvaluator(api).Shares(t.Context(), "alice", []string{"nWeb1CNTRL"}, 20); err == nil {
		t.Error("a failure is no empty list")
	}
}

// A device that has gone since it was listed has no invitations, and takes none away of
// others.
func TestSharesOfDevicesThatGo(t *testing.T) {
	_, api := start(t, 20, "all")
	got, err := survey.NewEvaluator(api).Shares(t.Context(), "alice", []string{"nWeb1CNTRL", "nGoneCNTRL", "nWeb2CNTRL"}, 20)
	if err != nil || len(got.Of["nWeb1CNTRL"]) != 2 || len(got.Of["nGoneCNTRL"]) != 0 || got.Unasked != 0 {
		t.Errorf("got %+v and %v", got, err)
	}
	if _, err := survey.NewEvaluator(api).Shares(t.Context(), "alice", []string{"nGoneCNTRL", "nWeb2CNTRL"}, 20); failure.CodeOf(err) != failure.NotFound {
		t.Errorf("got %v; the first of all may be refused like this", err)
	}
}
