import { ownEvent, type RescueEvent } from '../../shared/events/event.ts';
import { eventTypes, type RescueReport } from '../../shared/events/types.ts';
import { type Pod, podName } from '../../shared/pods/pod.ts';
import { failure, type Job } from '../../shared/pulls/job.ts';
import { marks } from '../../shared/pulls/name.ts';
import { jobNameLabel, readPull } from '../../shared/pulls/read.ts';
import { type PullState, pullEnded } from '../../shared/pulls/state.ts';
import { nextNodeImage } from './decide.ts';
import type { RestoreDeps } from './deps.ts';
import { helpPod, podsWaiting } from './rescue.ts';
import { whyNotStarted } from './why-not-started.ts';
import { failedEvent, identity, noMirrorEvent } from './words.ts';

/** A change of one of our pull pods: its pull has ended, or it cannot get its own Node image. */
export async function pullPodChanged(deps: RestoreDeps, seen: Pod): Promise<RescueEvent | undefined> {
  const ended = pullEnded(seen);
  if (ended === undefined && nextNodeImage(seen) === undefined) return undefined;
  // The change before this one told the end; this is the route's.
  if (ended?.state === 'ended' && ended.result.way === 'route' && !ended.routeIsUp) return undefined;
  // The event says "look here"; the truth is in the cluster.
  const pod = await deps.cluster.readPod(deps.config.pullNamespace, seen.metadata.name);
  if (pod === undefined || pod.metadata.uid !== seen.metadata.uid || pod.metadata.labels?.[marks.kind] === undefined)
    return undefined;
  const state = pullEnded(pod);
  if (state === undefined) return useNextNodeImage(deps, pod);
  const image = pod.metadata.annotations?.[marks.image];
  const job = pod.metadata.labels?.[jobNameLabel];
  if (image === undefined || job === undefined || pod.spec.nodeName === undefined) return undefined;
  return attemptEnded(deps, { job, image, nodeName: pod.spec.nodeName, state });
}

/** A change of one of our Jobs: it failed, and its pod may have left no word of it. */
export async function jobFailed(deps: RestoreDeps, seen: Job): Promise<RescueEvent | undefined> {
  if (failure(seen) === undefined) return undefined;
  const { config, cluster } = deps;
  const { job, state } = await readPull(cluster, config.pullNamespace, seen.metadata.name);
  const image = job?.metadata.annotations?.[marks.image];
  const nodeName = job?.spec.template.spec.nodeName;
  // With a result, the pod's own change told it.
  if (
    job?.metadata.uid !== seen.metadata.uid ||
    image === undefined ||
    nodeName === undefined ||
    state.state !== 'failed'
  )
    return undefined;
  const why = [state.why, await whyNotStarted(cluster, config.pullNamespace, job)].filter(Boolean).join('. ');
  return attemptEnded(deps, { job: job.metadata.name, image, nodeName, state: { ...state, why } });
}

interface Attempt {
  readonly job: string;
  readonly image: string;
  readonly nodeName: string;
  readonly state: Exclude<PullState, { state: 'under way' }>;
}

async function attemptEnded(
  deps: RestoreDeps,
  { job, image, nodeName, state }: Attempt,
): Promise<RescueEvent | undefined> {
  const { cluster, config, log } = deps;
  const pods = await podsWaiting(deps, nodeName, image);
  const result =
    state.state === 'ended'
      ? state.result
      : { way: 'none' as const, already: false, milliseconds: 0, answers: [], error: state.why };
  const helped: string[] = [];
  await Promise.all(
    pods.map(async (pod) => {
      const acted =
        result.way === 'none'
          ? (await cluster.writeEvent(
              state.state === 'failed'
                ? failedEvent(identity(pod), image, state.why, job, config.coolDown)
                : noMirrorEvent(identity(pod), image, result, job, config.coolDown),
            )) === 'created'
          : await helpPod(deps, pod, { job, image, result });
      if (acted) helped.push(podName(pod));
    }),
  );
  // Nothing new: this change of the pull pod was not the one that mattered.
  if (helped.length === 0) return undefined;
  const { answers, error, ...rest } = result;
  const report: RescueReport = {
    ...rest,
    image,
    node: nodeName,
    seconds: result.milliseconds / 1000,
    pods: helped.sort(),
    answers,
  };
  const failed = result.way === 'none';
  log[failed ? 'warn' : 'info']({ ...report, ...(error && { error }) }, failed ? 'rescue failed' : 'image restored');
  return ownEvent('restore', failed ? eventTypes.rescueFailed : eventTypes.imageRestored, job, report);
}

/** The Node image comes through the mirrors like everything else: if one does not have it, the next is asked. */
async function useNextNodeImage({ cluster, log }: RestoreDeps, pod: Pod): Promise<undefined> {
  const image = nextNodeImage(pod);
  if (image === undefined) return undefined;
  const images = Object.fromEntries(pod.spec.containers.map(({ name }) => [name, image]));
  if ((await cluster.changeImages(pod, images)) === 'done')
    log.info({ pod: podName(pod), image }, 'Node image could not be pulled; trying the next address');
  return undefined;
}
