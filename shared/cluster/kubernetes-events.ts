import * as z from 'zod';
import type { PodIdentity } from '../events/types.ts';
import { marks } from '../pulls/name.ts';
import { clean } from '../words/clean.ts';
import { type Api, create, segment, unless } from './api.ts';

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

/** What image-rescue does with Kubernetes Events. Throws PermissionError, RetryableError. */
export interface KubernetesEvents {
  /** 'told': this occasion is new. 'known': it was told before. */
  writeEvent(event: KubernetesEvent): Promise<'told' | 'known'>;
  /** The oldest first. */
  eventsAbout(namespace: string, uid: string): Promise<ToldEvent[]>;
}

/** What Kubernetes takes for an Event's message, in bytes. */
const longestEvent = 1024;
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

export function kubernetesEvents(api: Api): KubernetesEvents {
  return {
    writeEvent: async ({ name, occasion, about, type, reason, message }) => {
      const { namespace, uid } = about;
      const now = new Date().toISOString();
      const path = `/api/v1/namespaces/${segment(namespace)}/events`;
      const said = { message: clean(message, longestEvent), lastTimestamp: now };
      const annotations = { [marks.occasion]: occasion };
      const made = await create(api, path, {
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
  };
}
