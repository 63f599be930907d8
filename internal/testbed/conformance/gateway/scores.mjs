// SPDX-License-Identifier: MIT
//
// Runs the official suite against servers by themselves and behind the gate, and holds
// what differs, check by check, against differences.txt.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { figures, statuses } from "../proxy/servers.mjs";
import { servers } from "../proxy/suite.mjs";
import { behindGate, commands, serving, ways } from "./upstreams.mjs";

// chosen are the servers, by name and revision. Some are tried by hand only.
function chosen(context) {
  const { goSDK, everything, ownStack } = commands(context);
  return {
    "go-sdk 2025-11-25": { itself: goSDK.sessions, stdio: goSDK.stdio, http: goSDK.sessions },
    "go-sdk 2026-07-28": { itself: goSDK.http, stdio: goSDK.stdio, http: goSDK.http },
    "server-everything 2025-11-25": { itself: everything.http, ...everything },
    "own-stack 2025-11-25": { itself: ownStack.http, ...ownStack },
    "own-stack 2026-07-28": { itself: ownStack.http, ...ownStack },
    "go-sdk-stateless 2025-11-25": { byHand: true, itself: goSDK.http, http: goSDK.http },
  };
}

// score runs a requirement set.
const score = (context, revision) => async (url, folder) => (await servers(context, folder, revision, url)).checks;

// differ returns what differs between a server itself and the server behind the gate. A
// warning is none: what it is about is left to servers.
function differ(name, way, direct, through) {
  const [before, after] = [statuses(direct), statuses(through)];
  const word = (found) => ({ SUCCESS: "passes", WARNING: "passes", FAILURE: "fails" })[found?.status] ?? "has no result";
  const found = new Map();
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [word(before.get(key)), word(after.get(key))];
    if (was !== is) found.set(`${name} ${way} ${key} ${was}, ${is}`, after.get(key)?.says);
  }
  return found;
}

// known reads differences.txt: a line for each, and why above it, behind a #. Ways that have
// commas between them are a line each.
const file = fileURLToPath(new URL("differences.txt", import.meta.url));
const known = new Set();
for (const line of readFileSync(file, "utf8").split("\n")) {
  if (!line || line.startsWith("#")) continue;
  const [server, revision, all, ...rest] = line.split(" ");
  for (const way of all.split(",")) known.add([server, revision, way, ...rest].join(" "));
}

// round holds one server against itself behind the gate, in one way.
async function round(context, name, way, upstream, direct) {
  const revision = name.split(" ").at(-1);
  let through;
  try {
    through = await behindGate(context, name, way, upstream, score(context, revision));
  } catch (error) {
    return { figures: "failed", problems: [`${name} by ${way}: ${error.message}`] };
  }
  const found = differ(name, way, direct, through);
  const problems = [];
  for (const [line, says] of found) if (!known.has(line)) problems.push(`not in differences.txt: ${line}: ${says ?? "no reason given"}`);
  for (const line of known) if (line.startsWith(`${name} ${way} `) && !found.has(line)) problems.push(`in differences.txt, and not so: ${line}`);
  return { figures: figures(context, revision, through), problems };
}

export async function testScores(context) {
  const rows = [];
  const problems = [];
  const notes = [`figures: scenarios (checks), scored + not scored; ${known.size} checks that differ are named in differences.txt`];
  const all = Object.entries(chosen(context));
  for (const [name, by] of all) {
    if (by.byHand && !context.more) continue;
    const revision = name.split(" ").at(-1);
    const itself = () => serving(context, name, by.itself, score(context, revision));
    let direct = await itself();
    const row = [name, figures(context, revision, direct)];
    for (const way of ways) {
      if (!(way in by)) {
        row.push("");
        continue;
      }
      let tried = await round(context, name, way, by[way], direct);
      if (tried.problems.length > 0) {
        // Some scenarios wait half a second for an answer, which a busy machine can spoil.
        notes.push(`${name} by ${way} was run again: ${tried.problems[0]}`);
        direct = await itself();
        tried = await round(context, name, way, by[way], direct);
      }
      row.push(tried.figures);
      problems.push(...tried.problems);
    }
    rows.push(row);
  }
  const runs = all.flatMap(([name, by]) => ways.filter((way) => way in by).map((way) => `${name} ${way} `));
  for (const line of known) if (!runs.some((run) => line.startsWith(run))) problems.push(`in differences.txt, of no server: ${line}`);
  return { head: ["server", "itself", ...ways.map((way) => `behind the gate by ${way}`)], rows, problems, notes };
}
