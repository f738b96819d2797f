import * as z from 'zod';
import type { Api } from '../../shared/cluster/api.ts';
import { type Cluster, makeCluster } from '../../shared/cluster/cluster.ts';
import { type Job, jobSchema } from '../../shared/pulls/job.ts';
import { marks } from '../../shared/pulls/name.ts';

/** An Event of image-rescue's own, as read. */
export interface OwnEvent {
  /** UID of the pod that it is about. */
  readonly podUid: string;
  readonly reason: string;
  readonly type: string;
  readonly message: string;
  readonly count: number;
  /** When it was last seen, in milliseconds since 1970. */
  readonly at: number;
}

/** What is read of a cluster; nothing is ever written. */
export interface Reader extends Pick<Cluster, 'readPod' | 'listPods' | 'eventsAbout' | 'readNamespace'> {
  /** The pull Jobs of a namespace. */
  pullJobs(namespace: string): Promise<Job[]>;
  /** Events of image-rescue's own on all pods, of one namespace, or of one pod; the oldest first. */
  ownEvents(where: { namespace?: string; podUid?: string }): Promise<OwnEvent[]>;
  /** The last lines of a container's log. */
  lastLines(namespace: string, pod: string, container: string): Promise<string>;
}

const mostOnPage = 500;
/** The last words of a log stand in this. */
const logTail = { tailLines: '20', limitBytes: '65536' };

const pageOf = <T>(item: z.ZodType<T>) =>
  z.object({ metadata: z.object({ continue: z.string().nullish() }), items: z.array(item) });

const eventSchema = z.object({
  involvedObject: z.object({ kind: z.string().nullish(), uid: z.string().nullish() }),
  reason: z.string().nullish(),
  type: z.string().nullish(),
  message: z.string().nullish(),
  count: z.number().nullish(),
  lastTimestamp: z.string().nullish(),
});

export function makeReader(api: Api): Reader {
  const { readPod, listPods, eventsAbout, readNamespace } = makeCluster(api);

  async function all<T>(path: string, query: Record<string, string>, item: z.ZodType<T>): Promise<T[]> {
    const found: T[] = [];
    let next: string | undefined;
    do {
      const parameters = { ...query, limit: String(mostOnPage), ...(next !== undefined && { continue: next }) };
      const answer = await api.json({ method: 'GET', path: `${path}?${new URLSearchParams(parameters)}` });
      const page = pageOf(item).parse(answer);
      found.push(...page.items);
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
    return found;
  }

  return {
    readPod,
    listPods,
    eventsAbout,
    readNamespace,
    pullJobs: (namespace) =>
      all(`/apis/batch/v1/namespaces/${namespace}/jobs`, { labelSelector: `${marks.kind}=pull` }, jobSchema),
    ownEvents: async ({ namespace, podUid }) => {
      const about = podUid === undefined ? '' : `,involvedObject.uid=${podUid}`;
      const path = namespace === undefined ? '/api/v1/events' : `/api/v1/namespaces/${namespace}/events`;
      const events = await all(path, { fieldSelector: `source=image-rescue${about}` }, eventSchema);
      return events
        .filter(({ involvedObject }) => involvedObject.kind === 'Pod')
        .map(({ involvedObject, reason, type, message, count, lastTimestamp }) => ({
          podUid: involvedObject.uid ?? '',
          reason: reason ?? '',
          type: type ?? '',
          message: message ?? '',
          count: count ?? 1,
          at: Date.parse(lastTimestamp ?? '') || 0,
        }))
        .sort((a, b) => a.at - b.at);
    },
    lastLines: async (namespace, pod, container) => {
      const query = new URLSearchParams({ container, ...logTail });
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`;
      const chunks: Buffer[] = [];
      for await (const chunk of (await api.stream({ method: 'GET', path })) as AsyncIterable<Buffer>)
        chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    },
  };
}
