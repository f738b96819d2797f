import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { TestCluster } from '../cluster/cluster.ts';

export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** What one ServiceAccount may do, in the whole cluster and in the pull namespace. */
export interface Permissions {
  cluster?: Rule[];
  pulls?: Rule[];
}

export interface Account {
  /** As the audit log has it. */
  user: string;
  /** Writes a kubeconfig with a token of the account and returns its path; `server` replaces the API server's address. */
  kubeconfig(server?: string): Promise<string>;
}

const api = '/apis/rbac.authorization.k8s.io/v1';
const apiGroup = 'rbac.authorization.k8s.io';

/** Makes ServiceAccounts in a namespace and binds each to its permissions and to nothing else. */
export async function makeAccounts<Name extends string>(
  cluster: TestCluster,
  namespace: string,
  pullNamespace: string,
  permissions: Record<Name, Permissions>,
): Promise<(name: Name) => Account> {
  const { kube } = cluster;
  for (const [name, { cluster: everywhere, pulls }] of Object.entries<Permissions>(permissions)) {
    const metadata = { name };
    const subjects = [{ kind: 'ServiceAccount', name, namespace }];
    await kube.post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata });
    if (everywhere !== undefined) {
      await kube.post(`${api}/clusterroles`, { metadata, rules: everywhere });
      await kube.post(`${api}/clusterrolebindings`, {
        metadata,
        roleRef: { apiGroup, kind: 'ClusterRole', name },
        subjects,
      });
    }
    if (pulls !== undefined) {
      const here = `${api}/namespaces/${pullNamespace}`;
      await kube.post(`${here}/roles`, { metadata, rules: pulls });
      await kube.post(`${here}/rolebindings`, { metadata, roleRef: { apiGroup, kind: 'Role', name }, subjects });
    }
  }
  let written = 0;
  return (name) => ({
    user: `system:serviceaccount:${namespace}:${name}`,
    kubeconfig: async (server) => {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
      const { status } = await kube.post<{ status: { token: string } }>(path, { spec: {} });
      const config = parse(await readFile(cluster.kubeconfig, 'utf8'));
      config.users[0].user = { token: status.token };
      if (server !== undefined) config.clusters[0].cluster = { server };
      const file = join(cluster.folder, `${name}-${++written}.kubeconfig`);
      await writeFile(file, JSON.stringify(config), { mode: 0o600 });
      return file;
    },
  });
}
