import { type Cause, unknownCause } from '../../shared/causes/classify.ts';
import { causeToldOf } from '../../shared/causes/of-events.ts';
import { causeOf } from '../../shared/causes/of-pod.ts';
import { eventData } from '../../shared/events/data.ts';
import type { RescueEvent } from '../../shared/events/event.ts';
import { type Decision, type PodIdentity, pullsDecidedSchema } from '../../shared/events/types.ts';
import { isLeftAlone } from '../../shared/pods/left-alone.ts';
import { identity, type Pod } from '../../shared/pods/pod.ts';
import { stuckContainers, wantedImage } from '../../shared/pods/stuck.ts';
import { attemptOf, marks } from '../../shared/pulls/name.ts';
import { readPull } from '../../shared/pulls/read.ts';
import { whyNotStarted } from '../../shared/pulls/why-not-started.ts';
import { anAttempt } from './attempt.ts';
import type { RestoreDeps } from './deps.ts';
import { patchOn } from './patch.ts';
import { tellEnd } from './rescue.ts';
import { cacheWaitsEvent, delayedEvent, dryRunEvent, refusedEvent, startedEvent } from './words.ts';

/** A pull that shows no life for this long, in milliseconds, is asked about. */
const patience = 30_000;

/** Tells a pod what was decided about its images, and wakes it where the image is there already. */
export async function tellDecisions(deps: RestoreDeps, event: RescueEvent): Promise<undefined> {
  const { pod: asked, images } = eventData(event, pullsDecidedSchema);
  // The event says "look here": a pod that is not there, or waits for none of this, is told nothing.
  const pod = await deps.cluster.readPod(asked.namespace, asked.name);
  if (pod?.metadata.uid !== asked.uid) return;
  if (isLeftAlone(pod, deps.config) || (await deps.isSkipped(pod.metadata.namespace))) return;
  const waiting = stuckContainers(pod).map(wantedImage);
  // One after the other: two wakes of one pod at once would only meet each other's conflict. And one image that cannot
  // be told must not keep the next from being helped.
  const failed: unknown[] = [];
  for (const { image, decision } of images.filter((one) => waiting.includes(one.image)))
    await tell(deps, pod, image, decision, `${event.id} ${image}`).catch((error: unknown) => failed.push(error));
  if (failed.length > 0) throw failed[0];
}

async function tell(deps: RestoreDeps, pod: Pod, image: string, decision: Decision, occasion: string): Promise<void> {
  const { cluster } = deps;
  switch (decision.state) {
    case 'submitted':
      await cluster.writeEvent(startedEvent(identity(pod), image, decision, occasion, await cause(deps, pod, image)));
      return;
    case 'refused':
      await cluster.writeEvent(refusedEvent(identity(pod), image, decision.why));
      return;
    case 'dry run':
      await cluster.writeEvent(dryRunEvent(identity(pod), image, decision));
      return;
    case 'patch':
      return deps.config.dryRun ? undefined : patchOn(deps, pod, image);
    case 'ready':
    case 'resting':
      return deps.config.dryRun ? undefined : tellEnded(deps, pod, image, decision.job);
    case 'under way':
      if (deps.now() - Date.parse(decision.since) <= patience) return;
      if (decision.cache !== undefined) await cluster.writeEvent(cacheWaitsEvent(identity(pod), image, decision.cache));
      else await tellDelay(deps, identity(pod), image, decision.job);
  }
}

/** The pod's status says it, on kubelets before 1.32 in a back-off only its kubelet's Events. */
async function cause({ cluster }: RestoreDeps, pod: Pod, image: string): Promise<Cause> {
  const { namespace, uid } = pod.metadata;
  return causeOf(pod, image) ?? causeToldOf(await cluster.eventsAbout(namespace, uid), image) ?? unknownCause;
}

async function tellEnded(deps: RestoreDeps, pod: Pod, image: string, jobName: string): Promise<void> {
  const { cluster, config } = deps;
  const { job, state } = await readPull(cluster, config, jobName, deps.now());
  if (job === undefined || state.state === 'under way') return;
  const { nodeName: node } = pod.spec;
  // Another image's Job, or another node's, says nothing about this pod.
  if (job.metadata.annotations?.[marks.image] !== image || node === undefined) return;
  if (job.spec.template.spec.nodeName !== node) return;
  const told = state.state === 'failed' ? await withReason(deps, job, state) : state;
  const { uid, annotations } = job.metadata;
  const known = { uid, job: jobName, ...attemptOf(annotations), node, image, state: told };
  await tellEnd(deps, pod, anAttempt(deps, known));
}

/** A failure without a word of its own, with Kubernetes' words. */
export async function withReason<T extends { why: string }>(
  { cluster, config }: RestoreDeps,
  job: Parameters<typeof whyNotStarted>[2],
  state: T,
): Promise<T> {
  const said = await whyNotStarted(cluster, config.pullNamespace, job);
  return { ...state, why: [state.why, said].filter(Boolean).join('; ') };
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
