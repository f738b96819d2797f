import { spawn } from 'node:child_process';
import { KubeConfig } from '@kubernetes/client-node';
import { type Api, ApiError, makeApi } from '../../shared/cluster/api.ts';
import { marks } from '../../shared/pulls/name.ts';
import { observe } from './observe.ts';
import type { Scene } from './scene.ts';
import { Timeline } from './timeline.ts';

export const demoNamespace = 'image-rescue-demo';
const pullNamespace = 'image-rescue-pull';

export interface Played {
  readonly running: boolean;
  readonly timeline: Timeline;
  /** What `kubectl describe pod` shows of ours. */
  readonly told: readonly string[];
  /** By route or by name. */
  readonly way: string | undefined;
}

/** Gets a pod stuck and lets the product rescue it; the times come from watches of its own. Cleans up whatever happens. */
export async function play(
  scene: Scene,
  patience: number,
  stop: AbortSignal,
  productSays: (line: string) => void,
): Promise<Played> {
  const config = new KubeConfig();
  if (scene.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(scene.kubeconfig);
  const api = makeApi(config);
  const over = new AbortController();
  const stopped = AbortSignal.any([stop, over.signal]);
  const timeline = new Timeline(() => performance.now());
  const ran = Promise.withResolvers<boolean>();
  await absent(api, demoNamespace);
  const product = startProduct(scene, productSays);
  try {
    await api.json({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: demoNamespace } } });
    const pod = { namespace: demoNamespace, name: 'demo' };
    const watching = observe(api, pod, pullNamespace, timeline, stopped).then(() => ran.resolve(true));
    await createPod(api, scene);
    stop.addEventListener('abort', () => ran.resolve(false), { once: true });
    const timer = setTimeout(() => ran.resolve(false), patience);
    product.ended.then(() => ran.resolve(false));
    const running = await ran.promise;
    clearTimeout(timer);
    const { told, way } = await said(api);
    over.abort();
    await watching;
    return { running, timeline, told, way };
  } finally {
    over.abort();
    await product.end();
    await api.json({ method: 'DELETE', path: `/api/v1/namespaces/${demoNamespace}` }).catch(() => undefined);
    await deletePulls(api);
  }
}

function startProduct({ kubeconfig, env }: Scene, says: (line: string) => void) {
  const main = new URL('../main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }),
      INCLUDE_NAMESPACES: demoNamespace,
      PULL_NAMESPACE: pullNamespace,
      ...env,
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => text.trimEnd().split('\n').forEach(says));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    ended,
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** The service account appears a moment after its namespace, and pods are refused until then. */
async function createPod(api: Api, { image, command }: Scene): Promise<void> {
  const container = { name: 'app', image, imagePullPolicy: 'IfNotPresent', ...(command && { command }) };
  const body = { metadata: { name: 'demo' }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } };
  for (let tries = 0; ; tries += 1) {
    try {
      await api.json({ method: 'POST', path: `/api/v1/namespaces/${demoNamespace}/pods`, body });
      return;
    } catch (error) {
      if (tries > 100 || !(error instanceof ApiError) || !/service ?account/i.test(error.message)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function said(api: Api): Promise<{ told: string[]; way: string | undefined }> {
  const list = (await api.json({ method: 'GET', path: `/api/v1/namespaces/${demoNamespace}/events` })) as {
    items: { reason: string; message: string; source?: { component?: string } }[];
  };
  const ours = list.items.filter(({ source }) => source?.component === 'image-rescue');
  const told = ours.map(({ reason, message }) => `${reason}: ${message}`);
  return { told, way: /, by (route|name)\./.exec(told.join('\n'))?.[1] };
}

async function deletePulls(api: Api): Promise<void> {
  const path = `/apis/batch/v1/namespaces/${pullNamespace}/jobs`;
  const list = (await api.json({ method: 'GET', path }).catch(() => ({ items: [] }))) as {
    items: { metadata: { name: string; annotations?: Record<string, string> } }[];
  };
  for (const { metadata } of list.items) {
    if (!metadata.annotations?.[marks.askedBy]?.startsWith(`${demoNamespace}/`)) continue;
    await api
      .json({ method: 'DELETE', path: `${path}/${metadata.name}`, body: { propagationPolicy: 'Background' } })
      .catch(() => undefined);
  }
}

/** A namespace of an earlier demo may still be going. */
async function absent(api: Api, namespace: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = await api.json({ method: 'GET', path: `/api/v1/namespaces/${namespace}` }).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    });
    if (found === undefined) return;
    const { metadata } = found as { metadata: { deletionTimestamp?: string } };
    if (metadata.deletionTimestamp === undefined)
      throw new Error(`namespace ${namespace} exists; delete it first: kubectl delete namespace ${namespace}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`namespace ${namespace} does not go away`);
}
