// SPDX-License-Identifier: MIT
//
// Prints the score of one requirement set and exits 1 when it is not met.
//
//   node score.mjs NODE_MODULES REVISION RESULTS [SCENARIO...]
//
// RESULTS is the output directory of `conformance server --requirements REVISION`;
// each SCENARIO is a scored one that has to fail. The suite's own list of expected
// failures is not used, because it takes warnings for failures.

import { count as countOf, readChecks, requirements, says } from "./results.mjs";

const [modules, revision, results, ...unsupported] = process.argv.slice(2);
const { scored, others } = requirements(modules, revision, "server");
const checks = readChecks(results);

const count = (names, ...statuses) => countOf(names.flatMap((name) => checks.get(name) ?? []), ...statuses);
const fails = (name) => !checks.has(name) || count([name], "FAILURE") > 0;
const score = (names) =>
  `${names.filter((name) => !fails(name)).length}/${names.length} scenarios, ` +
  `${count(names, "SUCCESS")}/${count(names, "SUCCESS", "FAILURE")} checks`;

const problems = [];
const notes = [];
for (const name of unsupported) {
  if (!scored.includes(name)) problems.push(`${name}: is expected to fail and is not scored in ${revision}; remove it from the list`);
  else if (!fails(name)) problems.push(`${name}: is expected to fail and passes; remove it from the list`);
  else if (checks.has(name)) notes.push(`not supported: ${name}`);
}
for (const name of scored) {
  if (!checks.has(name)) {
    problems.push(`${name}: has no result (see suite.log)`);
    continue;
  }
  for (const check of checks.get(name)) {
    const line = `${name}: ${check.id}: ${says(check)}`;
    if (check.status === "FAILURE" && !unsupported.includes(name)) problems.push(line);
    if (check.status === "WARNING") notes.push(`warning: ${line}`);
  }
}

console.log(`conformance ${revision}: scored ${score(scored)}; not scored ${score(others)}`);
for (const note of notes) console.log(`  ${note}`);
for (const problem of problems) console.log(`  FAILED ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);
