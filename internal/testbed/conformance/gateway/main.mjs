// SPDX-License-Identifier: MIT
//
// Runs the official suite against servers by themselves and behind the gate, and holds
// what differs, check by check, against differences.txt. Exits 1 unless that is the same.
//
//   node main.mjs NODE_MODULES BEHIND LAUNCHER EVERYTHING

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { listening, start, stopAll } from "../proxy/children.mjs";
import { figures, statuses } from "../proxy/servers.mjs";
import { servers } from "../proxy/suite.mjs";
import { table } from "../proxy/table.mjs";

const [modules, behind, launcher, everything] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), "conformance-gateway-"));
const results = resolve(process.env.CONFORMANCE_RESULTS || join(scratch, "results"));
mkdirSync(results, { recursive: true });
const context = { modules, node: process.execPath, results };

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]]) {
  process.once(signal, () => void leave(status));
}

async function leave(status) {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
  process.exit(status);
}

// The official server listens on all addresses of the host; here, on loopback.
const onLoopback = `data:text/javascript,${encodeURIComponent(`
  import net from "node:net";
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (port, ...rest) { return listen.call(this, { port, host: "127.0.0.1" }, ...rest); };
`)}`;
const official = join(modules, "@modelcontextprotocol", "server-everything", "dist", "index.js");

// The servers, by themselves over HTTP and as a program on standard input and output.
const upstreams = {
  "go-sdk 2025-11-25": {
    http: ["/", resolve(everything), "-http", "127.0.0.1:0", "-stateless=false"],
    stdio: [resolve(everything)],
  },
  "go-sdk 2026-07-28": { http: ["/", resolve(everything), "-http", "127.0.0.1:0"], stdio: [resolve(everything)] },
  "server-everything 2025-11-25": {
    http: ["/mcp", process.execPath, "--import", onLoopback, official, "streamableHttp"],
    stdio: [process.execPath, official, "stdio"],
  },
};

let scores = 0;

// score runs a requirement set against a command that serves HTTP.
async function score(name, revision, way, path, command, ...args) {
  const folder = join(results, `${++scores}-${name}-${way}`.replaceAll(/[^a-z0-9-]+/gi, "-"));
  mkdirSync(folder, { recursive: true });
  const child = start(`${name} ${way}`, join(folder, "server.log"), command, args, { ...process.env, PORT: "0" });
  try {
    const url = `http://127.0.0.1:${await listening(child)}${path}`;
    return (await servers(context, folder, revision, url)).checks;
  } finally {
    await child.stop();
  }
}

// differ returns what differs between a server itself and the server behind the gate. A
// warning is none: what it is about is left to servers.
function differ(name, direct, through) {
  const [before, after] = [statuses(direct), statuses(through)];
  const word = (found) => ({ SUCCESS: "passes", WARNING: "passes", FAILURE: "fails" })[found?.status] ?? "has no result";
  const found = new Map();
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [word(before.get(key)), word(after.get(key))];
    if (was !== is) found.set(`${name} ${key} ${was}, ${is}`, after.get(key)?.says);
  }
  return found;
}

// known reads differences.txt: a line for each, and why above it, behind a #.
const file = fileURLToPath(new URL("differences.txt", import.meta.url));
const known = new Set(readFileSync(file, "utf8").split("\n").filter((line) => line && !line.startsWith("#")));

// round holds one server against itself behind the gate.
async function round(name, { http, stdio }) {
  const revision = name.split(" ").at(-1);
  const direct = await score(name, revision, "itself", ...http);
  const through = await score(name, revision, "behind", "/behind/mcp", resolve(behind), resolve(launcher), ...stdio);
  const row = [name, figures(context, revision, direct), figures(context, revision, through)];
  const found = differ(name, direct, through);
  const problems = [];
  for (const [line, says] of found) if (!known.has(line)) problems.push(`not in differences.txt: ${line}: ${says ?? "no reason given"}`);
  for (const line of known) if (line.startsWith(`${name} `) && !found.has(line)) problems.push(`in differences.txt, and not so: ${line}`);
  return { row, problems };
}

const rows = [["server", "itself", "behind the gate"]];
const problems = [];
try {
  for (const [name, upstream] of Object.entries(upstreams)) {
    let tried = await round(name, upstream);
    if (tried.problems.length > 0) {
      // Some scenarios wait half a second for an answer, which a busy machine can spoil.
      console.log(`  ${name} is run again: ${tried.problems[0]}`);
      tried = await round(name, upstream);
    }
    rows.push(tried.row);
    problems.push(...tried.problems);
  }
} catch (error) {
  console.error(error);
  await leave(1);
}
for (const line of known) if (!Object.keys(upstreams).some((name) => line.startsWith(`${name} `))) problems.push(`in differences.txt, of no server: ${line}`);
console.log(table(rows));
console.log(`  figures: scenarios (checks), scored + not scored; ${known.size} checks that differ are named in differences.txt`);
for (const problem of problems) console.log(`  FAILED ${problem}`);
await leave(problems.length > 0 ? 1 : 0);
