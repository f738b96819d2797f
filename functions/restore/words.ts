import type { Cause } from '../../shared/causes/classify.ts';
import type { KubernetesEvent } from '../../shared/cluster/cluster.ts';
import type { PodIdentity } from '../../shared/events/types.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { hash } from '../../shared/pulls/name.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import { quote } from '../../shared/words/clean.ts';

/** What is said of one image on a pod. The Event's name is made of pod, reason and occasion: the same is said once. */
function told(
  pod: PodIdentity,
  reason: string,
  occasion: string,
  type: KubernetesEvent['type'],
  message: string,
): KubernetesEvent {
  return {
    name: `${pod.name.slice(0, 200).replace(/[^a-z0-9]+$/, '')}.${hash(pod.uid, reason, occasion)}`,
    about: pod,
    type,
    reason,
    message,
  };
}

export function identity({ metadata: { namespace, name, uid } }: Pod): PodIdentity {
  return { namespace, name, uid };
}

export function startedEvent(
  pod: PodIdentity,
  image: string,
  job: string,
  mirrors: readonly string[],
  occasion: string,
  cause: Cause | undefined,
): KubernetesEvent {
  const order = mirrors.join(', then ');
  const message = `Fetching ${image} for this node through ${order} (Job ${job})${why(cause)}.`;
  return told(pod, 'ImageRescueStarted', occasion, 'Normal', message);
}

function why(cause: Cause | undefined): string {
  if (cause === undefined) return '';
  return `${cause.helps === 'yes' ? '' : ' in the hope that it helps'}: ${cause.advice}`;
}

export function refusedEvent(pod: PodIdentity, image: string, why: string): KubernetesEvent {
  return told(pod, 'ImageRescueRefused', `${image} ${why}`, 'Warning', `${image} is not rescued: ${why}.`);
}

export function rescuedEvent(
  pod: PodIdentity,
  image: string,
  result: PullResult,
  attempt: string,
  kubeletPulls: boolean,
): KubernetesEvent {
  const seconds = (result.milliseconds / 1000).toFixed(1);
  const from = `${image} came through ${result.mirror ?? 'a mirror'} in ${seconds} s, digest ${result.digest ?? 'unknown'}, by ${result.way}.`;
  const then = kubeletPulls
    ? " The kubelet pulls it by that route when its back-off ends (at most 5 minutes), because the container's imagePullPolicy asks it to."
    : ' The container starts under its own image name; nothing in its spec was changed.';
  const already = `${image} is on this node already, digest ${result.digest ?? 'unknown'}.`;
  return told(pod, 'ImageRescued', `${attempt} ${image}`, 'Normal', `${result.already ? already : from}${then}`);
}

export function noMirrorEvent(
  pod: PodIdentity,
  image: string,
  result: PullResult,
  attempt: string,
  coolDown: number,
): KubernetesEvent {
  const answers = result.answers.map(({ mirror, answer }) => `${mirror}: ${quote(answer)}`).join('; ');
  const why = [result.error, answers && `Mirrors answered: ${answers}`].filter(Boolean).join('. ');
  return failedEvent(pod, image, why || 'no mirror answered', attempt, coolDown);
}

export function failedEvent(
  pod: PodIdentity,
  image: string,
  why: string,
  attempt: string,
  coolDown: number,
): KubernetesEvent {
  const message = `${image} could not be rescued: ${why.replace(/[.\s]+$/, '')}. Tried again ${coolDown} s after that at the earliest.`;
  return told(pod, 'ImageRescueFailed', `${attempt} ${image}`, 'Warning', message);
}

export function delayedEvent(
  pod: PodIdentity,
  image: string,
  job: { name: string; uid: string },
  why: string,
): KubernetesEvent {
  return told(
    pod,
    'ImageRescueDelayed',
    `${job.uid} ${image}`,
    'Warning',
    `The pull of ${image} (Job ${job.name}) has not started: ${why}`,
  );
}
