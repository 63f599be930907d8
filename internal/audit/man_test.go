// SPDX-License-Identifier: MIT

package audit

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed/clitest"
)

// TestManualHasAllFields: the manual page has every field of a record, in both
// forms, and no other.
func TestManualHasAllFields(t *testing.T) {
	full := Record{Event: Outcome, Addr: netip.MustParseAddrPort("100.64.0.1:1"), Duration: time.Second, UpstreamStatus: 200, IsError: true, Bytes: 3, Count: 2}
	value := reflect.ValueOf(&full).Elem()
	var members []string
	for i := range value.NumField() {
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		if name != "time" { // which the journal has of its own
			members = append(members, name)
		}
		switch field := value.Field(i); {
		case field.Kind() == reflect.String && field.String() == "":
			field.SetString("x")
		case field.Kind() == reflect.Slice:
			field.Set(reflect.ValueOf([]string{"tag:x"}))
		}
	}
	var fields []string
	for name := range full.fields() {
		if strings.HasPrefix(name, "TSMCP_") {
			fields = append(fields, name)
		}
	}
	text := clitest.Manual(t, "tailscale-mcp.8")["AUDIT"]
	clitest.Same(t, "fields of the journal", clitest.All(`^\.It Va (TSMCP_[A-Z_]+) Pq [a-zA-Z]+$`, text), fields)
	clitest.Same(t, "members of the JSON lines", clitest.All(`^\.It Va TSMCP_[A-Z_]+ Pq ([a-zA-Z]+)$`, text), members)
	if len(fields) != len(members) {
		t.Errorf("got %d fields for %d members: a record has something that the journal does not get", len(fields), len(members))
	}
}
