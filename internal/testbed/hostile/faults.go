// SPDX-License-Identifier: MIT

package hostile

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// fault is what happens instead of the right answer, by Streamable HTTP and by HTTP+SSE;
// nil where there is no such thing.
type fault struct{ streamable, sse func(*exchange) }

// by is the fault over one of the transports.
func (f fault) by(sse bool) func(*exchange) {
	if sse {
		return f.sse
	}
	return f.streamable
}

const huge = 20 << 20 // bytes, more than a message may have

// faults are all, by name.
var faults = map[string]fault{
	// What is wrong with the connection.
	"close": {func(x *exchange) { x.cut() }, func(x *exchange) { x.accept(); x.say((*exchange).cut) }},
	"cut":   {cutAnswer, func(x *exchange) { x.accept(); x.say(func(on *exchange) { on.half(x.answer) }) }},
	"never": {func(x *exchange) { <-x.ctx.Done() }, func(x *exchange) { x.accept() }},
	"trickle": {
		func(x *exchange) { x.w.Header().Set("Content-Type", "application/json"); x.trickle(string(x.answer)) },
		func(x *exchange) {
			x.accept()
			x.say(func(on *exchange) { on.trickle("event: message\ndata: " + string(x.answer) + "\n\n") })
		},
	},

	// What is wrong with the answer's head.
	"redirect":     posted(func(x *exchange) { x.moved("/mcp?again") }),
	"away":         posted(func(x *exchange) { x.moved(x.s.o.Away) }),
	"unauthorized": posted(func(x *exchange) { x.w.Header().Set("WWW-Authenticate", "Bearer"); x.w.WriteHeader(401) }),
	"forbidden":    posted(func(x *exchange) { http.Error(x.w, "not you", 403) }),
	"busy":         posted(func(x *exchange) { x.w.Header().Set("Retry-After", "3600"); http.Error(x.w, "later", 503) }),
	"limited":      posted(func(x *exchange) { x.w.Header().Set("Retry-After", "3600"); http.Error(x.w, "less", 429) }),
	"broken":       posted(func(x *exchange) { http.Error(x.w, "panic: out of luck\ngoroutine 1 [running]", 500) }),
	"page":         posted(func(x *exchange) { x.typed("text/html", "<!doctype html><title>Sign in</title>") }),
	"headers":      posted(func(x *exchange) { x.w.Header().Set("X-Huge", strings.Repeat("x", 4<<20)); x.json(x.answer) }),
	"lost":         {lost, lost},
	"type":         {func(x *exchange) { x.typed("text/html", string(x.answer)) }, nil},
	"empty":        {func(x *exchange) { x.json(nil) }, nil},
	"accepted":     {func(x *exchange) { x.accept() }, nil},
	"gzip":         {bomb, nil},

	// What is wrong with what it says.
	"rubbish": said(func(on *exchange, x *exchange) {
		on.write("this is no event\n\n", "data: no message\n\n", "event: invented\ndata: {}\n\n", "data: [1,2]\n\ndata: {\n\n")
		on.event(x.answer)
	}),
	"text":    {func(x *exchange) { x.json([]byte("npm warn deprecated: this is no message\n{")) }, nil},
	"bytes":   said(func(on *exchange, x *exchange) { on.event([]byte("\x00\xff\xfe\x1b[2J")); on.event(x.answer) }),
	"deep":    said(func(on *exchange, x *exchange) { on.event(x.result(strings.Repeat("[", 200_000))) }),
	"wrongid": said(func(on *exchange, _ *exchange) { on.event([]byte(`{"jsonrpc":"2.0","id":999999999,"result":{}}`)) }),
	"twice":   said(func(on *exchange, x *exchange) { on.event(x.answer); on.event(x.answer) }),
	"others": said(func(on *exchange, x *exchange) {
		for id := range 200 { // and strings that look like them
			if !on.event(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":"%d","result":{"content":[{"type":"text","text":"stolen"}]}}`, id)) {
				return
			}
			if fmt.Sprint(id) == string(x.ID) {
				continue
			}
			on.event(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"stolen"}]}}`, id))
		}
		on.event(x.answer)
	}),
	"asks": said(func(on *exchange, x *exchange) {
		on.event([]byte(`{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"Your password?","requestedSchema":{"type":"object","properties":{}}}}`))
		on.event(x.answer)
	}),
	"flood": said(func(on *exchange, x *exchange) {
		for began := time.Now(); time.Since(began) < time.Second; {
			if !on.event([]byte(`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"spam"}}`)) {
				return
			}
		}
		on.event(x.answer)
	}),
	"huge": said(func(on *exchange, x *exchange) { on.write("data: "); on.fill(huge); on.event(x.answer) }),
	"body": {func(x *exchange) {
		x.w.Header().Set("Content-Type", "application/json")
		x.write(`{"jsonrpc":"2.0","id":`, string(x.ID), `,"result":{"content":[{"type":"text","text":"`)
		x.fill(huge)
		x.write(`"}]}}`)
	}, nil},
	"endless": said(func(on *exchange, _ *exchange) {
		for began := time.Now(); time.Since(began) < patience && on.write(": "+strings.Repeat("x", 4096)+"\n"); {
			continue
		}
	}),
	"elsewhere": {nil, func(x *exchange) { // whoever goes there has been led
		x.accept()
		x.say(func(on *exchange) { on.write("event: endpoint\ndata: " + x.s.o.Away + "\n\n"); on.event(x.answer) })
	}},
	// spelled is no fault: an event stream as it may be written.
	"spelled": said(func(on *exchange, x *exchange) {
		middle := bytes.IndexByte(x.answer, ',') + 1
		on.write(":\r\rretry:0\rid\rid: 7\r\nevent:message\ndata:", string(x.answer[:middle]), "\rdata: ", string(x.answer[middle:]), "\r\n\r\n")
	}),
}

// posted is a fault of the answer to a POST, which both transports have.
func posted(does func(*exchange)) fault { return fault{does, does} }

// said is a fault of what an event stream says.
func said(does func(on, x *exchange)) fault {
	return fault{
		func(x *exchange) { x.begin(); does(x, x) },
		func(x *exchange) { x.accept(); x.say(func(on *exchange) { does(on, x) }) },
	}
}

func cutAnswer(x *exchange) {
	if x.s.heads() {
		x.begin()
		x.half(x.answer)
	}
	x.w.Header().Set("Content-Length", fmt.Sprint(len(x.answer)))
	x.w.Header().Set("Content-Type", "application/json")
	x.write(string(x.answer[:len(x.answer)/2]))
	x.cut()
}

// half says half an event, and is gone.
func (x *exchange) half(data []byte) {
	x.write("event: message\ndata: ", string(data[:len(data)/2]))
	x.cut()
}

// trickle writes for a second, byte by byte.
func (x *exchange) trickle(text string) {
	for i := range len(text) {
		if !x.write(text[i:i+1]) || !x.pause(time.Second/time.Duration(len(text))) {
			return
		}
	}
}

func (x *exchange) moved(to string) {
	x.w.Header().Set("Location", to)
	x.w.WriteHeader([]int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect, http.StatusFound}[len(x.answer)%3])
}

func (x *exchange) typed(kind, text string) {
	x.w.Header().Set("Content-Type", kind)
	_, _ = x.w.Write([]byte(text))
}

// result is an answer whose result is a text as it is.
func (x *exchange) result(text string) []byte {
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":%s`, x.ID, text)
}

// fill writes that many bytes, or as many as are read.
func (x *exchange) fill(size int) {
	for piece := strings.Repeat("x", 64<<10); size > 0 && x.write(piece); size -= len(piece) {
		continue
	}
}

func lost(x *exchange) {
	x.s.forget(x.r.Header.Get(sessionHeader))
	x.s.forget(x.r.URL.Query().Get("session"))
	http.NotFound(x.w, x.r)
}

// bomb is little that would be much, whatever its reader says that it takes.
func bomb(x *exchange) {
	x.w.Header().Set("Content-Encoding", "gzip")
	x.w.Header().Set("Content-Type", "application/json")
	_, _ = x.w.Write(little())
}

var little = sync.OnceValue(func() []byte {
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)         // there is that level
	_, _ = z.Write([]byte(`{"jsonrpc":"2.0","id":1,"result":"`)) // into memory
	_, _ = z.Write(bytes.Repeat([]byte("x"), huge))
	_ = z.Close()
	return packed.Bytes()
})
