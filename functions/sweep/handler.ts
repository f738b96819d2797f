import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { ImageCaches } from '../../shared/cluster/image-caches.ts';
import type { Config } from '../../shared/config/config.ts';
import { eventData } from '../../shared/events/data.ts';
import { type Handler, ownEvent, type RescueEvent } from '../../shared/events/event.ts';
import {
  type CacheLeft,
  eventTypes,
  type ImageStuck,
  type PodWaits,
  type RouteLeft,
  type SweepScope,
  sweepScopeSchema,
} from '../../shared/events/types.ts';
import { cacheState } from '../../shared/fledged/state.ts';
import type { Log } from '../../shared/log/log.ts';
import { identity } from '../../shared/pods/pod.ts';
import { marks } from '../../shared/pulls/name.ts';
import { leftItsRoute } from '../../shared/pulls/state.ts';
import { decide } from '../detect/decide.ts';
import { longWaits } from './long-waits.ts';

export interface SweepDeps {
  readonly cluster: Pick<Cluster, 'listPods'>;
  /** With PULLER=kube-fledged. */
  readonly caches?: Pick<ImageCaches, 'list'>;
  readonly config: Pick<Config, 'pullNamespace' | 'hangAfter' | 'startDeadline' | 'pullDeadline'>;
  /** Where the findings go; one reply would not hold them all. */
  readonly send: (event: RescueEvent) => Promise<void>;
  readonly now: () => number;
  readonly log: Log;
}

/** Server-side filters: a waiting sweep is cheap; a full one also sees containers that are stuck on their restart. */
const fields: Record<SweepScope, string> = {
  waiting: 'status.phase=Pending',
  full: 'status.phase!=Succeeded,status.phase!=Failed',
};

/**
 * A ping in; image.stuck for every pod that waits for an image, pod.waits for those that do not begin, route.left for every
 * pull pod that left its route, cache.left for every ImageCache of ours of which nothing more is to come.
 */
export function sweep({ cluster, caches, config, send, now, log }: SweepDeps): Handler {
  const asked = longWaits(config);
  return async (event) => {
    const { scope } = eventData(event, sweepScopeSchema);
    const found: { stuck: ImageStuck; since: string }[] = [];
    const waiting: PodWaits[] = [];
    let pods = 0;
    for await (const pod of cluster.listPods({ fields: fields[scope] })) {
      pods += 1;
      const stuck = decide(pod, config.pullNamespace);
      if (stuck !== undefined) found.push({ stuck, since: pod.metadata.creationTimestamp ?? '' });
      else if (asked.isDue(pod, now())) waiting.push({ pod: identity(pod) });
    }
    // Slots are few: who has waited longest comes first.
    for (const { stuck } of found.sort((a, b) => a.since.localeCompare(b.since))) {
      const { namespace, name } = stuck.pod;
      // The time makes the id a new one: a broker that drops what it has seen must not drop a reminder.
      await send(ownEvent('sweep', eventTypes.imageStuck, `${namespace}/${name}@${now()}`, stuck));
    }
    for (const waits of waiting) {
      const { namespace, name } = waits.pod;
      await send(ownEvent('sweep', eventTypes.podWaits, `${namespace}/${name}@${now()}`, waits));
    }
    for await (const pod of cluster.listPods({ namespace: config.pullNamespace, labels: `${marks.kind}=pull` })) {
      if (!leftItsRoute(pod) || pod.spec.nodeName === undefined) continue;
      const { name, uid } = pod.metadata;
      const left: RouteLeft = { pullPod: name, uid, nodeName: pod.spec.nodeName };
      await send(ownEvent('sweep', eventTypes.routeLeft, name, left));
    }
    for (const cache of (await caches?.list()) ?? []) {
      if (cacheState(cache, config, now()).state === 'under way') continue;
      const left: CacheLeft = { name: cache.metadata.name };
      await send(ownEvent('sweep', eventTypes.cacheLeft, `${left.name}@${now()}`, left));
    }
    log.debug({ scope, pods, found: found.length }, 'swept');
    return undefined;
  };
}
