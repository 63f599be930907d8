// SPDX-License-Identifier: MIT
//
// The servers that the proxy is tested in front of, and the bridge that lets the
// suite, which speaks HTTP, test a program that speaks stdio.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { listening, start } from "./children.mjs";

const beside = (file) => fileURLToPath(new URL(file, import.meta.url));

let started = 0;

async function serve(context, name, path, command, args, env) {
  const log = join(context.results, `server-${String(++started).padStart(2, "0")}-${name.replaceAll(/[^a-z0-9]+/gi, "-")}.log`);
  const child = start(name, log, command, args, env);
  return { url: `http://127.0.0.1:${await listening(child)}${path}`, stop: child.stop };
}

const goSDK = (context, name, ...args) => serve(context, name, "/", context.everything, ["-http", "127.0.0.1:0", ...args]);

export const upstreams = {
  // Sessions, and so the older revisions only: a modern request is refused by an
  // error that names the revisions it has.
  "go-sdk legacy": (context) => goSDK(context, "go-sdk legacy", "-stateless=false"),
  // As above, and does not know that there is a modern request.
  "TypeScript SDK v1": (context) => serve(context, "TypeScript SDK v1", "/mcp", context.node, [beside("sdk1-server.mjs"), context.modules]),
  // Every revision, without sessions.
  "go-sdk dual": (context) => goSDK(context, "go-sdk dual"),
  // 2026-07-28 only. The SDK answers initialize with an older revision, for the
  // client to disconnect.
  "go-sdk modern": (context) => serve(context, "go-sdk modern", "/mcp", context.modern, []),
  // As above, but refusing initialize as the specification has it.
  "go-sdk modern, refusing": (context) => serve(context, "go-sdk modern, refusing", "/mcp", context.modern, ["-refuse"]),
  // This project's daemon with the fixtures of the suite: every revision, without sessions.
  "own stack": (context) => serve(context, "own stack", "/mcp", context.stack, []),
};

const everything = (context) => join(context.modules, "@modelcontextprotocol", "server-everything", "dist", "index.js");

// Servers that speak HTTP+SSE only, at /sse.
export const oldUpstreams = {
  "server-everything": (context) => serve(context, "server-everything sse", "/sse", context.node, [everything(context), "sse"], { ...process.env, PORT: "0" }),
  supergateway: (context) =>
    serve(context, "supergateway sse", "/sse", context.node, [
      join(context.modules, "supergateway", "dist", "index.js"),
      ...["--stdio", `${context.node} ${everything(context)} stdio`, "--outputTransport", "sse", "--port", "0", "--logLevel", "info"],
    ]),
};

// bridge serves a command that speaks stdio. It runs a process for every session,
// and in the newest revision for every request.
export const bridge = (context, command) =>
  serve(context, "bridge", "/mcp", context.node, [
    join(context.modules, "supergateway", "dist", "index.js"),
    ...["--stdio", command, "--outputTransport", "streamableHttp", "--stateful", "--port", "0", "--logLevel", "info"],
  ]);
