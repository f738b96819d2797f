import { eventData } from '../../shared/events/data.ts';
import type { RescueEvent } from '../../shared/events/event.ts';
import { type Decision, type PodIdentity, pullsDecidedSchema } from '../../shared/events/types.ts';
import { readPull } from '../../shared/pulls/read.ts';
import type { RestoreDeps } from './deps.ts';
import { helpPod } from './rescue.ts';
import { whyNotStarted } from './why-not-started.ts';
import { delayedEvent, failedEvent, noMirrorEvent, refusedEvent, startedEvent } from './words.ts';

/** A pull that shows no life for this long, in milliseconds, is asked about. */
const patience = 30_000;

/** Tells a pod what was decided about its images, and wakes it where the image is there already. */
export async function tellDecisions(deps: RestoreDeps, event: RescueEvent): Promise<undefined> {
  const { pod, images } = eventData(event, pullsDecidedSchema);
  for (const { image, decision } of images) await tell(deps, pod, image, decision, event.id);
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
  const fresh = await cluster.readPod(namespace, name);
  if (fresh?.metadata.uid !== uid) return;
  const { job, state } = await readPull(cluster, config.pullNamespace, jobName);
  if (state.state === 'under way') return;
  const identity = { namespace, name, uid };
  if (state.state === 'failed') {
    const why = [state.why, job && (await whyNotStarted(cluster, config.pullNamespace, job))]
      .filter(Boolean)
      .join('. ');
    await cluster.writeEvent(failedEvent(identity, image, why, jobName, config.coolDown));
  } else if (state.result.way === 'none') {
    await cluster.writeEvent(noMirrorEvent(identity, image, state.result, jobName, config.coolDown));
  } else {
    await helpPod(deps, fresh, { job: jobName, image, result: state.result });
  }
}

async function tellDelay(
  { cluster, config }: RestoreDeps,
  pod: PodIdentity,
  image: string,
  jobName: string,
): Promise<void> {
  const { job, pod: pullPod } = await readPull(cluster, config.pullNamespace, jobName);
  const begun = pullPod?.status?.containerStatuses?.some(
    ({ state }) => state?.running !== undefined || state?.terminated !== undefined,
  );
  if (job === undefined || begun) return;
  const why = await whyNotStarted(cluster, config.pullNamespace, job);
  if (why !== '') await cluster.writeEvent(delayedEvent(pod, image, jobName, why));
}
