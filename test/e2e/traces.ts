import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { KubeObject } from '../cluster/kube.ts';
import { processesOf } from '../cluster/processes.ts';
import { run } from '../cluster/run.ts';
import { type Bed, pullNamespace } from './bed.ts';

/** The spellings in which a secret may stand somewhere: as it is, and in base64 wherever it begins there. */
function spellings(secret: string): string[] {
  const shifted = [0, 1, 2].map((offset) => {
    const text = Buffer.from(`${'x'.repeat(offset)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '');
    // The first and last characters depend on what stands before and after.
    return text.slice(offset === 0 ? 0 : 4, -2);
  });
  return [secret, ...shifted];
}

/**
 * Where a secret stands: in objects of the API server (Secrets apart), in logs of pull pods, in command lines and
 * environments of the cluster's processes, in files of its folder. Not in the node's memory, which tmpfs is a part of: its
 * mounts do not reach this process. Nor in etcd, where it has to be.
 */
export async function tracesOf(bed: Bed, secret: string): Promise<{ elsewhere: string[]; inEtcd: number }> {
  const wanted = spellings(secret);
  const has = (text: string) => wanted.some((one) => text.includes(one));
  const { kube, folder } = bed.cluster;
  const found: string[] = [];

  for (const kind of ['/apis/batch/v1/jobs', '/api/v1/pods', '/api/v1/events', '/api/v1/configmaps'])
    if (has(await kube.text(kind))) found.push(kind);
  const { items } = await kube.get<{ items: KubeObject[] }>(`/api/v1/namespaces/${pullNamespace}/pods`);
  for (const { metadata } of items)
    for (const container of ['registry', 'pull']) {
      const log = `/api/v1/namespaces/${pullNamespace}/pods/${metadata.name}/log?container=${container}`;
      if (has(await kube.text(log).catch(() => ''))) found.push(log);
    }
  for (const pid of await processesOf(folder))
    for (const file of [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])
      if (has(await readFile(file, 'latin1').catch(() => ''))) found.push(file);

  // grep ends with 1 where it finds nothing.
  const patterns = wanted.flatMap((one) => ['-e', one]);
  const list = await run('sh', ['-c', 'grep -rlaF "$@" || [ $? -le 2 ]', 'grep', ...patterns, folder]);
  const files = list.split('\n').filter(Boolean);
  const etcd = files.filter((file) => path.relative(folder, file).startsWith('etcd'));
  return { elsewhere: [...found, ...files.filter((file) => !etcd.includes(file))], inEtcd: etcd.length };
}
