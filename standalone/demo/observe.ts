import pino from 'pino';
import type { Api } from '../../shared/cluster/api.ts';
import { podSchema } from '../../shared/pods/pod.ts';
import { allStatuses } from '../../shared/pods/stuck.ts';
import { marks } from '../../shared/pulls/name.ts';
import { pullEnded } from '../../shared/pulls/state.ts';
import { type Watched, watch } from '../watch.ts';
import type { Timeline } from './timeline.ts';

/**
 * Watches the rescue of one pod from outside the product, and notes when it sees each step. Resolves when the pod's
 * first container runs, or after `stop`.
 */
export async function observe(
  api: Api,
  pod: { namespace: string; name: string },
  pullNamespace: string,
  timeline: Timeline,
  stop: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const deps = {
    api,
    log: pino({ level: 'silent' }),
    stop: AbortSignal.any([stop, over.signal]),
    onGap: () => undefined,
  };
  const look = (watched: Watched, see: (object: unknown) => void) =>
    watch(watched, { ...deps, onChange: (_, object) => see(object) });
  const place = `/api/v1/namespaces/${pod.namespace}`;

  await Promise.all([
    look({ path: `${place}/events` }, (object) => {
      const { message, involvedObject } = object as { message?: string; involvedObject?: { name?: string } };
      if (involvedObject?.name === pod.name && message?.startsWith('Failed to pull image')) timeline.saw('failed');
    }),
    look({ path: `${place}/pods` }, (object) => {
      const seen = podSchema.parse(object);
      if (seen.metadata.name !== pod.name) return;
      const [status] = allStatuses(seen);
      if (status?.state?.waiting?.reason === 'ErrImagePull') timeline.saw('stuck');
      if (seen.metadata.annotations?.[marks.wake] !== undefined) timeline.saw('woken');
      if (status?.state?.running === undefined) return;
      timeline.saw('running');
      over.abort();
    }),
    look({ path: `/api/v1/namespaces/${pullNamespace}/pods`, labels: `${marks.kind}=pull` }, (object) => {
      const seen = podSchema.parse(object);
      if (seen.metadata.annotations?.[marks.askedBy] !== `${pod.namespace}/${pod.name}`) return;
      timeline.saw('submitted');
      if (allStatuses(seen).some(({ state }) => state?.running ?? state?.terminated)) timeline.saw('pulling');
      if (pullEnded(seen) !== undefined) timeline.saw('pulled');
    }),
  ]);
}
