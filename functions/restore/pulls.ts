import { ownEvent, type RescueEvent } from '../../shared/events/event.ts';
import { eventTypes, type RescueReport } from '../../shared/events/types.ts';
import { type Pod, podName } from '../../shared/pods/pod.ts';
import { failure, type Job } from '../../shared/pulls/job.ts';
import { attemptOf, marks } from '../../shared/pulls/name.ts';
import { jobNameLabel, jobUidLabel, readPull } from '../../shared/pulls/read.ts';
import { pullEnded } from '../../shared/pulls/state.ts';
import { anAttempt, type KnownAttempt, podsConcerned } from './attempt.ts';
import { withReason } from './decisions.ts';
import type { RestoreDeps } from './deps.ts';
import { nextNodeImage } from './node-image.ts';
import { tellEnd, tellStarted } from './rescue.ts';

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
  const uid = pod.metadata.labels?.[jobUidLabel];
  if (image === undefined || uid === undefined || pod.spec.nodeName === undefined) return undefined;
  return attemptEnded(deps, pod.metadata.annotations?.[marks.askedBy], {
    uid,
    node: pod.spec.nodeName,
    job: pod.metadata.labels?.[jobNameLabel] ?? '',
    ...attemptOf(pod.metadata.annotations),
    image,
    state,
  });
}

/** A change of one of our Jobs: it failed, and its pod may have left no word of it. */
export async function jobFailed(deps: RestoreDeps, seen: Job): Promise<RescueEvent | undefined> {
  if (failure(seen) === undefined) return undefined;
  const { config, cluster } = deps;
  const { job, state } = await readPull(cluster, config, seen.metadata.name, deps.now());
  if (job?.metadata.uid !== seen.metadata.uid) return undefined;
  const image = job.metadata.annotations?.[marks.image];
  const { nodeName } = job.spec.template.spec;
  // With a result, the pod's own change told it.
  if (image === undefined || nodeName === undefined || state.state !== 'failed') return undefined;
  return attemptEnded(deps, job.metadata.annotations?.[marks.askedBy], {
    uid: job.metadata.uid,
    node: nodeName,
    job: job.metadata.name,
    ...attemptOf(job.metadata.annotations),
    image,
    state: await withReason(deps, job, state),
  });
}

async function attemptEnded(
  deps: RestoreDeps,
  askedBy: string | undefined,
  known: KnownAttempt,
): Promise<RescueEvent | undefined> {
  const attempt = anAttempt(deps, known);
  const { node, image, state } = attempt;
  const { waiting, started } = await podsConcerned(deps, attempt, askedBy);
  const told: string[] = [];
  const tell = async (pod: Pod, say: typeof tellEnd) => {
    if (await say(deps, pod, attempt)) told.push(podName(pod));
  };
  const all = [...waiting.map((pod) => tell(pod, tellEnd)), ...started.map((pod) => tell(pod, tellStarted))];
  // What one pod's namespace refuses must not take the others' report away; its own next change looks again.
  for (const one of await Promise.allSettled(all)) {
    if (one.status !== 'rejected') continue;
    if (told.length === 0) throw one.reason;
    deps.log.warn({ image, why: (one.reason as Error).message }, 'a pod could not be told');
  }
  // Nothing new: this change of the pull pod was not the one that mattered.
  if (told.length === 0) return undefined;
  const result =
    state.state === 'ended' ? state.result : { way: 'none', milliseconds: 0, answers: [], error: state.why };
  const failed = result.way === 'none';
  const { milliseconds, ...rest } = result;
  const report: RescueReport = { ...rest, image, node, seconds: milliseconds / 1000, pods: told.sort() };
  deps.log[failed ? 'warn' : 'info'](report, failed ? 'rescue failed' : 'image restored');
  return ownEvent('restore', failed ? eventTypes.rescueFailed : eventTypes.imageRestored, attempt.uid, report);
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
