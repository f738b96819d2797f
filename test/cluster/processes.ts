import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The ids of all processes of the cluster whose state is in `folder`, as the machine sees them. */
export async function processesOf(folder: string): Promise<string[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(all.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  const parents = new Map(stats.filter(Boolean).map((s) => [s.split(' ')[0] ?? '', /\) \S (\d+)/.exec(s)?.[1] ?? '']));
  const { init }: { init: number } = JSON.parse(await readFile(join(folder, 'owner.json'), 'utf8'));
  const isBelow = (pid: string | undefined): boolean =>
    pid === `${init}` || (pid !== undefined && isBelow(parents.get(pid)));
  return [...parents.keys()].filter(isBelow);
}

/** Whether there is a process with this id. */
export function isAlive(pid: string): boolean {
  return existsSync(`/proc/${pid}`);
}
