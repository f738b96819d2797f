import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { secretFile, secretFolder, talkFolder } from '../../shared/pulls/folders.ts';
import { writeResult } from '../../shared/pulls/result.ts';
import { cleanTaskSchema, taskSchema } from '../../shared/pulls/task.ts';
import { look } from './look.ts';
import { type PullDeps, pull } from './pull.ts';
import { readKeyring } from './registry/credentials.ts';
import { runRegistry } from './registry/run.ts';
import { cleanUp } from './route/route.ts';
import { connectRuntime, type Runtime } from './runtime/runtime.ts';
import { talkTo } from './talk.ts';

/** Kubernetes reads a container's last words here. */
const terminationLog = process.env['TERMINATION_LOG'] ?? '/dev/termination-log';
const talk = path.join(process.env['TALK_FOLDER'] ?? talkFolder, 'talk.sock');
/** Milliseconds for the other container to start. */
const patience = 60_000;

const log = (line: string) => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);
// Nothing left to wait for is not the end of the work.
process.once('beforeExit', () => {
  log('ended without a result');
  process.exit(1);
});

const clock = () => performance.now();
const task = JSON.parse(process.env['TASK'] ?? '{}') as unknown;

const parts: Record<string, () => Promise<void>> = {
  async registry() {
    const stop = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
    const parsed = taskSchema.parse(task);
    const keyring = parsed.credentials ? await mirrorKeyring() : undefined;
    const deps = { task: parsed, talk, stop: stop.signal, log, ...(keyring && { keyring }) };
    writeFileSync(terminationLog, await runRegistry(deps));
  },
  async pull() {
    // As a container's first process it would otherwise not end before it is killed.
    process.on('SIGTERM', () => process.exit(143));
    const parsed = taskSchema.parse(task);
    const registry = await talkTo(talk, patience);
    const { socket, onlyPatch = '' } = parsed;
    const result =
      socket === undefined
        ? await look({ because: onlyPatch, registry, clock })
        : await pullWith(connectRuntime(socket), { task: parsed, registry, clock, log });
    log(JSON.stringify(result));
    writeFileSync(terminationLog, writeResult(result));
    registry.end();
    process.exitCode = result.way === 'none' ? 1 : 0;
  },
  async clean() {
    const removed = await cleanUp(cleanTaskSchema.parse(task).hostConfigFolder);
    log(`taken out: ${removed.join(', ') || 'nothing'}`);
  },
};

const [named = '', ...more] = process.argv.slice(2);
const part = more.length === 0 ? parts[named] : undefined;
if (part === undefined) {
  const help = named === '--help';
  process[help ? 'stdout' : 'stderr'].write('usage: pull.cjs registry|pull|clean, with the task as JSON in TASK\n');
  process.exit(help ? 0 : 2);
} else {
  part().then(
    () => process.exit(),
    (error: unknown) => {
      log(error instanceof Error ? (error.stack ?? error.message) : String(error));
      if (named === 'pull') {
        const failed = {
          way: 'none' as const,
          already: false,
          milliseconds: 0,
          answers: [],
          error: (error as Error).message,
        };
        writeFileSync(terminationLog, writeResult(failed));
      }
      process.exit(1);
    },
  );
}

/** Read once; from then on it is in this process's memory only. */
async function mirrorKeyring() {
  const file = path.join(process.env['SECRET_FOLDER'] ?? secretFolder, secretFile);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined
    ? { problem: 'there is no such Secret, or it has no .dockerconfigjson' }
    : readKeyring(text);
}

async function pullWith(runtime: Runtime, deps: Omit<PullDeps, 'runtime'>) {
  const result = await pull({ ...deps, runtime });
  runtime.close();
  return result;
}
