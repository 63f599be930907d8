// SPDX-License-Identifier: MIT
//
// The servers behind the gate: how each is reached by itself over HTTP, and in which ways
// behind the gate: as a program on standard input and output, by the URL of Streamable HTTP,
// by that of HTTP+SSE. What serves HTTP is a path and a command.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { listening, start } from "../proxy/children.mjs";

export const ways = ["stdio", "http", "sse"];

// The official server listens on all addresses of the host; here, on loopback.
const onLoopback = `data:text/javascript,${encodeURIComponent(`
  import net from "node:net";
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (port, ...rest) { return listen.call(this, { port, host: "127.0.0.1" }, ...rest); };
`)}`;

export function commands({ modules, node, everything, stack }) {
  const official = join(modules, "@modelcontextprotocol", "server-everything", "dist", "index.js");
  const supergateway = (path, ...args) => [
    ...[path, node, "--import", onLoopback, join(modules, "supergateway", "dist", "index.js")],
    ...["--stdio", everything, "--port", "0", "--logLevel", "none", "--outputTransport", ...args],
  ];
  return {
    goSDK: { stdio: [everything], sessions: ["/", everything, "-http", "127.0.0.1:0", "-stateless=false"], http: ["/", everything, "-http", "127.0.0.1:0"] },
    everything: {
      stdio: [node, official, "stdio"],
      http: ["/mcp", node, "--import", onLoopback, official, "streamableHttp"],
      sse: ["/sse", node, "--import", onLoopback, official, "sse"],
    },
    ownStack: { http: ["/mcp", stack] },
    supergateway: { http: supergateway("/mcp", "streamableHttp", "--stateful"), sse: supergateway("/sse", "sse") },
  };
}

let served = 0;

// serving runs what uses the URL of a command that serves HTTP, and a folder for what it finds.
export async function serving(context, name, [path, command, ...args], use) {
  const folder = join(context.results, `${String(++served).padStart(2, "0")}-${name.replaceAll(/[^a-z0-9-]+/gi, "-")}`);
  mkdirSync(folder, { recursive: true });
  const child = start(name, join(folder, "server.log"), command, args, { ...process.env, PORT: "0" });
  try {
    return await use(`http://127.0.0.1:${await listening(child)}${path}`, folder);
  } finally {
    await child.stop();
  }
}

// behindGate is serving for a server behind the gate.
export function behindGate(context, name, way, upstream, use) {
  const gate = (...args) => serving(context, `${name} behind by ${way}`, ["/behind/mcp", context.behind, ...args], use);
  if (way === "stdio") return gate(context.launcher, ...upstream);
  return serving(context, `${name} by ${way}`, upstream, (url) => gate("-url", url, "-type", way, context.launcher));
}
