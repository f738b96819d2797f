import { eventData } from '../../shared/events/data.ts';
import type { RescueEvent } from '../../shared/events/event.ts';
import { type Decision, type PodIdentity, pullsDecidedSchema } from '../../shared/events/types.ts';
import { readPull } from '../../shared/pulls/read.ts';
import type { RestoreDeps } from './deps.ts';
import { tellEnd } from './rescue.ts';
import { whyNotStarted } from './why-not-started.ts';
import { delayedEvent, refusedEvent, startedEvent } from './words.ts';

/** A pull that shows no life for this long, in milliseconds, is asked about. */
const patience = 30_000;

/** Tells a pod what was decided about its images, and wakes it where the image is there already. */
export async function tellDecisions(deps: RestoreDeps, event: RescueEvent): Promise<undefined> {
  const { pod, images } = eventData(event, pullsDecidedSchema);
  // One image that cannot be told must not keep the next from being helped.
  const told = await Promise.allSettled(
    images.map(({ image, decision }) => tell(deps, pod, image, decision, `${event.id} ${image}`)),
  );
  for (const one of told) if (one.status === 'rejected') throw one.reason;
}

async function tell(
  deps: RestoreDeps,
  pod: PodIdentity,
  image: string,
  decision: Decision,
  occasion: string,
): Promise<void> {
  const { cluster } = deps;
  switch (decision.state) {
    case 'submitted':
      await cluster.writeEvent(startedEvent(pod, image, decision.job, decision.mirrors, occasion));
      return;
    case 'refused':
      await cluster.writeEvent(refusedEvent(pod, image, decision.why));
      return;
    case 'ready':
    case 'resting':
      return tellEnded(deps, pod, image, decision.job);
    case 'under way':
      if (deps.now() - Date.parse(decision.since) > patience) await tellDelay(deps, pod, image, decision.job);
  }
}

async function tellEnded(
  deps: RestoreDeps,
  { namespace, name, uid }: PodIdentity,
  image: string,
  jobName: string,
): Promise<void> {
  const { cluster, config } = deps;
  const pod = await cluster.readPod(namespace, name);
  if (pod?.metadata.uid !== uid) return;
  const { job, state } = await readPull(cluster, config, jobName, deps.now());
  if (job === undefined || state.state === 'under way') return;
  const told = state.state === 'failed' ? await withReason(deps, job, state) : state;
  await tellEnd(deps, pod, { uid: job.metadata.uid, image, state: told });
}

/** A failure without a word of its own, with Kubernetes' words. */
export async function withReason<T extends { why: string }>(
  { cluster, config }: RestoreDeps,
  job: Parameters<typeof whyNotStarted>[2],
  state: T,
): Promise<T> {
  const said = await whyNotStarted(cluster, config.pullNamespace, job);
  return { ...state, why: [state.why, said].filter(Boolean).join('. ') };
}

async function tellDelay(
  { cluster, config, now }: RestoreDeps,
  pod: PodIdentity,
  image: string,
  jobName: string,
): Promise<void> {
  const { job, begun } = await readPull(cluster, config, jobName, now());
  if (job === undefined || begun) return;
  const why = await whyNotStarted(cluster, config.pullNamespace, job);
  if (why !== '') await cluster.writeEvent(delayedEvent(pod, image, job.metadata, why));
}
