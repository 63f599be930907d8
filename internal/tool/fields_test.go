// SPDX-License-Identifier: MIT

package tool

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/testbed/told"
)

func object(t testing.TB, text string) Object {
	t.Helper()
	var o Object
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestProject(t *testing.T) {
	o := object(t, `{"id":"1","name":"web","tags":null,"future":{"a":[1]}}`)
	for _, tt := range []struct {
		name   string
		fields []string
		want   string
	}{
		{"the usual ones", nil, `{"id":"1","name":"web"}`},
		{"none named", []string{}, `{"id":"1","name":"web"}`},
		{"one", []string{"name"}, `{"name":"web"}`},
		{"one that we do not know", []string{"future"}, `{"future":{"a":[1]}}`},
		{"one that is null", []string{"tags"}, `{"tags":null}`},
		{"one that the object lacks", []string{"os", "id"}, `{"id":"1"}`},
		{"twice", []string{"id", "id"}, `{"id":"1"}`},
		{"all", []string{"all"}, `{"id":"1","name":"web","tags":null,"future":{"a":[1]}}`},
		{"all and one", []string{"id", "all"}, `{"id":"1","name":"web","tags":null,"future":{"a":[1]}}`},
		{"another case", []string{"ID"}, `{}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(object(t, tt.want), Project(o, tt.fields, []string{"id", "name", "os"})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if len(o) != 4 {
		t.Errorf("got %v, want the object itself as it was", o)
	}
}

func TestCheckFields(t *testing.T) {
	objects := []Object{object(t, `{"id":"1"}`), object(t, `{"id":"2","rare":true}`)}
	known := []string{"id", "lastSeen"}
	for _, fields := range [][]string{nil, {"all"}, {"id"}, {"lastSeen"}, {"rare"}, {"id", "rare", "all", "lastSeen"}} {
		if err := CheckFields(objects, fields, known); err != nil {
			t.Errorf("%q: got %v, want no error", fields, err)
		}
	}
	err := CheckFields(objects, []string{"id", "lastseen"}, known)
	told.Check(t, err)
	if want := `invalid_argument: there is no field "lastseen". Next step: the fields are: all, id, lastSeen, rare`; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := CheckFields(nil, []string{"lastSeen"}, known); err != nil {
		t.Errorf("no objects: got %v, want no error for a known field", err)
	}
	if err := CheckFields(nil, []string{"rare"}, known); err == nil {
		t.Error("no objects: got no error for an unknown field")
	}
}

func TestCheckFieldsRepeatsLittle(t *testing.T) {
	told.Check(t, CheckFields(nil, []string{strings.Repeat("\x1b\u202e", 100_000)}, []string{"id"}))
}

func BenchmarkPage(b *testing.B) {
	call, items := callBy(newProcess(), "alice"), numbered(5000)
	for b.Loop() {
		if _, _, err := Page(call, Paging{}, "scope", items, self); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/page")
}
