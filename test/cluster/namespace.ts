import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Address, isReport, type Program, type Request } from './messages.ts';
import { environment } from './run.ts';

/** Folders with fixed names that the components write to: inside the namespace they are its own and empty. */
const ownFolders = [
  '/run/containerd', // sockets and bundles of containerd's shims
  '/var/lib/cni',
  '/var/lib/kubelet', // the device plugins' socket, whatever --root-dir says
  '/var/log/pods',
  '/var/log/containers',
];

/** Settings of the machine that a kubelet changes: inside the namespace they are copies. */
const ownSettings = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

/** Components must not go through the machine's proxy; containerd is given the tests' own. */
const noProxy = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
    [name, ''],
    [name.toLowerCase(), ''],
  ]),
);

/**
 * The first process of the namespace is a shell that waits for the supervisor: a shell's `wait` reaps orphans (shims
 * after a restart of containerd), which Node.js as pid 1 would not. "rshared" is what containers with mount
 * propagation need; nothing reaches the machine's own mounts.
 */
const firstProcess = `set -e
mount --make-rshared /
for folder in ${ownFolders.join(' ')}; do mkdir -p $folder; mount -t tmpfs -o mode=0755 cluster $folder; done
for setting in ${ownSettings.join(' ')}; do
  copy="$0/settings/$setting"
  mkdir -p "$(dirname "$copy")"
  cat /proc/sys/$setting > "$copy"
  mount --bind "$copy" /proc/sys/$setting
done
"$@" & wait $!`;

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
  const reports = talk(child);
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

type Question = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

/** Questions and answers over the child's channel, which keeps the test process alive only while one is open. */
function talk(child: ChildProcess) {
  const open = new Map<number, { resolve(): void; reject(error: Error): void }>();
  const ended = new Map<string, string>();
  const ready = Promise.withResolvers<void>();
  let last = 0;
  child.on('message', (message: unknown) => {
    if (!isReport(message)) return;
    if ('ready' in message) ready.resolve();
    else if ('ended' in message) ended.set(message.ended, message.how);
    else settle(message.id, message.error);
  });
  child.on('error', (error) => ready.reject(new Error('cannot make the namespace', { cause: error })));
  child.on('disconnect', () => {
    for (const id of open.keys()) settle(id, 'the cluster has ended');
  });
  const settle = (id: number, error?: string) => {
    const question = open.get(id);
    open.delete(id);
    if (open.size === 0) child.channel?.unref();
    if (error === undefined) question?.resolve();
    else question?.reject(new Error(error));
  };
  const ask = (question: Question) =>
    new Promise<void>((resolve, reject) => {
      if (!child.connected) return reject(new Error('the cluster has ended'));
      const id = ++last;
      open.set(id, { resolve, reject });
      child.channel?.ref();
      child.send({ id, ...question });
    });
  return { ready: ready.promise.finally(() => child.channel?.unref()), ended, ask };
}
