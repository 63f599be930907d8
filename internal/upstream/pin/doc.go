// SPDX-License-Identifier: MIT

// Package pin keeps what an administrator approved of a server behind the gateway: the
// definitions of its tools, prompts and resource templates, its instructions and its
// capabilities, in NAME.lock.json beside the entry. Lists are answered from it, without
// a process; what is not in it, or differs from it, is withheld until it is approved.
//
// The file is JSON in one form only, a tool a line, so that git and a reviewer see what
// changes: members sorted, no spaces within a definition, invisible characters escaped.
// Each line has the SHA-256 of its definition. The class of a tool is not part of the
// hash: it may be changed by hand. So may the title of the server, by which nothing is
// decided.
//
// The package knows no process and no network; what a server shows comes as [Seen].
// Whatever it cannot read completely is withheld, or an error of [Parse].
package pin
