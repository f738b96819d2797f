import { ApiError, PermissionError } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Log } from '../log/log.ts';
import { hash } from './name.ts';

/** The ConfigMap that brings the pull program to the nodes; its name is a hash of its content, so it never changes. */
export function programConfigMap(program: string) {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `image-rescue-pull-${hash(program)}`,
      labels: { 'app.kubernetes.io/managed-by': 'image-rescue' },
    },
    immutable: true,
    data: { 'pull.cjs': program },
  };
}

/** Pull pods need hostPath and the host's network, which Pod Security allows in privileged namespaces only. */
export function pullNamespaceObject(name: string) {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: { 'app.kubernetes.io/managed-by': 'image-rescue', 'pod-security.kubernetes.io/enforce': 'privileged' },
    },
  };
}

/** How long what was found in place is taken to be there still, in milliseconds. */
const believeFor = 60_000;

/**
 * Makes sure, at most once a minute, that the pull namespace and the program are there.
 * Throws PermissionError when the namespace is missing and may not be created; the message names the command that creates it.
 */
export function preparation(
  cluster: Pick<Cluster, 'createConfigMap' | 'createNamespace'>,
  namespace: string,
  program: string,
  now: () => number,
  log: Log,
): () => Promise<void> {
  const configMap = programConfigMap(program);
  let found = Number.NEGATIVE_INFINITY;
  return async () => {
    if (now() - found < believeFor) return;
    try {
      await cluster.createConfigMap(configMap, namespace);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      await createNamespace(cluster, namespace);
      log.info({ namespace }, 'namespace for pulls created');
      await cluster.createConfigMap(configMap, namespace);
    }
    found = now();
  };
}

async function createNamespace(cluster: Pick<Cluster, 'createNamespace'>, name: string): Promise<void> {
  try {
    await cluster.createNamespace(pullNamespaceObject(name));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const command = `kubectl create namespace ${name} && kubectl label namespace ${name} pod-security.kubernetes.io/enforce=privileged`;
    throw new PermissionError(
      error.status,
      error.reason,
      `${error.message}; the namespace is missing, create it with: ${command}`,
    );
  }
}
