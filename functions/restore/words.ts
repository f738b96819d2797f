import type { Cause } from '../../shared/causes/classify.ts';
import type { KubernetesEvent } from '../../shared/cluster/kubernetes-events.ts';
import type { Config } from '../../shared/config/config.ts';
import type { Decision, PodIdentity } from '../../shared/events/types.ts';
import type { Elsewhere } from '../../shared/pods/elsewhere.ts';
import { hash, marks } from '../../shared/pulls/name.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import { clean, quote } from '../../shared/words/clean.ts';
import { advice } from './advice.ts';
import type { Blocked } from './why-it-waits.ts';

/** Bytes of an Event that one mirror's answer, and the failure itself, may take up. */
const [longestAnswer, longestError] = [150, 400];

/**
 * What is said on a pod. One Event for each pod, reason and subject, mostly an image; what is said again on another occasion
 * counts it up.
 */
function told(
  pod: PodIdentity,
  reason: string,
  { subject, occasion = '' }: { subject: string; occasion?: string },
  type: KubernetesEvent['type'],
  message: string,
): KubernetesEvent {
  return {
    name: `${pod.name.slice(0, 200).replace(/[^a-z0-9]+$/, '')}.${hash(pod.uid, reason, subject)}`,
    occasion,
    about: pod,
    type,
    reason,
    message,
  };
}

export function startedEvent(
  pod: PodIdentity,
  image: string,
  { job, mirrors, cache, fledged }: Extract<Decision, { state: 'submitted' }>,
  occasion: string,
  cause: Cause,
): KubernetesEvent {
  const order = mirrors.join(', then ');
  const by = cache === undefined ? `${order} (Job ${job})` : `${order} by kube-fledged (ImageCache ${cache})`;
  const after = fledged === undefined ? '' : `. kube-fledged was asked before and ended with ${fledged}`;
  const message = `Fetching ${image} for this node through ${by}${why(cause)}${after}.`;
  return told(
    pod,
    'ImageRescueStarted',
    { subject: cache === undefined ? image : `${image} ${cache}`, occasion },
    'Normal',
    message,
  );
}

function why(cause: Cause): string {
  return `${cause.helps === 'yes' ? '' : ' in the hope that it helps'}: ${cause.advice}`;
}

export function refusedEvent(pod: PodIdentity, image: string, why: string): KubernetesEvent {
  return told(
    pod,
    'ImageRescueRefused',
    { subject: image, occasion: why.slice(0, 200) },
    'Warning',
    `${image} is not rescued: ${why}.`,
  );
}

const whatThen = {
  'has started': 'Its kubelet pulled it by that route and the container runs under its own image name.',
  starts: 'The container starts under its own image name; nothing in its spec was changed.',
  'is pulled':
    "The kubelet pulls it by that route when its back-off ends (at most 5 minutes), because the container's imagePullPolicy asks it to.",
  'is looked at': 'It is a static pod, which cannot be woken; the kubelet starts it at its next look, within 15 s.',
} as const;

/** @param then what happens next */
export function rescuedEvent(
  pod: PodIdentity,
  image: string,
  result: PullResult,
  attempt: string,
  then: keyof typeof whatThen,
): KubernetesEvent {
  const seconds = (result.milliseconds / 1000).toFixed(1);
  const from = `${image} came through ${result.mirror ?? 'a mirror'} in ${seconds} s, digest ${result.digest ?? 'unknown'}, by ${result.way}.`;
  const already = `${image} is on this node already, digest ${result.digest ?? 'unknown'}.`;
  const message = `${result.already ? already : from} ${whatThen[then]}`;
  return told(pod, 'ImageRescued', { subject: image, occasion: attempt }, 'Normal', message);
}

/** @param near of the pod's own namespace; what runs in others is not its business, but for that it does */
export function differsEvent(
  pod: PodIdentity,
  image: string,
  digest: string,
  attempt: string,
  near: Elsewhere | undefined,
): KubernetesEvent {
  const where = near === undefined ? 'another node, in another namespace,' : `node ${near.node}`;
  const as = near === undefined ? 'something else' : near.digest;
  const message = `${image} came as ${digest}, and ${where} reports it as ${as}: the tag may have moved, or a mirror is behind. Name the image by its digest to have the same everywhere.`;
  return told(pod, 'ImageRescueDiffers', { subject: image, occasion: attempt }, 'Warning', message);
}

const noWord = 'its pull ended without a word';

/** What to do stands before what others said, which may be long: the end of a message is what is cut. */
export function failedEvent(
  pod: PodIdentity,
  image: string,
  { error = 'no mirror served it', answers }: Pick<PullResult, 'error' | 'answers'>,
  cause: Cause | undefined,
  { uid, job }: { uid: string; job: string },
  { coolDown, pullNamespace }: Pick<Config, 'coolDown' | 'pullNamespace'>,
): KubernetesEvent {
  const said = answers.map(({ mirror, answer }) => `${mirror}: ${quote(answer, longestAnswer)}`).join('; ');
  const sentences = [
    `${image} could not be rescued: ${clean(error || noWord, longestError).replace(/[.\s]+$/, '')}`,
    advice({ error, answers }),
    `It is tried again at the earliest ${coolDown} s after that (COOL_DOWN); sooner after kubectl delete job -n ${pullNamespace} ${job}`,
    cause && `The kubelet's own pull fails: ${cause.advice}`,
    said && `Mirrors answered: ${said}`,
  ];
  const message = `${sentences.filter(Boolean).join('. ')}.`;
  return told(pod, 'ImageRescueFailed', { subject: image, occasion: uid }, 'Warning', message);
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
    { subject: image, occasion: job.uid },
    'Warning',
    `The pull of ${image} (Job ${job.name}) has not started: ${why}. If it does not within START_DEADLINE, that is told here.`,
  );
}

export function cacheWaitsEvent(
  pod: PodIdentity,
  image: string,
  { name, why }: { name: string; why: string },
): KubernetesEvent {
  const message = `${image}: ImageCache ${name} is waited for; ${why}.`;
  return told(pod, 'ImageRescueDelayed', { subject: `${name} ${image} ${why}` }, 'Warning', message);
}

export function secretEvent(pod: PodIdentity, problem: string): KubernetesEvent {
  const message = `MIRROR_PULL_SECRET cannot be used: ${problem}. The mirrors were asked without credentials.`;
  return told(pod, 'ImageRescueSecretUnusable', { subject: problem }, 'Warning', message);
}

export function dryRunEvent(
  pod: PodIdentity,
  image: string,
  { mirrors, patch }: Extract<Decision, { state: 'dry run' }>,
): KubernetesEvent {
  const would = patch
    ? `would be replaced in the pod by its address at ${mirrors.join(', else at ')}`
    : `would be fetched through ${mirrors.join(', then ')}`;
  return told(pod, 'ImageRescueDryRun', { subject: image }, 'Normal', `DRY_RUN: ${image} ${would}. Nothing was done.`);
}

export function patchedEvent(
  pod: PodIdentity,
  image: string,
  images: Readonly<Record<string, string>>,
  why: string,
): KubernetesEvent {
  const changed = Object.entries(images).map(([container, address]) => `container ${container} now names ${address}`);
  const message = `${image}: ${changed.join(', ')}, because ${why}. What it named before stands in the annotation ${marks.originals}; its owner is unchanged.`;
  return told(pod, 'ImageRescuePatched', { subject: changed.join() }, 'Normal', message);
}

export function putBackEvent(
  pod: PodIdentity,
  image: string,
  images: Readonly<Record<string, string>>,
  why: string,
): KubernetesEvent {
  const message = `${image} is back in ${Object.keys(images).join(', ')}: no mirror's address for it could be pulled either. Check the mirrors, then make the pod anew. Last: ${why}.`;
  return told(pod, 'ImageRescuePutBack', { subject: image }, 'Warning', message);
}

export function waitsEvent(pod: PodIdentity, { kind, why }: Blocked): KubernetesEvent {
  return told(pod, 'ImageRescueBlocked', { subject: kind }, 'Warning', `Nothing can be pulled for this pod: ${why}.`);
}
