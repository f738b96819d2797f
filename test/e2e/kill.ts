import { readdir, readFile } from 'node:fs/promises';

/** Kills, with SIGKILL and by their ids, the processes of one part of the pull program on the test node. */
export async function killPullProgram(part: 'registry' | 'pull'): Promise<number> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words[1]?.endsWith('/pull.cjs') && words[2] === part) found.push(Number(name));
  }
  for (const pid of found) process.kill(pid, 'SIGKILL');
  if (found.length === 0) throw new Error(`no process of the pull program's ${part} runs here`);
  return found.length;
}
