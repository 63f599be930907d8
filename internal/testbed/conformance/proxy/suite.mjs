// SPDX-License-Identifier: MIT
//
// Runs the conformance suite and reads what each check says.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { readChecks, suiteFolder } from "../results.mjs";
import { finish, start } from "./children.mjs";

const suiteSeconds = 240; // for one requirement set; it takes half a minute

// suite runs it with arguments, leaves what it found in folder, and returns its
// status and the checks of each scenario.
export async function suite(context, folder, seconds, ...args) {
  mkdirSync(folder, { recursive: true });
  const program = join(suiteFolder(context.modules), "dist", "index.js");
  const run = start("the suite", join(folder, "suite.log"), context.node, [program, ...args, "-o", folder]);
  const status = await finish(run, seconds);
  return { status, checks: readChecks(folder) };
}

// servers runs the server scenarios of one requirement set.
export const servers = (context, folder, revision, url) =>
  suite(context, folder, suiteSeconds, "server", "--url", url, "--requirements", revision);

// server runs one server scenario.
export const server = (context, folder, revision, url, scenario) =>
  suite(context, folder, suiteSeconds, "server", "--url", url, "--scenario", scenario, "--spec-version", revision);
