// SPDX-License-Identifier: MIT

package tsapi

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi/object"
)

// BenchmarkDecodeDevices decodes 5,000 devices: as this package does, and into maps,
// which keep unknown fields too.
func BenchmarkDecodeDevices(b *testing.B) {
	r := newRig(b, fakeapi.Options{}, Options{})
	r.fake.AddDevices(5000)
	for _, fields := range []string{"default", "all"} {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, r.fake.URL()+"/api/v2/tailnet/-/devices?fields="+fields, nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+fakeapi.DefaultAPIKey)
		resp, err := r.transport.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()

		decoders := []struct {
			name   string
			decode func() (int, error)
		}{
			{"ours", func() (int, error) { d, err := parseDevices(body); return len(d), err }},
			{"map", func() (int, error) {
				var v map[string][]map[string]any
				err := json.Unmarshal(body, &v)
				return len(v["devices"]), err
			}},
			{"validation only", func() (int, error) { _, err := object.Parse(body); return 5000, err }},
		}
		for _, d := range decoders {
			b.Run(fields+"/"+d.name, func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					if n, err := d.decode(); err != nil || n != 5000 {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}

// BenchmarkListDevices is the whole way, over loopback.
func BenchmarkListDevices(b *testing.B) {
	r := newRig(b, fakeapi.Options{}, Options{})
	r.fake.AddDevices(5000)
	for b.Loop() {
		if d, err := r.ListDevices(b.Context(), DeviceQuery{}); err != nil || len(d) != 5000 {
			b.Fatal(len(d), err)
		}
	}
}

// BenchmarkGetDevice is the path of a small read, over loopback.
func BenchmarkGetDevice(b *testing.B) {
	r := newRig(b, fakeapi.Options{}, Options{})
	r.fake.AddDevices(1)
	id := r.fake.Devices()[0].NodeID
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.GetDevice(b.Context(), id, false); err != nil {
			b.Fatal(err)
		}
	}
}
