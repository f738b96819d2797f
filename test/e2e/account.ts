import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { TestCluster } from '../cluster/cluster.ts';

/** The user name of a ServiceAccount, as the audit log has it. */
export const userOf = (name: string, namespace: string) => `system:serviceaccount:${namespace}:${name}`;

/**
 * Writes a kubeconfig with a new token of a ServiceAccount and returns its path. `server` takes the place of the API
 * server's address.
 */
export async function kubeconfigOf(
  { kube, kubeconfig, folder }: TestCluster,
  name: string,
  namespace: string,
  server?: string,
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const { status } = await kube.post<{ status: { token: string } }>(path, { spec: {} });
  const config = parse(await readFile(kubeconfig, 'utf8'));
  config.users[0].user = { token: status.token };
  // client-node takes plain http only from whoever says that he means it.
  if (server !== undefined) config.clusters[0].cluster = { server, 'insecure-skip-tls-verify': true };
  const file = join(folder, `${name}${server === undefined ? '' : '-by-gate'}.kubeconfig`);
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
