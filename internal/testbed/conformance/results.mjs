// SPDX-License-Identifier: MIT
//
// Reads what the conformance suite leaves: one folder for a scenario of a run,
// [server-]NAME-TIME, with checks.json in it unless the scenario broke off.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

export const suiteFolder = (modules) => join(resolve(modules), "@modelcontextprotocol", "conformance");

// requirements returns the names of the scenarios of one leg ("server" or
// "client") that a revision scores, and of those that it runs beside them.
export function requirements(modules, revision, leg) {
  const suite = suiteFolder(modules);
  const yaml = createRequire(join(suite, "package.json"))("yaml");
  const set = yaml.parse(readFileSync(join(suite, "requirements", `${revision}.yaml`), "utf8"));
  return {
    scored: set[leg],
    others: set.not_scored.filter((entry) => entry.leg === leg).map((entry) => entry.scenario),
  };
}

// readChecks returns the checks of every scenario that has a result, by name.
export function readChecks(folder) {
  const checks = new Map();
  for (const run of readdirSync(folder)) {
    const name = run.match(/^(?:server-)?(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/)?.[1];
    const file = join(folder, run, "checks.json");
    if (name && existsSync(file)) checks.set(name, JSON.parse(readFileSync(file, "utf8")));
  }
  return checks;
}

export const count = (checks, ...statuses) => checks.filter((check) => statuses.includes(check.status)).length;

export const says = (check) => check.errorMessage ?? check.details?.message ?? check.description;
