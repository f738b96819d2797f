import { KubeConfig } from '@kubernetes/client-node';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config.ts';
import { type Api, makeApi } from './api.ts';
import { type Cluster, makeCluster } from './cluster.ts';
import { type ImageCaches, makeImageCaches } from './image-caches.ts';

/** What client-node falls back to where it finds nothing. */
const fallback = 'http://localhost:8080';

/**
 * The API server of the current kubeconfig, or of the cluster this process runs in. Throws ConfigError where there is
 * neither.
 */
export function connectApi(): Api {
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (error) {
    throw new ConfigError([
      `KUBECONFIG cannot be read: ${(error as Error).message}. Example: KUBECONFIG=$HOME/.kube/config`,
    ]);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || server === fallback) {
    const looked = process.env['KUBECONFIG'] ?? '~/.kube/config';
    throw new ConfigError([
      `no cluster: ${looked} names no current one (kubectl config current-context), and this is no pod of one. Example: KUBECONFIG=$HOME/.kube/config`,
    ]);
  }
  return makeApi(config);
}

/** The cluster behind it. */
export function connectCluster(): Cluster {
  return makeCluster(connectApi());
}

/** kube-fledged's ImageCaches behind it, with PULLER=kube-fledged. */
export function connectFledged(config: Pick<Config, 'puller' | 'kubeFledgedNamespace'>): { caches?: ImageCaches } {
  return config.puller === 'kube-fledged' ? { caches: makeImageCaches(connectApi(), config.kubeFledgedNamespace) } : {};
}
