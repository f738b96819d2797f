import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openChannel } from './channel.ts';
import { firstProcess } from './first-process.ts';
import type { Address, Program } from './messages.ts';
import { environment } from './run.ts';

/** Components must not go through the machine's proxy; containerd is given the tests' own. */
const noProxy = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
    [name, ''],
    [name.toLowerCase(), ''],
  ]),
);

/** The programs of one cluster, in a PID and mount namespace that ends with the test process, however that ends. */
export interface Namespace {
  /** Process id, as the machine sees it, of the namespace's first process. */
  init: number;
  start(name: string, program: Program): Promise<void>;
  stop(name: string, signal?: NodeJS.Signals, patienceMs?: number): Promise<void>;
  forward(from: Address, to: Address): Promise<void>;
  /** How a program ended that nobody stopped, or undefined. */
  ended(name: string): string | undefined;
  /** Kills everything; resolves when all processes of the namespace are gone. */
  end(): Promise<void>;
}

/** Makes the namespace. `folder` is named on its command line and takes its log. Throws when it does not come up. */
export async function startNamespace(folder: string): Promise<Namespace> {
  const log = openSync(join(folder, 'logs', 'supervisor.log'), 'a');
  const supervisor = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    join(import.meta.dirname, 'supervisor.ts'),
  ];
  const unshare = ['unshare', '--pid', '--mount', '--fork', '--kill-child=KILL', '--mount-proc'];
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', ...unshare, 'sh', '-c', firstProcess, folder, ...supervisor],
    // detached: Ctrl-C reaches the test process only, and the components by its death
    {
      detached: true,
      env: environment({ ...noProxy, NODE_OPTIONS: '' }),
      cwd: folder,
      stdio: ['ignore', log, log, 'ipc'],
    },
  );
  closeSync(log);
  child.unref();
  const exited = once(child, 'exit');
  const reports = openChannel(child);
  const failed = exited.then(async () => {
    const words = await readFile(join(folder, 'logs', 'supervisor.log'), 'utf8');
    throw new Error(`the cluster's namespace did not come up: ${words.trim()}`);
  });
  await Promise.race([reports.ready, failed]);
  failed.catch(() => undefined);
  const init = Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
  if (!Number.isInteger(init) || init <= 1) throw new Error('cannot find the first process of the namespace');
  return {
    init,
    start: (name, program) => {
      reports.ended.delete(name);
      return reports.ask({ start: name, program });
    },
    stop: (name, signal = 'SIGTERM', patienceMs = 3000) => reports.ask({ stop: name, signal, patienceMs }),
    forward: (from, to) => reports.ask({ forward: from, to }),
    ended: (name) => ((child.exitCode ?? child.signalCode) !== null ? 'the namespace ended' : reports.ended.get(name)),
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.ref();
        process.kill(init, 'SIGKILL');
      }
      await exited; // unshare waits for its child, which the kernel keeps until the whole namespace is gone
    },
  };
}
