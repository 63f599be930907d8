// SPDX-License-Identifier: MIT

package main

// What this program says to a person beside the line that is wrong: its help, and
// what it has done. Standard output belongs to the protocol while it relays.

const introduction = `A client starts it as the command of a server, for example:
  {"mcpServers": {"tailscale": {
    "command": "tailscale-mcp-proxy",
    "args": ["--server", "http://ts-mcp:8080/mcp"]}}}
The commands are for a person; --help behind one shows its options.`

const conclusion = `Identity: when the local tailscaled runs and the server is a node of its
tailnet, requests carry X-Tailscale-User, X-Tailscale-Node and X-Tailscale-Tags.
They inform the server, which decides by what its own tailscaled says.

Exit codes:
  0  the client ended the connection, or a signal asked to stop
  1  stdin or stdout failed, or a command could not do what it was asked
  2  the command line or the environment is wrong`

const installDetails = `It shows the change, asks, and keeps a copy of the file. Everything else in the
file stays as it is. OPTIONS behind -- are what the client shall start the proxy
with besides --server, for example -- --tailscaled-socket PATH. --groups and
--text become part of the URL: the client asks for less than it may use. Without
CLIENT it lists the clients; with --print it also names the documents that it
goes by. The entry is named after the server: NAME for a path /NAME/mcp, else
tailscale. With --all, --server names the host: each server of it that you may
use is entered by its name. What has such a name already is left, and said.`

const serversDetails = `It lists what is granted to you at the host of URL, whose path does not matter:
the URL of each server, what it is, how much of it you may use, and how to enter
it in a client. It takes the options of the relay.`

const uninstallDetails = `It shows the change and asks. It takes out an entry that starts this proxy, and
leaves everything else in the file as it is. Copies from before stay, and it
names them.`

const doctorDetails = `It takes the options of the relay as they stand in the client's configuration,
and asks the server as the client does.`

// To whom starts the relay by hand: the server is the value.
const sayByHand = "a client starts this and speaks MCP on standard input; to try the way to the server: " + program + " doctor --server %v\n"

// About a change in the configuration of a client.
const (
	sayTemporary   = "warning: this program is in a temporary folder: %s\nhint: put it where it stays, and install from there\n"
	sayNothingToDo = "%s: nothing to do\n"
	sayAsk         = "%s this? [y/N] "
	sayRemoved     = "removed %s, which had nothing else in it\n"
	sayReplaced    = "wrote %s; what was there is in %s\n"
	sayWrote       = "wrote %s\n"
	sayNext        = "next: %s\n"
	sayCopy        = "a copy from before stays: %s\n"
	sayStartAgain  = "next: start %s again, which has the server until then\n"
	sayOther       = "server %q starts the proxy too: --name %s\n"
	sayPut         = "Put this into %s:\n\n%s\n"
	sayOrRun       = "Or run:\n\n%s\n\n"
	sayThen        = "Then: %s\n"
	saySource      = "As documented at: %s\n"
	sayAll         = "all of them at once: " + program + " install CLIENT --all --server %v\n"
	sayBecame      = "%s: %s (%s)\n"
	sayWould       = "%s: would be %s (%s)\n"
	sayTaken       = "%s: left, since something else has the name, which %s; by another name: %s install %s --server %s --name %s-2\n"
	sayKept        = "%s: left, since what has the name is none of this host's: it %s; to replace it all the same, name it: %s install %s --server %s --name %s --force\n"
	sayMaybeNoMore = "%s: may no longer be granted (%s), since the host lists nothing; to remove it: %s uninstall %s --name %s\n"
	sayNoMore      = "%s: no longer granted (%s); to remove it: %s uninstall %s --name %s\n"
	sayVariable    = "note: the client has to start the proxy with the variable %s, which --header-env names: set it under \"env\" in the entry, or where the client itself is started\n"
)
