// SPDX-License-Identifier: MIT

// Package mirror says which parts of a request of revision 2026-07-28 travel in HTTP
// headers too, and in what form.
//
// SetRequest sets the headers of every request: the protocol version, the method and
// the name. The headers of a tool's arguments ("Custom Headers from Tool Parameters")
// follow from its input schema: Tools learns them from the server's lists of tools, and
// Headers sets them for a call. Learn also cuts those tools out of a list whose schemas
// break the rules, because a client may not be shown them.
//
// The package sends nothing: whoever needs an unknown tool asks the server for its
// tools with ListRequest. It imports jsonrpc and the standard library. Its failure mode
// is a call without headers for arguments, which the server refuses.
package mirror
