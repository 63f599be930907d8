// SPDX-License-Identifier: MIT

package fakeapi

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSetFlowLogs(t *testing.T) {
	s := start(t, Options{})
	now := time.Now().UTC()
	entry := func(node string, at time.Time) map[string]any {
		return map[string]any{"nodeId": node, "start": at.Format(micro), "end": at.Add(time.Minute).Format(micro)}
	}
	if err := s.SetFlowLogs([]any{entry("nOldCNTRL", now.Add(-3*time.Hour)), entry("nNewCNTRL", now.Add(-10*time.Minute))}); err != nil {
		t.Fatal(err)
	}
	window := url.Values{"start": {now.Add(-time.Hour).Format(time.RFC3339)}, "end": {now.Format(time.RFC3339)}}
	ask := func() string { return get(t, s, "/tailnet/-/logging/network?"+window.Encode()) }
	if body := ask(); !strings.Contains(body, "nNewCNTRL") || strings.Contains(body, "nOldCNTRL") || strings.Contains(body, "nWeb1CNTRL") {
		t.Errorf("got %s, want what was set of the window", body)
	}
	if s.SetFlowLogs(7) == nil {
		t.Error("a number was taken for a list")
	}
	s.Reset()
	if body := ask(); !strings.Contains(body, "nWeb1CNTRL") {
		t.Errorf("after Reset: %s", body)
	}
}
