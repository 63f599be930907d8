// SPDX-License-Identifier: MIT
//
// The suite's client scenarios: the suite's server ← proxy ← driver.mjs. They are
// those that do not need authorization, which the proxy has not: the network and
// the peer's address take its place.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { count, requirements, says } from "../results.mjs";
import { suite } from "./suite.mjs";

// How many checks each scenario has that count when all of it is exercised; with
// less the driver has left something out.
const scenarios = {
  "2025-11-25": {
    initialize: 1,
    tools_call: 2,
    "elicitation-sep1034-client-defaults": 5,
    "sse-retry": 3,
    "json-schema-2020-12-preservation": 9,
  },
  "2026-07-28": {
    tools_call: 2,
    "request-metadata": 8,
    "http-standard-headers": 9,
    "http-custom-headers": 18,
    "http-custom-headers --unlisted": 18,
    "http-invalid-tool-headers": 12,
    "sep-2322-client-request-state": 5,
    "json-schema-ref-no-deref": 1,
    "json-schema-2020-12-preservation": 9,
  },
};

const scenarioSeconds = 60; // they take a second

export async function testClients(context) {
  const rows = [];
  const problems = [];
  for (const [revision, wanted] of Object.entries(scenarios)) {
    const named = Object.keys(wanted).map((key) => key.split(" ")[0]);
    for (const scenario of requirements(context.modules, revision, "client").scored) {
      if (!scenario.startsWith("auth/") && !named.includes(scenario)) problems.push(`${scenario} ${revision} is scored and not run`);
    }
    for (const [key, total] of Object.entries(wanted)) {
      const [scenario, ...flags] = key.split(" ");
      const command = [context.node, fileURLToPath(new URL("driver.mjs", import.meta.url)), ...flags, context.proxy].join(" ");
      const folder = join(context.results, `client-${revision}-${key.replaceAll(/[^a-z0-9-]+/gi, "")}`);
      const { status, checks } = await suite(
        context,
        folder,
        scenarioSeconds,
        ...["client", "--command", command, "--scenario", scenario, "--spec-version", revision],
      );
      const got = checks.get(scenario) ?? [];
      const passed = count(got, "SUCCESS");
      rows.push([key, revision, `${passed}/${total}`]);
      const where = `${key} ${revision}`;
      for (const check of got) {
        if (["FAILURE", "WARNING"].includes(check.status)) problems.push(`${where}: ${check.id}: ${says(check)}`);
      }
      if (count(got, "SUCCESS", "FAILURE", "WARNING") !== total) {
        problems.push(`${where}: ${count(got, "SUCCESS", "FAILURE", "WARNING")} checks, and it has ${total} (see ${folder})`);
      } else if (status !== 0 && passed === total) {
        problems.push(`${where}: the driver or the suite failed: ${status} (see ${folder})`);
      }
    }
  }
  return { head: ["client scenarios", "revision", "through the proxy"], rows, problems };
}
