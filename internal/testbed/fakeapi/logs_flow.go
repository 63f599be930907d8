// SPDX-License-Identifier: MIT

package fakeapi

import (
	"net/http"
	"time"
)

type flowEntry struct {
	Logged   string       `json:"logged"`
	NodeID   string       `json:"nodeId"`
	Start    string       `json:"start"`
	End      string       `json:"end"`
	Virtual  []connection `json:"virtualTraffic,omitempty"`
	Subnet   []connection `json:"subnetTraffic,omitempty"`
	Exit     []connection `json:"exitTraffic,omitempty"`
	Physical []connection `json:"physicalTraffic,omitempty"`
}

type connection struct {
	Proto   any    `json:"proto"` // a name, or a number for what has none
	Src     string `json:"src"`
	Dst     string `json:"dst"`
	TxPkts  int    `json:"txPkts"`
	TxBytes int    `json:"txBytes"`
	RxPkts  int    `json:"rxPkts"`
	RxBytes int    `json:"rxBytes"`
}

// flowEntryOf has all four kinds of traffic, but for the last of every hour: that
// is a protocol without a name, and nothing else.
func flowEntryOf(n int64, at time.Time) flowEntry {
	nodes := []string{"nBLYviWLGB21DEVEL", "nWeb1CNTRL", "nWeb2CNTRL"}
	e := flowEntry{
		Logged: at.Add(time.Minute).Format(micro), NodeID: nodes[n%3],
		Start: at.Format(micro), End: at.Add(time.Minute).Format(micro),
	}
	count := func(proto any, src, dst string) []connection {
		return []connection{{proto, src, dst, 10, 10000, 5, 5000}}
	}
	if n%6 == 5 {
		e.Virtual = count(99, "100.87.74.78:0", "100.101.102.103:0")
		return e
	}
	e.Virtual = append(count("tcp", "100.87.74.78:52343", "100.101.102.103:443"), count("udp", "100.87.74.78:52346", "100.101.102.103:53")...)
	e.Subnet = count("tcp", "100.87.74.78:52344", "10.0.0.9:22")
	e.Exit = count("udp", "100.87.74.78:52345", "1.1.1.1:53")
	e.Physical = count("udp", "100.101.102.103:0", "199.9.14.201:59128")
	return e
}

func (s *Server) listFlowLogs(r *request) answer {
	start, end, ok := s.window(r)
	if !ok {
		return fail(http.StatusBadRequest)
	}
	if s.logs.flows != nil {
		return jsonAnswer(map[string]any{"logs": s.flowsWithin(start, end)})
	}
	found := []flowEntry{}
	moments(start, end, 10*time.Minute, func(n int64, at time.Time) { found = append(found, flowEntryOf(n, at)) })
	return jsonAnswer(map[string]any{"logs": found})
}
