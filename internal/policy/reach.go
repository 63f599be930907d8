// SPDX-License-Identifier: MIT

package policy

// Question asks whether a source reaches a destination.
type Question struct {
	Src, Dst Endpoint
	Proto    int    // IP protocol number: 6 TCP, 17 UDP, 1 ICMP; 0: TCP
	Port     uint16 // 0 for protocols without ports, or: any port
}

// Verdict is the answer to a question. Where an end is several devices (a tag, a group),
// yes means that all of the source reach some of the destination, as in "tests".
type Verdict struct {
	Answer  Answer
	Rules   []Rule   // that allow it, or may
	Unknown []string // what would have to be known, a phrase each
	Via     []string // names of the devices that carry it: subnet routers, exit nodes, hosts of a Service
	Why     []Reason // where the answer is not yes: layer by layer, the nearest miss first
}

// Reach says whether a source reaches a destination by the file, and by which rules.
func (p *Policy) Reach(q Question) Verdict { panic("not written yet") }

// Access is what one rule gives, or may give, between one end and others.
type Access struct {
	Rule    Rule
	Answer  Answer   // Yes or Unknown
	Unknown []string // what would have to be known, a phrase each

	Selectors []string // of the rule that say who or what is at the other end, as they are written
	People    []string // logins of the people whose devices are at the other end
	Tags      []string // tags of the tagged devices at the other end
	Devices   []string // names of all devices at the other end
	Ranges    []string // addresses and ranges at the other end that belong to no device
	Ports     []string // "tcp:443", "udp:*", "*"
	Via       []string // names of the devices that carry it
}

// Sources says who reaches a destination, rule by rule, in the order of the file. proto
// and port are those of [Question]; a port of 0 is any.
func (p *Policy) Sources(dst Endpoint, proto int, port uint16) []Access { panic("not written yet") }

// Destinations says what a source reaches, rule by rule, in the order of the file.
func (p *Policy) Destinations(src Endpoint) []Access { panic("not written yet") }
