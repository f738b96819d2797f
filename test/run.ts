import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { ending, readArguments, UsageError } from '../shared/config/command-line.ts';
import { missing } from './cluster/packages.ts';

const usage = `Runs the tests, and lists what could not run here and why.

Usage: npm test                     everything that this machine allows
       npm run test:unit            what needs no cluster (seconds)
       npm run test:cluster         what runs on a real one-node Kubernetes, started here (Linux, root, Go)
       … -- FILE or TEXT …          only test files whose path contains one of these

Where CI is set in the environment, a skipped test is a failure. TEST_CLUSTERS=1 starts one cluster at a time, not two.
`;

/** Type stripping and node:test's newer parts are Node 24's. */
const leastNode = 24;
const root = path.resolve(import.meta.dirname, '..');
/** These start clusters of their own; all others run side by side. */
const clusterFolders = ['test/cluster', 'test/e2e', 'test/contract/cluster'];
/** This one takes every cluster that may run at once. */
const alone = ['test/cluster/cluster.test.ts'];
/** Clusters mostly wait: two at once take little more time than one. */
const clustersAtOnce = process.env['TEST_CLUSTERS'] === '1' ? 1 : 2;
/**
 * What takes minutes begins first, so that nothing long is left to run by itself at the end; two of Knative never side by
 * side.
 */
const long = ['slow', 'knative-pods', 'route', 'patch', 'rights', 'rights-standalone', 'failures', 'knative'].map(
  (name) => `test/e2e/${name}.test.ts`,
);

if (Number(process.versions.node.split('.')[0]) < leastNode) {
  process.stderr.write(
    `this is Node ${process.version}; Node ${leastNode} is needed. "npm ci" brings it along for npm's scripts on Linux (optional packages must not be omitted).\n`,
  );
  process.exit(1);
}

const onCluster = (file: string) => clusterFolders.some((folder) => file.startsWith(folder));
const files = chosen();
const skipped: string[] = [];
let failed = false;

await execute(
  files.filter((file) => !onCluster(file)),
  availableParallelism(),
);
const clusterFiles = files.filter(onCluster);
const reasons = clusterFiles.length === 0 ? [] : await missing();
const length = (file: string) => (long.includes(file) ? long.indexOf(file) : long.length);
if (reasons.length === 0) {
  for (const file of clusterFiles.filter((one) => alone.includes(one))) await execute([file], 1);
  const others = clusterFiles.filter((one) => !alone.includes(one)).sort((a, b) => length(a) - length(b));
  await execute(others, clustersAtOnce);
} else
  skipped.push(
    ...clusterFiles.map((file) => `${file}: no test cluster can start here; missing: ${reasons.join('; ')}`),
  );

if (skipped.length > 0)
  process.stdout.write(`\nskipped ${skipped.length}:\n${skipped.map((line) => `  ${line}\n`).join('')}`);
process.exit(failed || (skipped.length > 0 && process.env['CI'] !== undefined) ? 1 : 0);

/** The test files that were asked for. Ends the process where that was help, or none. */
function chosen(): string[] {
  try {
    const options = { help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = readArguments({ allowPositionals: true, options });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const kind = ['unit', 'cluster'].find((one) => one === positionals[0]);
    const words = positionals.slice(kind === undefined ? 0 : 1);
    const ofKind = globSync('{cli,functions,shared,standalone,test,knative}/**/*.test.ts', { cwd: root })
      .filter((file) => kind === undefined || onCluster(file) === (kind === 'cluster'))
      .sort();
    const nowhere = words.find((word) => !ofKind.some((file) => file.includes(word)));
    if (nowhere !== undefined)
      throw new UsageError(`no test file of npm ${kind ? `run test:${kind}` : 'test'} has ${nowhere} in its path`);
    return ofKind.filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
  } catch (error) {
    const { words, code } = ending(error);
    process.stderr.write(`${words}\n`);
    process.exit(code);
  }
}

async function execute(some: string[], concurrency: number): Promise<void> {
  if (some.length === 0) return;
  const stream = run({ files: some.map((file) => path.join(root, file)), concurrency });
  let tests = 0;
  stream.on('test:fail', () => {
    failed = true;
  });
  stream.on('test:pass', ({ name, skip, todo }) => {
    tests += 1;
    if (skip !== undefined || todo !== undefined) skipped.push(`${name}: ${skip || todo || 'no reason given'}`);
  });
  const report = stream.compose(spec);
  report.pipe(process.stdout, { end: false });
  await finished(report);
  if (tests === 0) failed = true;
}
