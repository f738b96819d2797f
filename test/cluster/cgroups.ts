import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The cgroup that holds all pods of a test cluster (the kubelet's cgroupRoot), beside those of other clusters. */
export const cgroupRoot = (slot: number) => `/irtest${slot}`;
const mounted = '/sys/fs/cgroup';

/** The folders of the cgroup: one per controller with cgroup v1, a single one with v2. */
async function folders(slot: number): Promise<string[]> {
  if (existsSync(join(mounted, 'cgroup.controllers'))) return [mounted + cgroupRoot(slot)];
  return (await readdir(mounted)).map((controller) => join(mounted, controller) + cgroupRoot(slot));
}

/** Makes the cgroup with every controller that there is. */
export async function makeCgroups(slot: number): Promise<void> {
  await removeCgroups(slot);
  for (const folder of await folders(slot)) {
    const parent = join(folder, '..');
    await mkdir(folder, { recursive: true });
    const controllers = await readFile(join(parent, 'cgroup.controllers'), 'utf8').catch(() => '');
    for (const name of controllers.split(/\s+/).filter(Boolean)) {
      for (const at of [parent, folder]) {
        await writeFile(join(at, 'cgroup.subtree_control'), `+${name}`).catch(() => undefined); // not all may be had
      }
    }
    for (const name of ['cpuset.cpus', 'cpuset.mems']) {
      const inherited = await readFile(join(parent, name), 'utf8').catch(() => undefined); // v1: new ones are empty
      if (inherited !== undefined) await writeFile(join(folder, name), inherited).catch(() => undefined);
    }
  }
}

/** Removes the cgroup and all below it. The processes in it must have ended. */
export async function removeCgroups(slot: number): Promise<void> {
  for (const folder of await folders(slot)) await removeTree(folder);
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  for (let tries = 0; existsSync(folder) && tries < 50; tries++) {
    await rmdir(folder).catch(() => sleep(20)); // busy for a moment after its last process ended
  }
}
