// SPDX-License-Identifier: MIT

package devices

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool/devices/view"
	"tailscale-mcp/internal/tsapi"
)

// BenchmarkList is what one default answer costs: ours alone (the devices are
// decoded already), and the whole way with the API over loopback; beside it the
// least that anybody does with the API's answer, which is to decode it.
func BenchmarkList(b *testing.B) {
	for _, n := range []int{10, 500, 5000} {
		r := newRig(b)
		r.fake.AddDevices(n)
		devices, err := r.api.ListDevices(b.Context(), tsapi.DeviceQuery{})
		if err != nil {
			b.Fatal(err)
		}
		body := upstream(b, r.fake)
		alice := by(b, "alice@example.com", mayAll)
		whole := r.dispatcher
		ours := r.dispatch(Tools(stub{devices}, unknownHost), grant.Classes()...)

		b.Run(fmt.Sprintf("%d/ours", n), func(b *testing.B) {
			r := *r
			r.TB, r.dispatcher = b, ours
			r.benchmark(b, func() (int, error) { text, err := r.callBy(alice, "list_all_devices", `{}`); return len(text), err })
		})
		b.Run(fmt.Sprintf("%d/whole", n), func(b *testing.B) {
			r := *r
			r.TB, r.dispatcher = b, whole
			r.benchmark(b, func() (int, error) { text, err := r.callBy(alice, "list_all_devices", `{}`); return len(text), err })
		})
		b.Run(fmt.Sprintf("%d/client", n), func(b *testing.B) {
			r.benchmark(b, func() (int, error) {
				_, err := r.api.ListDevices(b.Context(), tsapi.DeviceQuery{})
				return len(body), err
			})
		})
		b.Run(fmt.Sprintf("%d/decoding into maps", n), func(b *testing.B) {
			r.benchmark(b, func() (int, error) {
				var v map[string][]map[string]json.RawMessage
				return len(body), json.Unmarshal(body, &v)
			})
		})
	}
}

// benchmark runs what returns a number of bytes, and reports it.
func (r *rig) benchmark(b *testing.B, what func() (int, error)) {
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		n, err := what()
		if err != nil {
			b.Fatal(err)
		}
		size = n
		r.log.Forget()
	}
	b.ReportMetric(float64(size), "answer-bytes")
}

// upstream is the API's answer.
func upstream(b *testing.B, fake *fakeapi.Server) []byte {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, fake.URL()+"/api/v2/tailnet/-/devices", nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+fakeapi.DefaultAPIKey)
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return body
}

// BenchmarkProject is the projection of one device.
func BenchmarkProject(b *testing.B) {
	r := newRig(b)
	r.fake.AddDevices(1)
	for _, all := range []bool{false, true} {
		devices, err := r.api.ListDevices(b.Context(), tsapi.DeviceQuery{AllFields: all})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%d bytes", len(devices[0].Raw())), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if o := view.Brief(devices[0], nil); len(o) < 8 {
					b.Fatal(o)
				}
			}
		})
		b.Run(fmt.Sprintf("%d bytes, by way of all fields", len(devices[0].Raw())), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if o := view.Whole(devices[0]); len(o) < 8 {
					b.Fatal(o)
				}
			}
		})
	}
}
