// SPDX-License-Identifier: MIT

package magicdns

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// MostRecords is how many records of an answer are read.
const MostRecords = 50

// Record is one record of an answer.
type Record struct {
	// Name has it, without a dot at its end.
	Name string
	// Type is its type, such as A.
	Type string
	// TTL is how many seconds it may be kept.
	TTL uint32
	// Value is what it says: an address, a name, a text, or as zone files write the rest.
	Value string
}

// query is a question as it is sent.
type query struct {
	id       uint16
	question dnsmessage.Question
	packed   []byte
}

func newQuery(name dnsmessage.Name, kind dnsmessage.Type) (query, error) {
	var id [2]byte
	if _, err := rand.Read(id[:]); err != nil {
		return query{}, fmt.Errorf("choosing an ID: %w", err)
	}
	q := query{id: binary.BigEndian.Uint16(id[:]), question: dnsmessage.Question{Name: name, Type: kind, Class: dnsmessage.ClassINET}}
	message := dnsmessage.Message{Header: dnsmessage.Header{ID: q.id, RecursionDesired: true}, Questions: []dnsmessage.Question{q.question}}
	var err error
	if q.packed, err = message.Pack(); err != nil {
		return query{}, fmt.Errorf("writing the question: %w", err)
	}
	return q, nil
}

// answeredBy reports whether a packet is an answer to this question.
func (q query) answeredBy(packet []byte) bool {
	var p dnsmessage.Parser
	header, err := p.Start(packet)
	if err != nil || !header.Response || header.ID != q.id {
		return false
	}
	repeated, err := p.Question()
	return err == nil && repeated.Type == q.question.Type && repeated.Class == q.question.Class &&
		strings.EqualFold(repeated.Name.String(), q.question.Name.String())
}

// parse reads an answer. One that is truncated has no records.
func parse(packet []byte) (a Answer, truncated bool, err error) {
	var p dnsmessage.Parser
	header, err := p.Start(packet)
	if err != nil {
		return Answer{}, false, ErrUnreadable
	}
	if header.Truncated {
		return Answer{Code: header.RCode}, true, nil
	}
	a.Code = header.RCode
	if err := p.SkipAllQuestions(); err != nil {
		return Answer{}, false, ErrUnreadable
	}
	for {
		resource, err := p.Answer()
		switch {
		case errors.Is(err, dnsmessage.ErrSectionDone):
			return a, false, nil
		case err != nil:
			return Answer{}, false, ErrUnreadable
		case len(a.Records) == MostRecords:
			a.More = true
			return a, false, nil
		}
		a.Records = append(a.Records, Record{
			Name: plain(resource.Header.Name), Type: strings.TrimPrefix(resource.Header.Type.String(), "Type"),
			TTL: resource.Header.TTL, Value: valueOf(resource.Body),
		})
	}
}

func valueOf(body dnsmessage.ResourceBody) string {
	switch b := body.(type) {
	case *dnsmessage.AResource:
		return netip.AddrFrom4(b.A).String()
	case *dnsmessage.AAAAResource:
		return netip.AddrFrom16(b.AAAA).String()
	case *dnsmessage.CNAMEResource:
		return plain(b.CNAME)
	case *dnsmessage.NSResource:
		return plain(b.NS)
	case *dnsmessage.PTRResource:
		return plain(b.PTR)
	case *dnsmessage.TXTResource:
		return strings.ToValidUTF8(strings.Join(b.TXT, ""), "�")
	case *dnsmessage.MXResource:
		return fmt.Sprintf("%d %s", b.Pref, plain(b.MX))
	case *dnsmessage.SRVResource:
		return fmt.Sprintf("%d %d %d %s", b.Priority, b.Weight, b.Port, plain(b.Target))
	}
	return "(of a type that is not shown)"
}

// plain is a name without the dot at its end; the root is a dot.
func plain(name dnsmessage.Name) string {
	text := strings.ToValidUTF8(name.String(), "�")
	if text == "." {
		return text
	}
	return strings.TrimSuffix(text, ".")
}
