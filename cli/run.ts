import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../shared/cluster/connect.ts';
import { clean } from '../shared/words/clean.ts';
import type { ExplainOptions, StatusOptions } from './options.ts';
import { makeReader, type Reader } from './read/reader.ts';
import { takeSnapshot } from './read/snapshot.ts';
import { explanation } from './report/explain.ts';
import { statusReport } from './report/status.ts';
import { layoutOf, type Output, picture } from './screen.ts';
import { explainText } from './text/explain.ts';
import { statusText } from './text/status.ts';
import { watch } from './watch.ts';

export interface RunDeps {
  readonly stdout: Writable & Output;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly stop: AbortSignal;
}

/** Milliseconds between two looks at the cluster. */
const between = 2_000;
/** A look at a large cluster takes long, and is to be a small part of what its API server does. */
const restPerWork = 4;

/** Answers what was asked. Returns the exit code. */
export async function run(options: StatusOptions | ExplainOptions, deps: RunDeps): Promise<number> {
  const { api, namespace } = connect(options);
  const reader = makeReader(api);
  if (options.command === 'explain') return explain(reader, options, options.namespace ?? namespace, deps);
  return options.watch ? watchStatus(reader, options, deps) : status(reader, options, deps);
}

async function status(reader: Reader, options: StatusOptions, deps: RunDeps): Promise<number> {
  const { stdout, stderr, env, now } = deps;
  const report = statusReport(await takeSnapshot(reader, options, now()));
  stdout.write(options.output === 'json' ? json(report) : statusText(report, layoutOf(stdout, env)));
  return tellMissing(report.missing, stderr);
}

async function watchStatus(reader: Reader, options: StatusOptions, deps: RunDeps): Promise<number> {
  const { stdout, stderr, env, now, stop } = deps;
  const asJson = options.output === 'json';
  const onScreen = stdout.isTTY && !asJson;
  let code = 0;
  let took = 0;
  const told = new Set<string>();
  await watch({
    stop,
    look: async () => {
      const begun = now();
      const report = statusReport(await takeSnapshot(reader, options, begun));
      took = now() - begun;
      const unheard = report.missing.filter((one) => !told.has(one));
      for (const one of unheard) told.add(one);
      code = tellMissing(onScreen ? [] : unheard, stderr) || (report.missing.length > 0 ? 1 : 0);
      const text = asJson ? `${JSON.stringify(report)}\n` : statusText(report, layoutOf(stdout, env));
      const lasting = JSON.stringify({ ...report, at: '' });
      return onScreen
        ? { text: picture(text + missingText(report.missing), stdout), key: text }
        : { text, key: lasting };
    },
    show: (text) => stdout.write(onScreen || asJson ? text : `${text}\n`),
    complain: (error) => stderr.write(`image-rescue: ${clean((error as Error).message)}; trying again\n`),
    pause: () => sleep(Math.max(between, took * restPerWork), undefined, { signal: stop }).catch(() => undefined),
  });
  return code;
}

async function explain(reader: Reader, options: ExplainOptions, namespace: string, deps: RunDeps): Promise<number> {
  const { stdout, stderr, env, now } = deps;
  const snapshot = await takeSnapshot(reader, { ...options, namespace }, now());
  const [pod] = snapshot.pods;
  if (pod === undefined) {
    stderr.write(`image-rescue: there is no pod ${options.pod} in namespace ${namespace}\n`);
    return 1;
  }
  const story = explanation(pod, snapshot);
  stdout.write(options.output === 'json' ? json(story) : explainText(story, layoutOf(stdout, env)));
  return tellMissing(story.missing, stderr);
}

function json(report: unknown): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

/** Returns the exit code. */
function tellMissing(missing: readonly string[], stderr: Writable): number {
  stderr.write(missingText(missing));
  return missing.length === 0 ? 0 : 1;
}

function missingText(missing: readonly string[]): string {
  return missing.map((one) => `missing permission: ${clean(one)}\n`).join('');
}
