import { setTimeout as sleep } from 'node:timers/promises';
import { type Kube, KubeError, type KubeObject } from '../cluster/kube.ts';
import type { TestPod } from './bed.ts';
import { type FledgedCache, type FledgedStatus, fledgedJob, fledgedNamespace } from './fledged-objects.ts';

/** Plays kube-fledged's controller, whose program the tests have not: with real Jobs, its shortcomings included. */
export interface FledgedController {
  /** Images for which it made a Job, with the time of each (milliseconds). */
  readonly pulls: readonly { image: string; at: number }[];
  /** Ends at once. What it was about stays Processing. */
  end(): Promise<void>;
  output(): string;
}

export interface FledgedOptions {
  readonly kube: Kube;
  /** An image with `cp` and `echo`. */
  readonly helper: string;
  /** Milliseconds; the real one's default is 5 minutes. */
  readonly pullDeadline?: number;
  /** What it makes of a Job that the API server does not take: either is seen. */
  readonly refusedJobIs?: 'Succeeded' | 'NoImagesPulledOrDeleted';
  /** It takes a cache and gets no further. */
  readonly hangs?: boolean;
}

const all = '/apis/kubefledged.io/v1alpha2/imagecaches';
const pathOf = ({ metadata: { namespace, name } }: FledgedCache) =>
  `/apis/kubefledged.io/v1alpha2/namespaces/${namespace}/imagecaches/${name}`;
/** client-go's usual limits. */
const requestsPerSecond = 5;
const burst = 10;
const lookEvery = 100;

type Failure = { node: string; reason: string; message: string };
type Outcome = 'pulled' | 'refused' | Failure;

export function startFledged(options: FledgedOptions): FledgedController {
  const { kube, helper, pullDeadline = 300_000, refusedJobIs = 'Succeeded' } = options;
  const stop = new AbortController();
  const lines: string[] = [];
  const pulls: { image: string; at: number }[] = [];
  const taken = new Set<string>();
  const limited = makeLimiter(stop.signal);

  async function run(): Promise<void> {
    // What an earlier life was about is given up.
    for (const cache of (await kube.get<{ items: FledgedCache[] }>(all)).items)
      if (cache.status?.status === 'Processing')
        await setStatus(cache, status('Aborted', 'Image pull on some nodes was aborted'));
    const working: Promise<void>[] = [];
    while (!stop.signal.aborted) {
      for (const cache of (await kube.get<{ items: FledgedCache[] }>(all)).items) {
        // Whatever has a status already is taken for its own doing.
        if (cache.status !== undefined || taken.has(cache.metadata.uid)) continue;
        taken.add(cache.metadata.uid);
        working.push(work(cache).catch(said));
      }
      await sleep(lookEvery);
    }
    await Promise.all(working);
  }

  async function work(cache: FledgedCache): Promise<void> {
    const startTime = new Date().toISOString();
    await setStatus(cache, { ...status('Processing', 'Images are being pulled on to the nodes.'), startTime });
    if (options.hangs) return;
    const [{ images, nodeSelector } = { images: [], nodeSelector: {} }] = cache.spec.cacheSpec;
    const outcomes = await Promise.all(
      images.map(async (image) => [image, await bring(cache, image, nodeSelector)] as const),
    );
    const failures: Record<string, Failure[]> = {};
    for (const [image, outcome] of outcomes) if (typeof outcome === 'object') failures[image] = [outcome];
    const failed = Object.keys(failures).length > 0;
    const refused = outcomes.some(([, outcome]) => outcome === 'refused');
    const word = failed ? 'Failed' : refused ? refusedJobIs : 'Succeeded';
    const message = {
      Failed: 'Image pull failed for some images. Please see "failures" section',
      Succeeded: 'All requested images pulled succesfully to respective nodes',
      NoImagesPulledOrDeleted: 'No image pulled or deleted',
    }[word];
    await setStatus(cache, {
      ...status(word, message),
      startTime,
      completionTime: new Date().toISOString(),
      ...(failed && { failures }),
    });
  }

  async function bring(cache: FledgedCache, image: string, selector: Record<string, string>): Promise<Outcome> {
    const nodes = await kube.get<{ items: (KubeObject & { status: { images?: object[] } })[] }>('/api/v1/nodes');
    const [node] = nodes.items.filter(({ metadata: { labels = {} } }) =>
      Object.entries(selector).every(([name, value]) => labels[name] === value),
    );
    if (node === undefined) return 'refused';
    // By substring: nginx:1.2 counts as present where nginx:1.23 is.
    if (JSON.stringify(node.status.images ?? []).includes(image)) return 'pulled';
    const jobs = `/apis/batch/v1/namespaces/${cache.metadata.namespace}/jobs`;
    let job: KubeObject;
    try {
      job = await limited(() => kube.post(jobs, fledgedJob(cache, image, selector, helper)));
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      said(error);
      return 'refused';
    }
    pulls.push({ image, at: Date.now() });
    const failure = await pulled(job.metadata.name, node.metadata.name);
    await limited(() => kube.delete(`${jobs}/${job.metadata.name}`, { propagationPolicy: 'Background' })).catch(said);
    return failure ?? 'pulled';
  }

  /** A pull that fails is not looked at before the deadline. */
  async function pulled(job: string, node: string): Promise<Failure | undefined> {
    const path = `/api/v1/namespaces/${fledgedNamespace}/pods?labelSelector=job-name%3D${job}`;
    const latest = Date.now() + pullDeadline;
    for (;;) {
      const [pod] = (await kube.get<{ items: TestPod[] }>(path)).items;
      if (pod?.status.phase === 'Succeeded') return undefined;
      if (stop.signal.aborted) throw new Error('it is told to end');
      if (Date.now() > latest) {
        const waiting = pod?.status.containerStatuses?.[0]?.state.waiting;
        // Between two tries the kubelet shows this for a moment; the recorded failures tell the pull's.
        if (waiting?.reason === 'PodInitializing' && Date.now() < latest + 30_000) {
          await sleep(lookEvery);
          continue;
        }
        return { node, reason: waiting?.reason ?? 'Pending', message: waiting?.message ?? '' };
      }
      await sleep(lookEvery);
    }
  }

  /** The whole object is written, the status with it. */
  async function setStatus(cache: FledgedCache, next: FledgedStatus): Promise<void> {
    await limited(async () => {
      const now = await kube.get<FledgedCache>(pathOf(cache));
      if (now.metadata.uid === cache.metadata.uid) await kube.put(pathOf(cache), { ...now, status: next });
    }).catch(said);
  }

  function said(error: unknown): void {
    lines.push(`kube-fledged: ${error instanceof Error ? error.message : String(error)}\n`);
  }

  const ended = run().catch(said);
  return {
    pulls,
    output: () => lines.join(''),
    end: async () => {
      stop.abort();
      await ended;
    },
  };
}

function status(word: string, message: string): FledgedStatus {
  return { status: word, reason: word === 'Aborted' ? 'ImageCacheAborted' : 'ImageCacheCreate', message };
}

/** Five requests a second, ten at once; none after the end. */
function makeLimiter(stop: AbortSignal): <T>(request: () => Promise<T>) => Promise<T> {
  let next = Number.NEGATIVE_INFINITY;
  const interval = 1000 / requestsPerSecond;
  return async (request) => {
    const now = Date.now();
    next = Math.max(next, now - burst * interval) + interval;
    if (next > now) await sleep(next - now);
    if (stop.aborted) throw new Error('it is told to end');
    return request();
  };
}
