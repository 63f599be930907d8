# SPDX-License-Identifier: MIT
"""An MCP server behind tailscale-mcp that decides by the tailnet's grants who reads what.

It needs nothing but Python. Its entry, /etc/tailscale-mcp/servers.d/notes.json:

    {"command": "/usr/bin/python3", "args": ["/usr/local/lib/notes.py"],
     "tailscale": {"pass": ["example.com/cap/notes"]}}

and a grant in the policy file, beside that of jaxxstorm.com/cap/mcp which lets call it at all:

    "example.com/cap/notes": [{"topics": ["ops"]}]
"""
import json
import sys

CAPABILITY = "example.com/cap/notes"
NOTES = {"ops": "The backup runs at 02:00.", "sales": "The fair is in May."}
TOOLS = [{
    "name": "read_notes",
    "description": "The notes that the tailnet's grants let the caller read, and who that is.",
    "inputSchema": {"type": "object"},
    "annotations": {"readOnlyHint": True},
}]


def read_notes(caller):
    # What tailscaled attested and what the policy file grants: nothing of it is the client's own word.
    who = caller.get("login") or ", ".join(caller.get("tags", [])) or "nobody"
    granted = caller.get("capabilities", {}).get(CAPABILITY, [])
    topics = {topic for value in granted for topic in value.get("topics", [])}
    lines = [f"{topic}: {note}" for topic, note in NOTES.items() if topic in topics or "*" in topics]
    return f"{who} on {caller.get('node', 'no node')}:\n" + ("\n".join(lines) or f"no note: no grant of {CAPABILITY} names a topic")


def answer(method, params):
    if method == "initialize":
        return {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "notes", "version": "1"}}
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call" and params.get("name") == "read_notes":
        caller = params.get("_meta", {}).get("tailscale-mcp/caller", {})
        return {"content": [{"type": "text", "text": read_notes(caller)}]}
    return None


for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue  # a notification
    result = answer(message["method"], message.get("params", {}))
    outcome = {"error": {"code": -32601, "message": "there is no such method or tool"}} if result is None else {"result": result}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **outcome}), flush=True)
