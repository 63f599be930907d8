// SPDX-License-Identifier: MIT

// Package remote reaches MCP servers behind the gateway that run elsewhere, by the URL of
// their entry: Streamable HTTP of both eras. It makes the links by which package process
// speaks with them; each is the session of one holder.
//
// What a server elsewhere can do is bounded as for one on this host: the size of a message,
// how many requests are open, how much of an answer that is no message is read. Whatever it
// answers costs the callers of that session only.
//
// What goes to it is what its entry says and nothing else: no header of a caller, no
// redirect is followed, no proxy of the environment asked. Each address is looked at when it
// is connected to, so that no name can lead to where the entry does not.
package remote
