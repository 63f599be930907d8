// SPDX-License-Identifier: MIT

package service

import (
	"os"
	"slices"
	"testing"
	"testing/fstest"
)

func TestSocketPorts(t *testing.T) {
	shipped, err := os.ReadFile("../../systemd/tailscale-mcp.socket")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../systemd/examples/tailscale-mcp.socket.d/port.conf")
	if err != nil {
		t.Fatal(err)
	}
	const (
		lib = "usr/lib/systemd/system/tailscale-mcp.socket"
		etc = "etc/systemd/system/tailscale-mcp.socket"
	)
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []uint16
	}{
		{"not installed", nil, nil},
		{"as shipped", map[string]string{lib: string(shipped)}, []uint16{8080}},
		{"the example", map[string]string{lib: string(shipped), etc + ".d/override.conf": string(example)}, []uint16{9090}},
		{"one more", map[string]string{lib: string(shipped), etc + ".d/a.conf": "[Socket]\n ListenStream = 100.64.0.1:81\nListenStream=/run/x\n"}, []uint16{8080, 81}},
		{"a unit in /etc hides the shipped one", map[string]string{lib: string(shipped), etc: "[Socket]\nListenStream=82\n"}, []uint16{82}},
		{"so does a drop-in", map[string]string{lib + ".d/a.conf": "[Socket]\nListenStream=83\n", etc + ".d/a.conf": "[Socket]\nListenStream=84\n"}, []uint16{84}},
		{"in the order of names", map[string]string{
			lib + ".d/b.conf": "[Socket]\nListenStream=\nListenStream=85\n", etc + ".d/a.conf": "[Socket]\nListenStream=86\n",
		}, []uint16{85}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range c.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := SocketPorts(root); !slices.Equal(got, c.want) {
				t.Errorf("got ports %v, want %v", got, c.want)
			}
		})
	}
}
