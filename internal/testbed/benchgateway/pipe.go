// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
)

// pipe is the server as a client has it that starts it by itself.
type pipe struct {
	cmd *exec.Cmd
	in  io.WriteCloser

	write   sync.Mutex
	mu      sync.Mutex
	last    int
	waiting map[int]chan []byte
	over    error
}

// startPipe starts the server and returns when it has said what it is.
func startPipe(ctx context.Context, program string) (*pipe, error) {
	p := &pipe{cmd: exec.CommandContext(ctx, program), waiting: map[int]chan []byte{}}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.read(bufio.NewReaderSize(out, 1<<20))
	if _, err := p.ask(ctx, "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}`); err != nil {
		return nil, err
	}
	_, err = io.WriteString(p.in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n")
	return p, err
}

func (p *pipe) read(out *bufio.Reader) {
	for {
		line, err := out.ReadBytes('\n')
		p.mu.Lock()
		if err != nil {
			p.over = err
			for _, w := range p.waiting {
				close(w)
			}
			p.waiting = nil
			p.mu.Unlock()
			return
		}
		var m struct {
			ID int `json:"id"`
		}
		if json.Unmarshal(line, &m) == nil && p.waiting[m.ID] != nil {
			p.waiting[m.ID] <- line
			delete(p.waiting, m.ID)
		}
		p.mu.Unlock()
	}
}

// ask sends a request and returns the whole answer.
func (p *pipe) ask(ctx context.Context, method, params string) ([]byte, error) {
	p.mu.Lock()
	if p.over != nil {
		p.mu.Unlock()
		return nil, p.over
	}
	p.last++
	id, answer := p.last, make(chan []byte, 1)
	p.waiting[id] = answer
	p.mu.Unlock()
	p.write.Lock()
	_, err := fmt.Fprintf(p.in, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`+"\n", id, method, params)
	p.write.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case line, ok := <-answer:
		if !ok {
			return nil, errors.New("the server has ended")
		}
		return line, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipe) call(ctx context.Context) ([]byte, error) {
	return p.ask(ctx, "tools/call", `{"name":"echo","arguments":{"text":"hello"}}`)
}

func (p *pipe) stop() {
	_ = p.in.Close()
	_ = p.cmd.Wait()
}
