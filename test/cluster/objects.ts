import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestCluster } from './test-cluster.ts';

/** Runs `kubectl VERB … -f` on objects, in their order. Throws with kubectl's words. */
export async function kubectlOn(
  { folder, kubectl }: Pick<TestCluster, 'folder' | 'kubectl'>,
  verb: 'apply' | 'create',
  objects: readonly object[],
  ...options: string[]
): Promise<string> {
  const file = join(folder, 'objects.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  return kubectl(verb, ...options, '--filename', file);
}
