import { readFile } from 'node:fs/promises';
import { processesOf } from '../cluster/processes.ts';
import type { TestCluster } from '../cluster/test-cluster.ts';

/** Kills, with SIGKILL and by their ids, the processes of one part of the pull program on a cluster's node. */
export async function killPullProgram(
  { folder }: Pick<TestCluster, 'folder'>,
  part: 'registry' | 'pull',
): Promise<number> {
  const found: number[] = [];
  for (const name of await processesOf(folder)) {
    const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words[1]?.endsWith('/pull.cjs') && words[2] === part) found.push(Number(name));
  }
  for (const pid of found) process.kill(pid, 'SIGKILL');
  if (found.length === 0) throw new Error(`no process of the pull program's ${part} runs here`);
  return found.length;
}
