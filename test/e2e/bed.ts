import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { write } from '../../build.ts';
import type { AuditEntry } from '../cluster/audit.ts';
import { type ClusterOptions, startCluster, type TestCluster } from '../cluster/cluster.ts';
import { pushImage } from '../cluster/images.ts';
import type { KubeObject } from '../cluster/kube.ts';
import type { MirrorRequest } from '../cluster/registry.ts';
import { demoImage, pushNodeImage } from '../cluster/stock-images.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { type Product, startProduct } from './product.ts';

/** A pod as these tests read it. */
export interface TestPod extends KubeObject {
  spec: { nodeName?: string; containers: { name: string; image: string }[] };
  status: {
    phase: string;
    containerStatuses?: {
      name: string;
      containerID?: string;
      restartCount: number;
      image: string;
      imageID: string;
      state: { running?: { startedAt: string }; waiting?: { reason: string; message?: string } };
    }[];
  };
}

export interface TestEvent extends KubeObject {
  type: string;
  reason: string;
  message: string;
  count: number;
  involvedObject: { name: string; uid: string };
  source: { component: string };
}

/** A cluster with a mirror that has the Node image, and what the cases do with it. */
export interface Bed {
  readonly cluster: TestCluster;
  /** DOCKER_PROXY_URL and the paths of this cluster's containerd. */
  readonly env: Record<string, string>;
  /** Starts the product; it ends with the case, if not before. */
  start(env?: Record<string, string>): Product;
  /** Pushes an image of its own bytes under `<registry>/<name>:1` to the mirror. Returns reference and digest. */
  image(name: string, registry?: string): Promise<{ reference: string; digest: string }>;
  deployment(name: string, container: { image: string; imagePullPolicy?: string }, replicas?: number): Promise<void>;
  /** `deployments`, `statefulsets`, `daemonsets` or `jobs`. */
  workload(kind: string, name: string, container: object, spec?: object): Promise<void>;
  pod(
    name: string,
    spec: { image: string; imagePullPolicy?: string; [more: string]: unknown },
    pod?: { metadata?: object; spec?: object },
  ): Promise<TestPod>;
  /** The pods of a name that a deployment gave, or the one pod. */
  pods(name: string): Promise<TestPod[]>;
  /** Resolves with the pods of a name when there are this many and all are so. */
  all(name: string, count: number, what: string, so: (pod: TestPod) => boolean, timeoutMs?: number): Promise<TestPod[]>;
  /** Takes a manifest out of the mirror. */
  forget(repository: string, digest: string): Promise<void>;
  /** Kills the first container of a pod, with SIGKILL. */
  kill(pod: TestPod): Promise<void>;
  /** How many entries of ours a registry has in the host configuration folder. */
  routes(registry: string): Promise<number>;
  /** Deletes every workload and every pull, and waits until nothing of them is left. */
  clear(): Promise<void>;
  /** The Jobs in the pull namespace. */
  jobs(): Promise<KubeObject[]>;
  /** What the product asked of the API server since a moment (RFC 3339), watches not counted. */
  asked(since: string): Promise<AuditEntry[]>;
  /** The product's patches of pods since a moment (RFC 3339) that took effect: one that met a conflict touched nothing. */
  patched(since: string): Promise<AuditEntry[]>;
  /** How many Jobs the product made since a moment (RFC 3339). */
  jobsMade(since: string): Promise<number>;
  /** Requests at the mirror for one repository. */
  mirrored(repository: string): Promise<MirrorRequest[]>;
  /** The first Event of ours with this reason on the pod of a name; waits for it. */
  word(name: string, reason: string): Promise<string>;
  /** Events of ours on a pod. */
  told(pod: TestPod): Promise<TestEvent[]>;
  stop(): Promise<void>;
}

export const pullNamespace = 'image-rescue-pull';
/** Longer than anything here takes; it only ends a hang. */
export const patience = 240_000;

export const running = (pod: TestPod) =>
  pod.status.containerStatuses?.every(({ state }) => state.running !== undefined) ?? false;
export const stuck = (pod: TestPod) =>
  pod.status.containerStatuses?.some(({ state }) =>
    ['ErrImagePull', 'ImagePullBackOff'].includes(state.waiting?.reason ?? ''),
  ) ?? false;

export async function makeBed(options: ClusterOptions): Promise<Bed> {
  // As `npm start` does before it starts.
  write('pull.cjs');
  const cluster = await startCluster(options);
  await pushNodeImage(cluster.mirror.address);
  const { kube } = cluster;
  const env = {
    DOCKER_PROXY_URL: cluster.mirror.address,
    MIRROR_REGISTRIES: '*',
    RUNTIME_SOCKET: cluster.runtimeSocket,
    HOST_CONFIG_FOLDER: cluster.hostConfigFolder,
  };

  async function pods(name: string): Promise<TestPod[]> {
    const { items } = await kube.get<{ items: TestPod[] }>(
      `/api/v1/namespaces/default/pods?labelSelector=${encodeURIComponent(`app=${name}`)}`,
    );
    return items;
  }

  async function told({ metadata: { uid } }: TestPod): Promise<TestEvent[]> {
    const about = encodeURIComponent(`involvedObject.uid=${uid}`);
    const { items } = await kube.get<{ items: TestEvent[] }>(
      `/api/v1/namespaces/default/events?fieldSelector=${about}`,
    );
    return items.filter(({ source }) => source.component === 'image-rescue');
  }

  async function asked(since: string): Promise<AuditEntry[]> {
    const ours = (await cluster.audit()).filter(({ userAgent, time }) => userAgent === 'image-rescue' && time >= since);
    return ours.filter(({ verb }) => verb !== 'watch');
  }

  async function workload(kind: string, name: string, container: object, spec: object = {}): Promise<void> {
    const labels = { app: name };
    const pod = { terminationGracePeriodSeconds: 1, containers: [{ name: 'app', ...container }] };
    const group = kind === 'jobs' ? 'batch' : 'apps';
    await kube.post(`/apis/${group}/v1/namespaces/default/${kind}`, {
      metadata: { name, labels },
      spec:
        kind === 'jobs'
          ? { ...spec, template: { metadata: { labels }, spec: { ...pod, restartPolicy: 'Never' } } }
          : { ...spec, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    });
  }

  const everyJob = async () => (await kube.get<{ items: KubeObject[] }>('/apis/batch/v1/jobs')).items;

  return {
    cluster,
    env,
    pods,
    start: (more = {}) => startProduct(cluster.kubeconfig, { ...env, ...more }),
    image: async (name, registry = 'docker.io/library') => {
      const { digest } = await pushImage(
        cluster.mirror.address,
        `${registry}/${name}`,
        '1',
        await demoImage(`${name} ${randomBytes(8).toString('hex')}`),
      );
      return { reference: `${registry}/${name}:1`, digest };
    },
    deployment: (name, container, replicas = 1) => workload('deployments', name, container, { replicas }),
    workload,
    pod: (name, container, pod = {}) =>
      kube.post<TestPod>('/api/v1/namespaces/default/pods', {
        metadata: { name, labels: { app: name }, ...pod.metadata },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'app', ...container }], ...pod.spec },
      }),
    all: async (name, count, what, so, timeoutMs = patience) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const found = await pods(name);
        if (found.length === count && found.every(so)) return found;
        if (Date.now() > deadline) {
          const seen = found.map(
            ({ metadata, status }) =>
              `${metadata.name}: ${JSON.stringify(status.containerStatuses?.map(({ state }) => state))}`,
          );
          assert.fail(`${name}: not ${count} pods ${what} after ${timeoutMs / 1000} s\n${seen.join('\n')}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    told,
    word: async (name, reason) => {
      const [pod] = await pods(name);
      if (pod === undefined) assert.fail(`there is no pod ${name}`);
      const found = await waitFor(
        `${reason} on ${name}`,
        async () => (await told(pod)).find((event) => event.reason === reason),
        patience,
      );
      return found.message;
    },
    jobs: async () =>
      (await kube.get<{ items: KubeObject[] }>(`/apis/batch/v1/namespaces/${pullNamespace}/jobs`)).items,
    asked,
    patched: async (since) =>
      (await asked(since)).filter(
        (one) => one.verb === 'patch' && one.resource === 'pods' && one.namespace === 'default' && one.code === 200,
      ),
    jobsMade: async (since) =>
      (await asked(since)).filter((one) => one.verb === 'create' && one.resource === 'jobs' && one.code === 201).length,
    mirrored: async (repository) =>
      (await cluster.mirror.requests()).filter(
        ({ url }) => url.startsWith(`/v2/${repository}/`) && !url.includes('/uploads/'),
      ),
    forget: async (repository, digest) => {
      const url = `http://${cluster.mirror.address}/v2/${repository}/manifests/${digest}`;
      assert.equal((await fetch(url, { method: 'DELETE' })).status, 202);
    },
    kill: async ({ status }) => {
      const id = status.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
      await cluster.ctr('tasks', 'kill', '--signal', 'SIGKILL', id);
    },
    routes: async (registry) => {
      const file = path.join(cluster.hostConfigFolder, registry, 'hosts.toml');
      return (await readFile(file, 'utf8').catch(() => '')).match(/# >>> image-rescue/g)?.length ?? 0;
    },
    clear: async () => {
      const background = { propagationPolicy: 'Background' };
      for (const kind of ['deployments', 'statefulsets', 'daemonsets'])
        await kube.delete(`/apis/apps/v1/namespaces/default/${kind}`, background);
      for (const { metadata } of await everyJob())
        await kube.delete(`/apis/batch/v1/namespaces/${metadata.namespace}/jobs/${metadata.name}`, background);
      const { items } = await kube.get<{ items: KubeObject[] }>('/api/v1/pods');
      for (const namespace of new Set(items.map(({ metadata }) => metadata.namespace)))
        await kube.delete(`/api/v1/namespaces/${namespace}/pods`, { gracePeriodSeconds: 0 });
      await waitFor(
        'all pods to be gone',
        async () => {
          const { items } = await kube.get<{ items: KubeObject[] }>('/api/v1/pods');
          return items.length === 0;
        },
        patience,
      );
    },
    stop: () => cluster.stop(),
  };
}
