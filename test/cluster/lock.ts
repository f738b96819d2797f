import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeCgroups } from './cgroups.ts';
import { removeNetwork } from './network.ts';
import { waitFor } from './wait-for.ts';

const prefix = 'image-rescue-cluster-';

export interface Lock {
  /** A fresh folder for the cluster's state. */
  folder: string;
  /** Says who may have to be waited for, should this process be killed. */
  owns(init: number): Promise<void>;
  /** Removes the folder, bridges and cgroups; the cluster's processes must have ended. */
  release(): Promise<void>;
}

/**
 * Makes this process the one that runs a test cluster on this machine, and removes what crashed ones left behind.
 * The lock is an abstract socket: the kernel frees it when its process ends, so it is never stale.
 * Throws, with the other's process id, when another one runs.
 */
export async function takeLock(): Promise<Lock> {
  const server = createServer((socket) => socket.destroy());
  try {
    await once(server.listen('\0image-rescue-test-cluster'), 'listening');
  } catch (cause) {
    const owners = await Promise.all((await stateFolders()).map(async (f) => `process ${(await owner(f)).pid}, ${f}`));
    throw new Error(`another test cluster runs on this machine (${owners.join('; ') || 'just starting'})`, { cause });
  }
  server.unref();
  try {
    for (const left of await stateFolders()) await removeLeftover(left);
    const folder = await mkdtemp(join(tmpdir(), prefix));
    const note = (init?: number) => writeFile(join(folder, 'owner.json'), JSON.stringify({ pid: process.pid, init }));
    await note();
    return {
      folder,
      owns: note,
      release: async () => {
        await clean(folder);
        await once(server.close(), 'close');
      },
    };
  } catch (error) {
    server.close();
    throw error;
  }
}

async function stateFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(prefix)).map((name) => join(tmpdir(), name));
}

async function owner(folder: string): Promise<{ pid?: number; init?: number }> {
  return readFile(join(folder, 'owner.json'), 'utf8').then(JSON.parse, () => ({}));
}

async function removeLeftover(folder: string): Promise<void> {
  const { init } = await owner(folder);
  if (init !== undefined)
    await waitFor(`process ${init} of a former test cluster to end`, () => hasEnded(init, folder), 10_000);
  await clean(folder);
}

/** The kernel keeps a namespace's first process, without a command line, until all the others are gone. */
async function hasEnded(init: number, folder: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${init}/cmdline`, 'utf8').catch(() => undefined);
  if (commandLine === undefined) return true;
  if (commandLine !== '') return !commandLine.includes(folder); // the number was given to another process
  return /^State:\s+Z/m.test(await readFile(`/proc/${init}/status`, 'utf8'));
}

async function clean(folder: string): Promise<void> {
  await removeNetwork();
  await removeCgroups();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
