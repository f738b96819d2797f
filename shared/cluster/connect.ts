import { KubeConfig } from '@kubernetes/client-node';
import { type Api, makeApi } from './api.ts';

/** The API server of the current kubeconfig, or of the cluster this process runs in. */
export function connectApi(): Api {
  const config = new KubeConfig();
  config.loadFromDefault();
  return makeApi(config);
}
