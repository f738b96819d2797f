import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeCgroups } from './cgroups.ts';
import { networkOf, removeNetwork } from './network.ts';
import { waitFor } from './wait-for.ts';

/** Clusters that may run at once on one machine. */
const slots = [0, 1];
const prefix = (slot: number) => `image-rescue-cluster-${slot}-`;

export interface Lock {
  /** Which of the clusters that may run at once. */
  slot: number;
  /** A fresh folder for the cluster's state. */
  folder: string;
  /** Says who may have to be waited for, should this process be killed. */
  owns(init: number): Promise<void>;
  /** Removes the folder, bridges and cgroups; the cluster's processes must have ended. */
  release(): Promise<void>;
}

/**
 * Makes this process one of those that run a test cluster on this machine, and removes what crashed ones left behind.
 * The lock is an abstract socket: the kernel frees it when its process ends, so it is never stale.
 * Throws, with the others' process ids, when as many run as may.
 */
export async function takeLock(): Promise<Lock> {
  for (const slot of slots) {
    const server = await take(slot);
    if (server !== undefined) return lockFor(slot, server);
  }
  const folders = (await Promise.all(slots.map(stateFolders))).flat();
  const owners = await Promise.all(folders.map(async (f) => `process ${(await owner(f)).pid}, ${f}`));
  throw new Error(`${slots.length} test clusters run on this machine (${owners.join('; ') || 'just starting'})`);
}

async function take(slot: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    await once(server.listen(`\0image-rescue-test-cluster-${slot}`), 'listening');
  } catch {
    return undefined;
  }
  server.unref();
  return server;
}

async function lockFor(slot: number, server: Server): Promise<Lock> {
  try {
    for (const left of await stateFolders(slot)) await removeLeftover(slot, left);
    const folder = await mkdtemp(join(tmpdir(), prefix(slot)));
    const note = (init?: number) => writeFile(join(folder, 'owner.json'), JSON.stringify({ pid: process.pid, init }));
    await note();
    return {
      slot,
      folder,
      owns: note,
      release: async () => {
        await clean(slot, folder);
        await once(server.close(), 'close');
      },
    };
  } catch (error) {
    server.close();
    throw error;
  }
}

async function stateFolders(slot: number): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(prefix(slot))).map((name) => join(tmpdir(), name));
}

async function owner(folder: string): Promise<{ pid?: number; init?: number }> {
  return readFile(join(folder, 'owner.json'), 'utf8').then(JSON.parse, () => ({}));
}

async function removeLeftover(slot: number, folder: string): Promise<void> {
  const { init } = await owner(folder);
  if (init !== undefined)
    await waitFor(`process ${init} of a former test cluster to end`, () => hasEnded(init, folder), 10_000);
  await clean(slot, folder);
}

/** The kernel keeps a namespace's first process, without a command line, until all the others are gone. */
async function hasEnded(init: number, folder: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${init}/cmdline`, 'utf8').catch(() => undefined);
  if (commandLine === undefined) return true;
  if (commandLine !== '') return !commandLine.includes(folder); // the number was given to another process
  return /^State:\s+Z/m.test(await readFile(`/proc/${init}/status`, 'utf8'));
}

async function clean(slot: number, folder: string): Promise<void> {
  await removeNetwork(networkOf(slot));
  await removeCgroups(slot);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
