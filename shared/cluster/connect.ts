import { KubeConfig } from '@kubernetes/client-node';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config.ts';
import { type Api, makeApi } from './api.ts';
import { type Cluster, makeCluster } from './cluster.ts';
import { type ImageCaches, makeImageCaches } from './image-caches.ts';

/** What client-node falls back to where it finds nothing. */
const fallback = 'http://localhost:8080';

/** Which cluster, in place of the current context of the usual kubeconfig. */
export interface ClusterChoice {
  /** Path of a kubeconfig. */
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** An API server, and the namespace that commands are about unless told otherwise. */
export interface Connection {
  readonly api: Api;
  readonly namespace: string;
}

/**
 * The API server of the current kubeconfig, or of the cluster this process runs in. Throws ConfigError where there is
 * neither.
 */
export function connectApi(): Api {
  return connect().api;
}

/** Throws ConfigError where there is no such cluster. */
export function connect({ kubeconfig, context }: ClusterChoice = {}): Connection {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    const which = kubeconfig ?? 'KUBECONFIG';
    throw new ConfigError([
      `${which} cannot be read: ${(error as Error).message}. Example: KUBECONFIG=$HOME/.kube/config`,
    ]);
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const known = config.getContexts().map(({ name }) => name);
      throw new ConfigError([
        `there is no context ${JSON.stringify(context)}; known are: ${known.join(', ') || 'none'}`,
      ]);
    }
    config.setCurrentContext(context);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || server === fallback) {
    const looked = kubeconfig ?? process.env['KUBECONFIG'] ?? '~/.kube/config';
    throw new ConfigError([
      `no cluster: ${looked} names no current one (kubectl config current-context), and this is no pod of one. Example: KUBECONFIG=$HOME/.kube/config`,
    ]);
  }
  return { api: makeApi(config), namespace: config.getContextObject(config.currentContext)?.namespace ?? 'default' };
}

/** The cluster behind it. */
export function connectCluster(): Cluster {
  return makeCluster(connectApi());
}

/** kube-fledged's ImageCaches behind it, with PULLER=kube-fledged. */
export function connectFledged(config: Pick<Config, 'puller' | 'kubeFledgedNamespace'>): { caches?: ImageCaches } {
  return config.puller === 'kube-fledged' ? { caches: makeImageCaches(connectApi(), config.kubeFledgedNamespace) } : {};
}
