// SPDX-License-Identifier: MIT

package magicdns

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers over UDP and TCP, on this machine instead of at 100.100.100.100. reply
// makes the packets of an answer; over says by which protocol.
type server struct {
	udp, tcp atomic.Int32 // questions
	client   Client
}

func serve(t *testing.T, reply func(q dnsmessage.Message, over string) [][]byte) *server {
	t.Helper()
	s := &server{}
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	streams, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{}, 2)
	go func() {
		defer func() { ended <- struct{}{} }()
		buffer := make([]byte, 1500)
		for {
			n, from, err := packets.ReadFrom(buffer)
			if err != nil {
				return
			}
			s.udp.Add(1)
			for _, packet := range reply(unpacked(t, buffer[:n]), "udp") {
				_, _ = packets.WriteTo(packet, from)
			}
		}
	}()
	go func() {
		defer func() { ended <- struct{}{} }()
		for {
			conn, err := streams.Accept()
			if err != nil {
				return
			}
			s.tcp.Add(1)
			var length [2]byte
			_, _ = io.ReadFull(conn, length[:])
			question := make([]byte, binary.BigEndian.Uint16(length[:]))
			_, _ = io.ReadFull(conn, question)
			for _, packet := range reply(unpacked(t, question), "tcp") {
				_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...))
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_, _ = packets.Close(), streams.Close()
		<-ended
		<-ended
	})
	s.client = Client{Own: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != "100.100.100.100:53" {
			t.Errorf("dialled %s, want Tailscale's resolver", address)
		}
		to := streams.Addr().String()
		if network == "udp" {
			to = packets.LocalAddr().String()
		}
		return (&net.Dialer{}).DialContext(ctx, network, to)
	}}
	return s
}

func unpacked(t *testing.T, packet []byte) (m dnsmessage.Message) {
	if err := m.Unpack(packet); err != nil {
		t.Errorf("a question that cannot be read: %v", err)
	}
	return m
}

func packed(t *testing.T, m dnsmessage.Message) []byte {
	t.Helper()
	packet, err := m.Pack()
	if err != nil {
		t.Error(err)
	}
	return packet
}

func answerTo(q dnsmessage.Message, bodies ...dnsmessage.ResourceBody) dnsmessage.Message {
	a := dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true}, Questions: q.Questions}
	for _, body := range bodies {
		a.Answers = append(a.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 60}, Body: body})
	}
	return a
}

var name = dnsmessage.MustNewName("db.corp.internal.")

// Each type is shown as people write it.
func TestRecords(t *testing.T) {
	other := dnsmessage.MustNewName("other.example.")
	bodies := []dnsmessage.ResourceBody{
		&dnsmessage.AResource{A: [4]byte{10, 0, 0, 1}}, &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("fd7a::1").As16()},
		&dnsmessage.CNAMEResource{CNAME: other}, &dnsmessage.NSResource{NS: other}, &dnsmessage.PTRResource{PTR: other},
		&dnsmessage.MXResource{Pref: 10, MX: other}, &dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 443, Target: other},
		&dnsmessage.TXTResource{TXT: []string{"a ", "b"}}, &dnsmessage.MXResource{MX: dnsmessage.MustNewName(".")},
		&dnsmessage.SOAResource{NS: other, MBox: other},
	}
	s := serve(t, func(q dnsmessage.Message, _ string) [][]byte { return [][]byte{packed(t, answerTo(q, bodies...))} })
	a, err := s.client.Ask(t.Context(), name, dnsmessage.TypeA)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range a.Records {
		got = append(got, r.Name+" "+r.Type+" "+r.Value)
	}
	want := []string{
		"A 10.0.0.1", "AAAA fd7a::1", "CNAME other.example", "NS other.example", "PTR other.example", "MX 10 other.example",
		"SRV 1 2 443 other.example", "TXT a b", "MX 0 .", "SOA (of a type that is not shown)",
	}
	for i := range want {
		want[i] = "db.corp.internal " + want[i]
	}
	if !reflect.DeepEqual(got, want) || a.Code != dnsmessage.RCodeSuccess || a.TCP || a.Server.String() != "100.100.100.100" || a.Took <= 0 {
		t.Errorf("got %+v, want %q", a, want)
	}
}

// An answer that is too long for UDP is asked for again, over TCP; what it has is bounded.
func TestTruncated(t *testing.T) {
	s := serve(t, func(q dnsmessage.Message, over string) [][]byte {
		if over == "udp" {
			a := answerTo(q)
			a.Truncated = true
			return [][]byte{packed(t, a)}
		}
		var bodies []dnsmessage.ResourceBody
		for range MostRecords + 1 {
			bodies = append(bodies, &dnsmessage.TXTResource{TXT: []string{strings.Repeat("x", 200)}})
		}
		return [][]byte{packed(t, answerTo(q, bodies...))}
	})
	a, err := s.client.Ask(t.Context(), name, dnsmessage.TypeTXT)
	if err != nil || !a.TCP || len(a.Records) != MostRecords || !a.More || s.udp.Load() != 1 || s.tcp.Load() != 1 {
		t.Errorf("got %d records, more %v, by TCP %v, error %v", len(a.Records), a.More, a.TCP, err)
	}
}

// What is no answer to the question is passed over, whoever sends it.
func TestStrayPackets(t *testing.T) {
	s := serve(t, func(q dnsmessage.Message, _ string) [][]byte {
		id, question, query, noQuestion := answerTo(q), answerTo(q), answerTo(q), answerTo(q)
		id.ID++
		question.Questions = []dnsmessage.Question{{Name: dnsmessage.MustNewName("evil.example."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}
		query.Response = false
		noQuestion.Questions = nil
		good := answerTo(q)
		good.RCode = dnsmessage.RCodeNameError
		return [][]byte{{1, 2, 3}, {}, packed(t, id), packed(t, question), packed(t, query), packed(t, noQuestion), packed(t, good)}
	})
	a, err := s.client.Ask(t.Context(), name, dnsmessage.TypeA)
	if err != nil || a.Code != dnsmessage.RCodeNameError {
		t.Errorf("got %+v and %v, want the answer to the question", a, err)
	}
}

func TestNoAnswer(t *testing.T) {
	s := serve(t, func(dnsmessage.Message, string) [][]byte { return nil })
	s.client.Timeout = 20 * time.Millisecond
	if _, err := s.client.Ask(t.Context(), name, dnsmessage.TypeA); !errors.Is(err, ErrSilent) {
		t.Errorf("got %v, want %v", err, ErrSilent)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.client.Ask(ctx, name, dnsmessage.TypeA); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	cut := serve(t, func(q dnsmessage.Message, _ string) [][]byte {
		whole := packed(t, answerTo(q, &dnsmessage.AResource{}))
		return [][]byte{whole[:len(whole)-2]}
	})
	if _, err := cut.client.Ask(t.Context(), name, dnsmessage.TypeA); !errors.Is(err, ErrUnreadable) {
		t.Errorf("half an answer: got %v, want %v", err, ErrUnreadable)
	}
}

// A question that would leave by another address than Tailscale's is not sent.
func TestSentThroughTailscaleOnly(t *testing.T) {
	s := serve(t, func(dnsmessage.Message, string) [][]byte { return nil })
	s.client.Own = []netip.Addr{netip.MustParseAddr("100.64.0.1")}
	if _, err := s.client.Ask(t.Context(), name, dnsmessage.TypeA); !errors.Is(err, ErrNoWay) || s.udp.Load() != 0 {
		t.Errorf("got %v and %d questions, want %v and none", err, s.udp.Load(), ErrNoWay)
	}
	if got := (Client{Own: []netip.Addr{netip.MustParseAddr("fd7a:115c:a1e0::1")}}).Server().String(); got != "fd7a:115c:a1e0::53" {
		t.Errorf("with IPv6 alone: got %s", got)
	}
}

// FuzzParse: no packet makes it fail otherwise than by an error.
func FuzzParse(f *testing.F) {
	question := dnsmessage.Message{Header: dnsmessage.Header{ID: 7}, Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
	good := answerTo(question, &dnsmessage.AResource{}, &dnsmessage.TXTResource{TXT: []string{"x"}})
	packet, err := good.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packet)
	f.Fuzz(func(t *testing.T, packet []byte) {
		q := query{id: 7, question: question.Questions[0]}
		if q.answeredBy(packet) {
			if a, _, err := parse(packet); err == nil && len(a.Records) > MostRecords {
				t.Errorf("got %d records", len(a.Records))
			}
		}
	})
}
