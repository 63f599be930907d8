// SPDX-License-Identifier: MIT
//
// The suite's server scenarios through the proxy: suite → supergateway → proxy →
// server. What the server passes by itself it has to pass through the proxy too,
// check by check, whether the revision scores it or not.

import { join } from "node:path";

import { count, requirements, says } from "../results.mjs";
import { server, servers } from "./suite.mjs";
import { bridge, upstreams } from "./upstreams.mjs";

// Checks that fail because of supergateway, whatever is behind it. They are tested
// on supergateway alone in the same run: one that passes is an error.
const bridgeFails = {
  "2025-11-25": {
    "dns-rebinding-protection/localhost-host-rebinding-rejected": "supergateway checks neither Host nor Origin",
    "server-sse-polling/server-sse-retry-field": "supergateway sends no retry",
  },
  "2026-07-28": {
    "dns-rebinding-protection/localhost-host-rebinding-rejected": "supergateway checks neither Host nor Origin",
    "server-sse-multiple-streams/server-sse-streams-functional": "supergateway answers with JSON instead of a stream",
  },
};

// Scenarios that fail at the server itself and have to pass through the proxy,
// which gives a client of the older revision the newer one: the server asks
// questions in that only. A name that passes directly is an error.
const gains = {
  "own stack 2025-11-25": [
    "tools-call-sampling",
    "tools-call-elicitation",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
  ],
};

// Scenarios that a server passes in appearance only, and that fail through the
// proxy because that finds out. A name that passes is an error.
const hollow = {
  // The stack takes subscriptions to resources for the suite's sake (the daemon
  // does not) and never tells of a change. In the newer revision it says so.
  "own stack 2025-11-25": ["resources-subscribe", "resources-unsubscribe"],
};

// Scenarios that a busy machine can spoil: these are run again, alone, at most twice.
const timed = {
  "server-stateless": "it waits 500 ms for an answer, and the bridge starts a process for each request",
  "tools-list": "what another scenario adds to our own stack stays for 500 ms, and a list that changes meanwhile cannot be judged",
};

const runs = [
  ["go-sdk legacy", "2025-11-25"],
  ["go-sdk dual", "2025-11-25"],
  ["go-sdk dual", "2026-07-28"],
  ["own stack", "2025-11-25"],
  ["own stack", "2026-07-28"],
];

export async function testServers(context) {
  const rows = [];
  const problems = [];
  const notes = ["figures: scenarios (checks), scored + not scored"];
  for (const [revision, checks] of Object.entries(bridgeFails)) {
    for (const [key, why] of Object.entries(checks)) notes.push(`not the proxy's, ${revision}: ${key}: ${why}`);
  }
  for (const [where, scenarios] of Object.entries(hollow)) notes.push(`passes in appearance only, ${where}: ${scenarios.join(", ")}`);
  for (const [name, revision] of runs) {
    const where = `${name} ${revision}`;
    const folder = join(context.results, where.replaceAll(/[^a-z0-9-]+/gi, "-"));
    const direct = await score(context, join(folder, "direct"), revision, notes, where, async () => upstreams[name](context));
    const through = await score(context, join(folder, "proxy"), revision, notes, `${where} through the proxy`, () =>
      behindBridge(context, name),
    );
    rows.push([name, revision, figures(context, revision, direct), figures(context, revision, through)]);
    const found = compare(revision, direct, through, gains[where] ?? [], hollow[where] ?? []);
    for (const problem of found) problems.push(`${where}: ${problem.text}${await blame(context, folder, revision, problem)}`);
  }
  for (const [revision, checks] of Object.entries(bridgeFails)) problems.push(...(await testBridge(context, revision, checks)));
  return { head: ["server scenarios", "revision", "server itself", "through the proxy"], rows, problems, notes };
}

// behindBridge serves a server through the proxy and supergateway.
async function behindBridge(context, name) {
  const upstream = await upstreams[name](context);
  const front = await bridge(context, `${context.proxy} --server ${upstream.url}`);
  return { url: front.url, stop: () => Promise.all([front.stop(), upstream.stop()]) };
}

// score runs a requirement set against a server of its own, since some scenarios
// change what the server has.
async function score(context, folder, revision, notes, where, serve) {
  const front = await serve();
  try {
    const { checks } = await servers(context, folder, revision, front.url);
    for (const [scenario, why] of Object.entries(timed)) {
      for (let again = 1; again <= 2 && checks.has(scenario) && count(checks.get(scenario), "FAILURE", "WARNING") > 0; again++) {
        notes.push(`${where}: ${scenario} is run again: ${why}`);
        const repeated = await server(context, join(folder, `again-${again}`), revision, front.url, scenario);
        if (repeated.checks.has(scenario)) checks.set(scenario, repeated.checks.get(scenario));
      }
    }
    return checks;
  } finally {
    await front.stop();
  }
}

// compare returns what differs between the server itself and the server through
// the proxy.
function compare(revision, direct, through, gains, hollow) {
  const problems = [];
  const found = (scenario, text) => problems.push({ scenario, text });
  const [before, after] = [statuses(direct), statuses(through)];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const scenario = key.split("/")[0];
    const [was, is] = [before.get(key), after.get(key)];
    if (hollow.includes(scenario)) continue; // below
    const lost = was?.status === "SUCCESS" ? is?.status !== "SUCCESS" : is?.status === "FAILURE" && was?.status !== "FAILURE";
    if (key in bridgeFails[revision]) {
      if (is?.status === "SUCCESS") found(scenario, `${key} is named as failing because of supergateway and passes; remove it from the list`);
    } else if (lost && !gains.includes(scenario)) {
      found(scenario, `${key} ${was?.status ?? "has no result"} directly, ${is?.status ?? "no result"} through the proxy: ${is?.says ?? ""}`);
    } else if (was?.status === "FAILURE" && is?.status === "SUCCESS" && !gains.includes(scenario)) {
      found(scenario, `${key} fails directly and passes through the proxy; enter the scenario in the list of gains`);
    }
  }
  for (const scenario of gains) {
    if (passes(direct, scenario)) found(scenario, `${scenario} is named as failing directly and passes; remove it from the list`);
    if (passes(through, scenario)) continue;
    const failed = (through.get(scenario) ?? []).find((check) => check.status === "FAILURE");
    found(scenario, `${scenario} has to pass through the proxy, and fails: ${failed ? says(failed) : "no result"}`);
  }
  for (const scenario of hollow) {
    if (!passes(direct, scenario) || passes(through, scenario))
      found(scenario, `${scenario} is named as passing directly only, and does not or passes through the proxy too; remove it from the list`);
  }
  return problems;
}

// statuses returns the worst status of each check that counts, by scenario and id.
export function statuses(results) {
  const ranks = ["SUCCESS", "WARNING", "FAILURE"];
  const worst = new Map();
  for (const [scenario, checks] of results) {
    for (const check of checks) {
      const key = `${scenario}/${check.id}`;
      if (ranks.indexOf(check.status) > ranks.indexOf(worst.get(key)?.status)) worst.set(key, { status: check.status, says: says(check) });
    }
  }
  return worst;
}

const passes = (results, scenario) => results.has(scenario) && count(results.get(scenario), "FAILURE") === 0;

// blame runs a scenario on supergateway alone, in front of the Go SDK's server on
// stdio, to say whose the failure is.
async function blame(context, folder, revision, { scenario }) {
  const key = `${revision}/${scenario}`;
  if (key in (context.blamed ??= {})) return context.blamed[key];
  const front = await bridge(context, context.everything);
  try {
    const { checks } = await server(context, join(folder, `bridge-${scenario}`), revision, front.url, scenario);
    const verdict = passes(checks, scenario) ? " (passes on the bridge alone)" : " (fails on the bridge alone too)";
    return (context.blamed[key] = verdict);
  } finally {
    await front.stop();
  }
}

async function testBridge(context, revision, named) {
  const problems = [];
  const front = await bridge(context, context.everything);
  try {
    for (const [key, why] of Object.entries(named)) {
      const scenario = key.split("/")[0];
      const { checks } = await server(context, join(context.results, `bridge-${revision}-${scenario}`), revision, front.url, scenario);
      if (!checks.has(scenario)) problems.push(`the bridge alone ${revision}: ${scenario} has no result`);
      else if (statuses(checks).get(key)?.status === "SUCCESS")
        problems.push(`the bridge alone ${revision}: ${key} passes, though ${why}; remove it from the list`);
    }
  } finally {
    await front.stop();
  }
  return problems;
}

export function figures(context, revision, results) {
  const figure = (names) => {
    const checks = names.flatMap((name) => results.get(name) ?? []);
    return `${names.filter((name) => passes(results, name)).length}/${names.length} (${count(checks, "SUCCESS")}/${count(checks, "SUCCESS", "FAILURE")})`;
  };
  const { scored, others } = requirements(context.modules, revision, "server");
  return `${figure(scored)} + ${figure(others)}`;
}
