import * as z from 'zod';
import type { PodIdentity } from '../events/types.ts';
import { type Pod, podSchema } from '../pods/pod.ts';
import { type Job, jobSchema } from '../pulls/job.ts';
import { marks } from '../pulls/name.ts';
import { clean } from '../words/clean.ts';
import { type Api, ApiError, TooLong } from './api.ts';
import type { Node } from './node.ts';

/** A Kubernetes Event to be written. */
export interface KubernetesEvent {
  /** Decides: what has the same name is said by one Event. */
  readonly name: string;
  /** The same occasion is told once; another one counts the Event up. */
  readonly occasion: string;
  readonly about: PodIdentity;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** Is cleaned, and cut at 1,024 bytes, when it is written. */
  readonly message: string;
}

/** A Kubernetes Event as read. */
export interface ToldEvent {
  readonly reason: string;
  readonly message: string;
  /** Who says so: `kubelet`. Anybody who may create Events may say so too. */
  readonly from: string;
  /** When it was last seen, in milliseconds since 1970; 0 where it does not say. */
  readonly at: number;
}

/** What image-rescue does with a cluster; each function takes the part that it needs. Throws PermissionError, RetryableError. */
export interface Cluster {
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
  /** 'told': this occasion is new. 'known': it was told before. */
  writeEvent(event: KubernetesEvent): Promise<'told' | 'known'>;
  /** The oldest first. */
  eventsAbout(namespace: string, uid: string): Promise<ToldEvent[]>;
  createJob(job: unknown, namespace: string): Promise<'created' | 'exists'>;
  readJob(namespace: string, name: string): Promise<Job | undefined>;
  /** With its pods; only the one with this uid. */
  deleteJob(job: Job): Promise<void>;
  createConfigMap(configMap: unknown, namespace: string): Promise<'created' | 'exists'>;
  createNamespace(namespace: unknown): Promise<'created' | 'exists'>;
}

/** What Kubernetes takes for an Event's message, in bytes. */
const longestEvent = 1024;
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
const oldEventsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        resourceVersion: z.string(),
        annotations: z.record(z.string(), z.string()).exactOptional(),
      }),
      count: z.number().nullish(),
    }),
  ),
});
const eventListSchema = z.object({
  items: z.array(
    z.object({
      reason: z.string().nullish(),
      message: z.string().nullish(),
      source: z.object({ component: z.string().nullish() }).nullish(),
      lastTimestamp: z.string().nullish(),
      eventTime: z.string().nullish(),
      series: z.object({ lastObservedTime: z.string().nullish() }).nullish(),
    }),
  ),
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

  async function create(path: string, body: unknown): Promise<'created' | 'exists'> {
    const created = await unless(409, () => api.json({ method: 'POST', path, body }));
    return created === undefined ? 'exists' : 'created';
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
    writeEvent: async ({ name, occasion, about, type, reason, message }) => {
      const { namespace, uid } = about;
      const now = new Date().toISOString();
      const path = `/api/v1/namespaces/${segment(namespace)}/events`;
      const said = { message: clean(message, longestEvent), lastTimestamp: now };
      const annotations = { [marks.occasion]: occasion };
      const made = await create(path, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace, annotations },
        involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name: about.name, uid },
        type,
        reason,
        source: { component: 'image-rescue' },
        firstTimestamp: now,
        count: 1,
        ...said,
      });
      if (made === 'created') return 'told';
      const query = new URLSearchParams({ fieldSelector: `metadata.name=${name}` });
      const { items } = oldEventsSchema.parse(await api.json({ method: 'GET', path: `${path}?${query}` }));
      const [old] = items;
      if (old === undefined || old.metadata.annotations?.[marks.occasion] === occasion) return 'known';
      const { resourceVersion } = old.metadata;
      const body = { metadata: { resourceVersion, annotations }, count: (old.count ?? 1) + 1, ...said };
      const contentType = 'application/merge-patch+json';
      const patch = () => api.json({ method: 'PATCH', path: `${path}/${segment(name)}`, contentType, body });
      // Who was quicker told it, or it has expired meanwhile and the next time makes it anew.
      return (await unless(409, () => unless(404, patch))) === undefined ? 'known' : 'told';
    },
    eventsAbout: async (namespace, uid) => {
      const query = new URLSearchParams({ fieldSelector: `involvedObject.uid=${uid}`, limit: '50' });
      const found = eventListSchema.parse(
        await api.json({ method: 'GET', path: `/api/v1/namespaces/${segment(namespace)}/events?${query}` }),
      );
      return found.items
        .map(({ reason, message, source, lastTimestamp, eventTime, series }) => ({
          reason: reason ?? '',
          message: message ?? '',
          from: source?.component ?? '',
          at: Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? '') || 0,
        }))
        .sort((a, b) => a.at - b.at);
    },
    createJob: (body, namespace) => create(job(namespace), body),
    readJob: (namespace, name) => read(() => job(namespace, name), jobSchema),
    deleteJob: async ({ metadata: { namespace, name, uid } }) => {
      // Without propagationPolicy a raw delete orphans the Job's pod.
      const body = { propagationPolicy: 'Background', preconditions: { uid } };
      await unless(404, () => unless(409, () => api.json({ method: 'DELETE', path: job(namespace, name), body })));
    },
    createConfigMap: (body, namespace) => create(`/api/v1/namespaces/${segment(namespace)}/configmaps`, body),
    createNamespace: (body) => create('/api/v1/namespaces', body),
  };
}

/** Undefined where the API server answers with this status. */
export async function unless<T>(status: number, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError && error.status === status) return undefined;
    throw error;
  }
}

/** Names come from events, which anybody may forge: what cannot be an object's name (RFC 1123) is no object's. */
export function segment(name: string): string {
  if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) return name;
  throw new ApiError(404, 'NotFound', `${JSON.stringify(name.slice(0, 80))} is no name of an object`);
}
