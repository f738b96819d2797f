import * as z from 'zod';
import { type Pod, podSchema } from '../pods/pod.ts';
import { type Job, jobSchema } from '../pulls/job.ts';
import { type Api, ApiError, create, segment, TooLong, unless } from './api.ts';
import { type KubernetesEvents, kubernetesEvents } from './kubernetes-events.ts';
import type { Node } from './node.ts';

/** What image-rescue does with a cluster; each function takes the part that it needs. Throws PermissionError, RetryableError. */
export interface Cluster extends KubernetesEvents {
  readPod(namespace: string, name: string): Promise<Pod | undefined>;
  /** Pods of all namespaces page by page, few of them in memory at once. */
  listPods(selector: { fields?: string; labels?: string; namespace?: string }): AsyncIterable<Pod>;
  /**
   * Adds annotations, if the pod is still the one that was read: same uid, same resourceVersion.
   * 'conflict': read it again and decide again. 'gone': there is no such pod any more.
   */
  annotatePod(pod: Pod, annotations: Record<string, string>): Promise<'done' | 'conflict' | 'gone'>;
  /** Changes the image of containers by their names, and annotations with it, under the same condition. */
  changeImages(
    pod: Pod,
    images: Record<string, string>,
    annotations?: Record<string, string>,
  ): Promise<'done' | 'conflict' | 'gone'>;
  /** Labels of a namespace; undefined where there is none of that name. */
  readNamespace(name: string): Promise<Record<string, string> | undefined>;
  readNode(name: string): Promise<Node | undefined>;
  createJob(job: unknown, namespace: string): Promise<'created' | 'exists'>;
  readJob(namespace: string, name: string): Promise<Job | undefined>;
  /** With its pods; only the one with this uid. */
  deleteJob(job: Job): Promise<void>;
  createConfigMap(configMap: unknown, namespace: string): Promise<'created' | 'exists'>;
  createNamespace(namespace: unknown): Promise<'created' | 'exists'>;
}

/** Pods a page: a page is in memory whole. */
const mostOnPage = 100;

const nodeSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).exactOptional(),
  }),
  status: z.object({
    nodeInfo: z.object({
      containerRuntimeVersion: z.string(),
      kubeletVersion: z.string(),
      operatingSystem: z.string(),
    }),
  }),
});
const namespaceSchema = z.object({
  metadata: z.object({
    labels: z
      .record(z.string(), z.string())
      .optional()
      .transform((labels) => labels ?? {}),
  }),
});
const pageSchema = z.object({
  metadata: z.object({ continue: z.string().exactOptional() }),
  items: z.array(podSchema),
});

/** The real thing. */
export function makeCluster(api: Api): Cluster {
  const pod = (namespace: string, name: string) => `/api/v1/namespaces/${segment(namespace)}/pods/${segment(name)}`;
  const job = (namespace: string, name = '') =>
    `/apis/batch/v1/namespaces/${segment(namespace)}/jobs${name && `/${segment(name)}`}`;

  async function read<T>(path: () => string, schema: z.ZodType<T>): Promise<T | undefined> {
    const found = await unless(404, async () => api.json({ method: 'GET', path: path() }));
    return found === undefined ? undefined : schema.parse(found);
  }

  async function patchPod(
    was: Pod,
    change: Record<string, unknown>,
    contentType: string,
  ): Promise<'done' | 'conflict' | 'gone'> {
    const { namespace, name, uid, resourceVersion } = was.metadata;
    const metadata = { ...(change['metadata'] as object | undefined), uid, resourceVersion };
    try {
      await api.json({ method: 'PATCH', path: pod(namespace, name), contentType, body: { ...change, metadata } });
      return 'done';
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return 'conflict';
      if (error instanceof ApiError && error.status === 404) return 'gone';
      throw error;
    }
  }

  return {
    readPod: (namespace, name) => read(() => pod(namespace, name), podSchema),
    async *listPods({ fields, labels, namespace }) {
      const base = namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${segment(namespace)}/pods`;
      let next: string | undefined;
      let most = mostOnPage;
      for (;;) {
        const query = new URLSearchParams({
          limit: String(most),
          ...(fields !== undefined && { fieldSelector: fields }),
          ...(labels !== undefined && { labelSelector: labels }),
          ...(next !== undefined && { continue: next }),
        });
        const answer = await api.json({ method: 'GET', path: `${base}?${query}` }).catch((error: unknown) => {
          // A pod can be more than a MiB: smaller pages then.
          if (!(error instanceof TooLong) || most === 1) throw error;
          most = Math.ceil(most / 4);
        });
        if (answer === undefined) continue;
        const page = pageSchema.parse(answer);
        yield* page.items;
        next = page.metadata.continue || undefined;
        if (next === undefined) return;
      }
    },
    annotatePod: (was, annotations) => patchPod(was, { metadata: { annotations } }, 'application/merge-patch+json'),
    readNamespace: async (name) =>
      (await read(() => `/api/v1/namespaces/${segment(name)}`, namespaceSchema))?.metadata.labels,
    changeImages: (was, images, annotations) => {
      const changed = (list: Pod['spec']['containers'] = []) =>
        list.flatMap(({ name }) => (images[name] === undefined ? [] : [{ name, image: images[name] }]));
      const containers = changed(was.spec.containers);
      const initContainers = changed(was.spec.initContainers);
      const spec = {
        ...(containers.length > 0 && { containers }),
        ...(initContainers.length > 0 && { initContainers }),
      };
      const change = { spec, ...(annotations && { metadata: { annotations } }) };
      return patchPod(was, change, 'application/strategic-merge-patch+json');
    },
    readNode: async (name) => {
      const node = await read(() => `/api/v1/nodes/${segment(name)}`, nodeSchema);
      if (node === undefined) return undefined;
      const {
        containerRuntimeVersion: runtime,
        kubeletVersion: kubelet,
        operatingSystem: system,
      } = node.status.nodeInfo;
      const { name: nodeName, uid, labels = {} } = node.metadata;
      return { name: nodeName, uid, runtime, kubelet, system, labels };
    },
    ...kubernetesEvents(api),
    createJob: (body, namespace) => create(api, job(namespace), body),
    readJob: (namespace, name) => read(() => job(namespace, name), jobSchema),
    deleteJob: async ({ metadata: { namespace, name, uid } }) => {
      // Without propagationPolicy a raw delete orphans the Job's pod.
      const body = { propagationPolicy: 'Background', preconditions: { uid } };
      await unless(404, () => unless(409, () => api.json({ method: 'DELETE', path: job(namespace, name), body })));
    },
    createConfigMap: (body, namespace) => create(api, `/api/v1/namespaces/${segment(namespace)}/configmaps`, body),
    createNamespace: (body) => create(api, '/api/v1/namespaces', body),
  };
}
